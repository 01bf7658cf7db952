#include "cia_timer.h"

namespace c64 {

uint8_t CiaTimer::feed() const {
    return (counting() ? Count1 : 0) | (pulsed_ && running_ ? Count : 0) | (loadForced_ ? Load1 : 0) |
           (control_ & oneShot ? OneShot1 : 0);
}

bool CiaTimer::clock() {
    if (line_ & Count) --counter_;
    line_ = (line_ << 1 & (Count | Load | OneShot)) | feed();
    loadForced_ = pulsed_ = false;
    underflowed_ = counter_ == 0 && (line_ & Count);
    if (underflowed_) underflow();
    if (line_ & Load) {
        counter_ = latch_;
        line_ &= ~Count;
    }
    return underflowed_;
}

void CiaTimer::underflow() {
    line_ |= Load;
    toggle_ = (control_ & (portOn | portToggles)) == (portOn | portToggles) && !toggle_;
    if (!(line_ & (OneShot | OneShot1))) return;
    running_ = false;
    line_ &= ~Count1;
}

// Quiet is a timer that stands still, or that counts steadily and is some cycles from its underflow.
uint64_t CiaTimer::quietCycles() const {
    const uint8_t settled = control_ & oneShot ? OneShot1 | OneShot : 0;
    if (loadForced_ || pulsed_ || underflowed_) return 0;
    if (line_ == settled && !counting()) return forever;
    if (line_ == (settled | Count1 | Count) && counting() && counter_ > 1) return counter_ - 1;
    return 0;
}

void CiaTimer::skip(uint64_t cycles) {
    if (line_ & Count) counter_ -= cycles;
}

// A latch is copied to the counter while that is loaded, and its high byte also to a timer that stands still.
void CiaTimer::writeLatch(bool high, uint8_t value) {
    latch_ = high ? (latch_ & 0x00ff) | value << 8 : (latch_ & 0xff00) | value;
    if (line_ & Load) {
        counter_ = latch_;
    } else if (high && !running_) {
        line_ |= Load1;
    }
}

void CiaTimer::writeControl(uint8_t value, bool countsCycles) {
    if ((value & start) && !(control_ & start)) toggle_ = true;
    control_ = value & ~forceLoad;
    running_ = value & start;
    countsCycles_ = countsCycles;
    loadForced_ = value & forceLoad;
}

}  // namespace c64
