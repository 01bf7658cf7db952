// One of a CIA's two timers, to the cycle: what a register starts passes through a delay line before it counts.
#pragma once

#include <cstdint>
#include <limits>

namespace c64 {

class CiaTimer {
public:
    static constexpr uint64_t forever = std::numeric_limits<uint64_t>::max() / 2;

    // Runs one cycle; returns whether the timer underflows in it.
    bool clock();
    // Runs `cycles` at once, at most `quietCycles()`.
    void skip(uint64_t cycles);
    // For how many cycles nothing happens but counting.
    uint64_t quietCycles() const;

    // Lets the timer count once, in the next cycle.
    void pulse() { pulsed_ = true; }

    void writeLatch(bool high, uint8_t value);
    // `countsCycles`: and not the pulses of CNT or of the other timer.
    void writeControl(uint8_t value, bool countsCycles);

    uint16_t counter() const { return counter_; }
    uint8_t control() const { return (control_ & ~start) | running_; }
    bool running() const { return running_; }
    bool drivesPort() const { return control_ & portOn; }
    // The level of the port line that the timer drives.
    bool portLevel() const { return (control_ & portToggles) ? toggle_ : underflowed_; }

private:
    static constexpr uint8_t start = 0x01, portOn = 0x02, portToggles = 0x04, oneShot = 0x08, forceLoad = 0x10;

    // The delay line: each cycle, a bit moves to the next place.
    enum Line : uint8_t { Count1 = 0x01, Count = 0x02, Load1 = 0x04, Load = 0x08, OneShot1 = 0x10, OneShot = 0x20 };

    bool counting() const { return running_ && countsCycles_; }
    uint8_t feed() const;
    void underflow();

    uint16_t latch_ = 0xffff, counter_ = 0xffff;
    uint8_t control_ = 0, line_ = 0;
    bool running_ = false, countsCycles_ = true, loadForced_ = false, pulsed_ = false;
    bool toggle_ = false, underflowed_ = false;
};

}  // namespace c64
