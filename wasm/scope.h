// Oscilloscope data of a SID: the waveform of each voice, before the filter.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace c64 {

class Scope {
public:
    static constexpr unsigned voices = 3, framesPerPoint = 4;
    using Levels = std::array<int8_t, voices>;
    using Wave = std::vector<int8_t>;

    void enable(bool on);
    bool enabled() const { return enabled_; }

    // Records the voices' levels after the chip has produced `samples` more: once for each completed point.
    void follow(const Levels& levels, std::size_t samples);
    // Moves on to the points of the next `frames` samples.
    void turn(std::size_t frames);
    const Wave& shown(unsigned voice) const { return shown_[voice]; }

private:
    std::array<Wave, voices> waiting_, shown_;
    std::size_t made_ = 0, taken_ = 0;
    bool enabled_ = false;
};

}  // namespace c64
