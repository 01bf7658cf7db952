#include "envelope.h"

#include <array>

namespace c64 {

namespace {

// Cycles of a step for each value of attack, decay, and release.
constexpr std::array<unsigned, 16> periods{9,   32,  63,   95,   149,  220,   267,   313,
                                           392, 977, 1954, 3126, 3907, 11720, 19532, 31251};
constexpr unsigned counterRange = 0x8000;

unsigned divisorAt(uint8_t level) {
    if (level > 93) return 1;
    if (level > 54) return 2;
    if (level > 26) return 4;
    if (level > 14) return 8;
    if (level > 6) return 16;
    return level > 0 ? 30 : 1;
}

}  // namespace

void Envelope::gate(bool on) {
    if (on == gate_) return;
    gate_ = on;
    enter(on ? Stage::Attack : Stage::Release);
}

void Envelope::writeAttackDecay(uint8_t value) {
    attack_ = value >> 4;
    decay_ = value & 0x0f;
    aim();
}

void Envelope::writeSustainRelease(uint8_t value) {
    sustain_ = (value >> 4) * 0x11;
    release_ = value & 0x0f;
    aim();
}

void Envelope::enter(Stage stage) {
    stage_ = stage;
    aim();
}

void Envelope::aim() {
    period_ = periods[stage_ == Stage::Attack ? attack_ : stage_ == Stage::Decay ? decay_ : release_];
}

// A period that is set below the counter isn't reached before the counter has wrapped around: the ADSR bug.
unsigned Envelope::untilStep() const {
    return counter_ < period_ ? period_ - counter_ : counterRange - counter_ + period_;
}

void Envelope::advance(unsigned cycles) {
    for (unsigned left = untilStep(); cycles >= left; left = period_) {
        cycles -= left;
        counter_ = 0;
        step();
        if (!holds()) continue;
        skipSteps(cycles / period_);
        cycles %= period_;
    }
    counter_ = (counter_ + cycles) % counterRange;
}

void Envelope::skipSteps(unsigned count) { divider_ = static_cast<uint8_t>((divider_ + count) % divisor_); }

void Envelope::step() {
    if (stage_ == Stage::Attack) {
        divider_ = 0;
        if (++level_ == 0xff) enter(Stage::Decay);
    } else {
        if (++divider_ < divisor_) return;
        divider_ = 0;
        if (!holds()) --level_;
    }
    divisor_ = static_cast<uint8_t>(divisorAt(level_));
}

}  // namespace c64
