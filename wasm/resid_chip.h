// A SID on reSIDfp: the sound to listen to.
#pragma once

#include <memory>

#include "SID.h"
#include "sid_chip.h"

namespace c64 {

class ResidChip : public SidChip {
public:
    void mute(uint8_t mask) override;

protected:
    float reset(ChipModel model, const Sound& sound, double clock, unsigned sampleRate) override;
    uint8_t load(uint8_t reg) override { return sid_->read(reg); }
    void store(uint8_t reg, uint8_t value) override { sid_->write(reg, value); }
    void sound(unsigned cycles, Samples& samples) override;
    void silence(unsigned cycles) override;
    Scope::Levels levels() override;

private:
    void settle();

    std::unique_ptr<reSIDfp::SID> sid_;
    uint8_t muted_ = 0;
};

}  // namespace c64
