// CIA 6526: timers, time of day, serial register, ports, and their interrupt. Nothing is connected to it.
#pragma once

#include <array>

#include "cia_clock.h"
#include "cia_interrupt.h"
#include "cia_serial.h"
#include "cia_timer.h"

namespace c64 {

class Cia {
public:
    // The clock ticks with the mains, each `mainsPeriod` cycles.
    void reset(Cycle mainsPeriod, Cycle now);
    uint8_t read(uint8_t reg, Cycle now);
    void write(uint8_t reg, uint8_t value, Cycle now);

    // Advances to `now`; `line()` and `nextEvent()` then refer to that cycle.
    void update(Cycle now);
    const InterruptLine& line() const { return interrupt_.line(); }
    bool enabled() const { return interrupt_.enabled(); }
    // No later than the next cycle in which the line changes by itself.
    Cycle nextEvent() const;

private:
    uint64_t quietCycles() const;
    void skip(uint64_t cycles);
    void clock();
    void underflowA();
    void tickClock();
    uint8_t timersOnPort(uint8_t value) const;
    void writeControlA(uint8_t value);
    void writeControlB(uint8_t value);
    bool bCountsA() const { return b_.control() & 0x40; }

    std::array<uint8_t, 16> registers_{};
    CiaTimer a_, b_;
    CiaClock clock_;
    CiaSerial serial_;
    CiaInterrupt interrupt_;
    Cycle mainsPeriod_ = never, nextTick_ = never, now_ = 0;
};

}  // namespace c64
