// A line on which a chip asks for an interrupt, with the cycles at which it was pulled and released last.
#pragma once

#include <cstdint>
#include <limits>

namespace c64 {

using Cycle = uint64_t;
constexpr Cycle never = std::numeric_limits<Cycle>::max();

class InterruptLine {
public:
    void pull(Cycle now) {
        if (pulled()) return;
        pulledAt_ = now;
        releasedAt_ = never;
    }
    void release(Cycle now) {
        if (pulled()) releasedAt_ = now;
    }

    bool pulled() const { return pulledAt_ != never && releasedAt_ == never; }
    bool pulledIn(Cycle cycle) const { return pulledAt_ <= cycle && cycle < releasedAt_; }
    Cycle pulledAt() const { return pulledAt_; }

private:
    Cycle pulledAt_ = never, releasedAt_ = never;
};

}  // namespace c64
