#include "cia_clock.h"

namespace c64 {

namespace {

constexpr uint8_t afternoon = 0x80;
constexpr std::array<uint8_t, 4> writable{0x0f, 0x7f, 0x7f, 0x9f};

// Counts in BCD as the chip does, digit by digit; returns whether the number wraps at 60.
bool countToSixty(uint8_t& number) {
    uint8_t ones = (number + 1) & 0x0f, tens = number >> 4;
    if (ones == 10) {
        ones = 0;
        tens = (tens + 1) & 0x07;
    }
    const bool wraps = ones == 0 && tens == 6;
    number = wraps ? 0 : tens << 4 | ones;
    return wraps;
}

}  // namespace

bool CiaClock::tick(unsigned ticksPerTenth) {
    ticks_ = (ticks_ + 1) & 7;
    if (ticks_ != ticksPerTenth) return false;
    ticks_ = 0;
    advance();
    return time_ == alarm_;
}

void CiaClock::advance() {
    time_[Tenths] = (time_[Tenths] + 1) & 0x0f;
    if (time_[Tenths] != 10) return;
    time_[Tenths] = 0;
    if (countToSixty(time_[Seconds]) && countToSixty(time_[Minutes])) advanceHour();
}

// 11 is followed by 12 of the other half of the day, 12 by 1.
void CiaClock::advanceHour() {
    const uint8_t half = time_[Hours] & afternoon, hour = time_[Hours] & 0x1f;
    switch (hour) {
        case 0x09: time_[Hours] = half | 0x10; break;
        case 0x11: time_[Hours] = (half ^ afternoon) | 0x12; break;
        case 0x12: time_[Hours] = half | 0x01; break;
        default: time_[Hours] = half | (hour & 0x10) | ((hour + 1) & 0x0f);
    }
}

uint8_t CiaClock::read(unsigned reg) {
    if (!holding_) held_ = time_;
    if (reg == Hours) holding_ = true;
    if (reg == Tenths) holding_ = false;
    return held_[reg];
}

// 12 written as the time comes out in the other half of the day.
bool CiaClock::write(unsigned reg, uint8_t value, bool setsAlarm) {
    value &= writable[reg];
    if (!setsAlarm) {
        if (reg == Hours && (value & 0x1f) == 0x12) value ^= afternoon;
        if (reg == Tenths && !running_) ticks_ = 0;
        if (reg == Tenths || reg == Hours) running_ = reg == Tenths;
    }
    uint8_t& byte = (setsAlarm ? alarm_ : time_)[reg];
    const bool changed = byte != value;
    byte = value;
    return changed && time_ == alarm_;
}

}  // namespace c64
