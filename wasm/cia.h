// CIA 6526: two timers and their interrupt. Ports read as if nothing is connected.
#pragma once

#include <cstdint>
#include <limits>

namespace c64 {

using Cycle = uint64_t;
constexpr Cycle never = std::numeric_limits<Cycle>::max();

class Cia {
public:
    void reset(Cycle now);
    uint8_t read(uint8_t reg, Cycle now);
    void write(uint8_t reg, uint8_t value, Cycle now);

    // Advances the timers to `now`; `interrupts()` and `nextEvent()` then refer to that cycle.
    void update(Cycle now);
    bool interrupts() const { return flags_ & mask_ & 0x1f; }
    bool enabled() const { return mask_ & 0x1f; }
    Cycle nextEvent() const;

private:
    struct Timer {
        uint16_t latch = 0xffff;
        uint32_t counter = 0xffff;
        uint8_t control = 0;
        uint8_t wait = 0;  // cycles before the first count

        bool running() const { return control & 0x01; }
        bool oneShot() const { return control & 0x08; }
        uint32_t period() const { return latch + 1u; }
        uint32_t untilOut() const { return wait + counter + 1u; }
        uint64_t advanceCycles(uint64_t cycles);
        uint64_t advance(uint64_t ticks);
        void writeLatch(bool high, uint8_t value);
        void writeControl(uint8_t value);
    };

    bool bCountsA() const { return (b_.control & 0x60) == 0x40 || (b_.control & 0x60) == 0x60; }
    bool bCountsCycles() const { return (b_.control & 0x60) == 0; }

    Timer a_, b_;
    uint8_t flags_ = 0, mask_ = 0;
    Cycle now_ = 0;
};

}  // namespace c64
