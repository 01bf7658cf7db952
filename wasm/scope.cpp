#include "scope.h"

#include <algorithm>

namespace c64 {

void Scope::enable(bool on) {
    enabled_ = on;
    made_ = taken_ = 0;
    for (unsigned i = 0; i < voices; ++i) {
        waiting_[i].clear();
        shown_[i].clear();
    }
}

void Scope::follow(const Levels& levels, std::size_t samples) {
    const std::size_t points = (made_ + samples) / framesPerPoint - made_ / framesPerPoint;
    made_ += samples;
    for (unsigned i = 0; points && i < voices; ++i) {
        waiting_[i].insert(waiting_[i].end(), points, levels[i]);
    }
}

void Scope::turn(std::size_t frames) {
    const std::size_t points = (taken_ + frames) / framesPerPoint - taken_ / framesPerPoint;
    taken_ += frames;
    for (unsigned i = 0; i < voices; ++i) {
        const auto end = waiting_[i].begin() + static_cast<std::ptrdiff_t>(std::min(points, waiting_[i].size()));
        shown_[i].assign(waiting_[i].begin(), end);
        waiting_[i].erase(waiting_[i].begin(), end);
    }
}

}  // namespace c64
