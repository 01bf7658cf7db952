// The time of day of a CIA: tenths, seconds, minutes, and hours in BCD, with an alarm.
#pragma once

#include <array>
#include <cstdint>

namespace c64 {

class CiaClock {
public:
    // The mains ticks; returns whether the alarm goes off. A tenth has five or six ticks.
    bool tick(unsigned ticksPerTenth);

    // Reading the hours holds what is read until the tenths are read.
    uint8_t read(unsigned reg);
    // Writing the hours stops the clock until the tenths are written. Returns whether the alarm goes off.
    bool write(unsigned reg, uint8_t value, bool setsAlarm);

    bool running() const { return running_; }

private:
    enum Register : unsigned { Tenths, Seconds, Minutes, Hours };
    using Time = std::array<uint8_t, 4>;

    void advance();
    void advanceHour();

    Time time_{0, 0, 0, 1}, held_{}, alarm_{};
    uint8_t ticks_ = 0;
    bool running_ = false, holding_ = false;
};

}  // namespace c64
