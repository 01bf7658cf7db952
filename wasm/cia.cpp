#include "cia.h"

#include <algorithm>

namespace c64 {

namespace {
constexpr uint8_t flagA = 0x01, flagB = 0x02, anyFlag = 0x80;
constexpr uint8_t forceLoad = 0x10, start = 0x01;
constexpr uint8_t startDelay = 2;  // cycles from the write that starts a timer to its first count
}  // namespace

void Cia::reset(Cycle now) {
    *this = Cia();
    now_ = now;
}

// Counts down by `ticks` and returns the number of underflows. The latch follows 0, so a period is latch + 1.
uint64_t Cia::Timer::advance(uint64_t ticks) {
    if (!running()) return 0;
    if (ticks <= counter) {
        counter -= ticks;
        return 0;
    }
    ticks -= counter + 1u;
    if (oneShot()) {
        control &= ~start;
        counter = latch;
        return 1;
    }
    counter = latch - ticks % period();
    return 1 + ticks / period();
}

uint64_t Cia::Timer::advanceCycles(uint64_t cycles) {
    const auto waited = static_cast<uint8_t>(std::min<uint64_t>(wait, cycles));
    wait -= waited;
    return advance(cycles - waited);
}

void Cia::Timer::writeLatch(bool high, uint8_t value) {
    latch = high ? (latch & 0x00ff) | value << 8 : (latch & 0xff00) | value;
    if (high && !running()) counter = latch;
}

void Cia::Timer::writeControl(uint8_t value) {
    if (!running() && (value & start)) wait = startDelay;
    control = value & ~forceLoad;
    if (value & forceLoad) counter = latch;
}

void Cia::update(Cycle now) {
    const uint64_t ticks = now - now_;
    now_ = now;
    const uint64_t outA = a_.advanceCycles(ticks);
    const uint64_t outB = bCountsA() ? b_.advance(outA) : bCountsCycles() ? b_.advanceCycles(ticks) : 0;
    if (outA) flags_ |= flagA;
    if (outB) flags_ |= flagB;
}

// If timer B counts timer A's underflows, each of them is an event.
Cycle Cia::nextEvent() const {
    Cycle next = never;
    const bool chained = bCountsA() && b_.running() && (mask_ & flagB);
    if (a_.running() && ((mask_ & flagA) || chained)) next = now_ + a_.untilOut();
    if (b_.running() && bCountsCycles() && (mask_ & flagB)) next = std::min(next, now_ + b_.untilOut());
    return next;
}

uint8_t Cia::read(uint8_t reg, Cycle now) {
    update(now);
    switch (reg) {
        case 0x0: case 0x1: return 0xff;
        case 0x4: return a_.counter & 0xff;
        case 0x5: return a_.counter >> 8;
        case 0x6: return b_.counter & 0xff;
        case 0x7: return b_.counter >> 8;
        case 0xd: {
            const uint8_t flags = flags_ | (interrupts() ? anyFlag : 0);
            flags_ = 0;
            return flags;
        }
        case 0xe: return a_.control;
        case 0xf: return b_.control;
        default: return 0;
    }
}

void Cia::write(uint8_t reg, uint8_t value, Cycle now) {
    update(now);
    switch (reg) {
        case 0x4: case 0x5: return a_.writeLatch(reg == 0x5, value);
        case 0x6: case 0x7: return b_.writeLatch(reg == 0x7, value);
        case 0xd: mask_ = (value & anyFlag) ? mask_ | (value & 0x1f) : mask_ & ~value; return;
        case 0xe: return a_.writeControl(value);
        case 0xf: return b_.writeControl(value);
        default: return;
    }
}

}  // namespace c64
