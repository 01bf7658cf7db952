// The envelope generator of a SID voice, which moves from step to step instead of from cycle to cycle.
#pragma once

#include <cstdint>

namespace c64 {

class Envelope {
public:
    void gate(bool on);
    void writeAttackDecay(uint8_t value);
    void writeSustainRelease(uint8_t value);

    void advance(unsigned cycles);
    uint8_t level() const { return level_; }
    // Whether the level stays as it is until a register is written.
    bool holds() const { return stage_ != Stage::Attack && (level_ == 0 || (stage_ == Stage::Decay && level_ == sustain_)); }
    // No later than the next change of the level.
    unsigned untilChange() const { return holds() ? ~0u : untilStep(); }

private:
    enum class Stage : uint8_t { Attack, Decay, Release };

    unsigned untilStep() const;
    void enter(Stage stage);
    void aim();
    void step();
    void skipSteps(unsigned count);

    Stage stage_ = Stage::Release;
    bool gate_ = false;
    uint8_t attack_ = 0, decay_ = 0, sustain_ = 0, release_ = 0;
    uint8_t level_ = 0;
    uint8_t divider_ = 0, divisor_ = 1;  // slow the fall down, so that it looks exponential
    unsigned counter_ = 0, period_ = 9;  // cycles
};

}  // namespace c64
