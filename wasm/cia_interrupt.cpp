#include "cia_interrupt.h"

namespace c64 {

void CiaInterrupt::clock(Cycle now) {
    if (now == publishAt_) {
        flags_ = sinceRead_;
        publishAt_ = justRead(now) ? now + 1 : never;
        if (justRead(now)) sinceRead_ = 0;
    }
    if (now == raiseAt_) raise(now);
    if (now == releaseAt_) {
        line_.release(now);
        releaseAt_ = never;
    }
}

// In the cycle after a read the line stays released, and this interrupt is lost.
void CiaInterrupt::raise(Cycle now) {
    raiseAt_ = never;
    if (flags_ & requested) return;
    flags_ |= requested;
    if (!justRead(now)) line_.pull(now);
}

// An underflow of timer B in the cycle after a read interrupts, but leaves no flag.
void CiaInterrupt::happen(Source source, Cycle now) {
    if (source != TimerB || !justRead(now)) {
        flags_ |= source;
        sinceRead_ |= source;
    }
    if (mask_ & source) raiseAt(now + 1);
}

uint8_t CiaInterrupt::read(Cycle now) {
    const uint8_t value = flags_;
    flags_ &= requested;
    readAt_ = now;
    releaseAt_ = now + 1;
    if (publishAt_ == never) {
        publishAt_ = now + 2;
        sinceRead_ = 0;
    }
    return value;
}

void CiaInterrupt::writeMask(uint8_t value, Cycle now) {
    mask_ = value & 0x80 ? mask_ | (value & 0x1f) : mask_ & ~value;
    if (!justRead(now)) {
        if (flags_ & mask_) {
            raiseAt(now + 2);
        } else if (maskedAt_ + 1 == now) {
            raiseAt_ = never;
        }
    }
    maskedAt_ = now;
}

}  // namespace c64
