// What an oscilloscope shows of a SID: the wave of each of its voices, before the filter.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "voices.h"

namespace c64 {

class Scope {
public:
    static constexpr unsigned voices = voicesOfChip, framesPerPoint = 4;
    using Wave = std::vector<int8_t>;

    void enable(bool on);
    bool enabled() const { return enabled_; }

    // The chip has made `samples` more: look at its voices once for each point that these complete.
    void follow(reSIDfp::SID& sid, std::size_t samples);
    // Show the points of the next `frames` samples.
    void turn(std::size_t frames);
    const Wave& shown(unsigned voice) const { return shown_[voice]; }

private:
    std::array<Wave, voices> waiting_, shown_;
    std::size_t made_ = 0, taken_ = 0;
    bool enabled_ = false;
};

}  // namespace c64
