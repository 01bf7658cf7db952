#include "cia_serial.h"

namespace c64 {

namespace {
constexpr unsigned halvesOfByte = 16;
constexpr Cycle delay = 4;  // from the underflow to the interrupt's flag
}  // namespace

void CiaSerial::load() {
    if (loaded_) waiting_ = true;
    loaded_ = true;
}

void CiaSerial::switchDirection() {
    loaded_ = waiting_ = false;
    halves_ = 0;
}

// The last half has the same level as the line at rest, so the byte is complete before it.
void CiaSerial::shift(Cycle now) {
    if (loaded_ && !halves_) halves_ = halvesOfByte;
    if (!halves_ || --halves_ != 1) return;
    doneAt_ = now + delay;
    loaded_ = waiting_;
    waiting_ = false;
}

bool CiaSerial::done(Cycle now) {
    if (now != doneAt_) return false;
    doneAt_ = never;
    return true;
}

}  // namespace c64
