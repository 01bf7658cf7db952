// A SID's filter at the output's rate: a linear state-variable filter (Zavalishin, The Art of VA Filter Design, 4.4).
#pragma once

#include "sid_chip.h"

namespace c64 {

class SketchFilter {
public:
    void reset(ChipModel model, double sampleRate);
    // `cutoff` has 11 bits, `resonance` 4.
    void tune(unsigned cutoff, unsigned resonance);
    // The register of the volume: its bits 4 to 6 are low-pass, band-pass, and high-pass.
    void writeModes(uint8_t value);

    // Adds the filtered input to the output.
    void render(const float* in, unsigned count, float* out);
    bool rings() const { return low_ * low_ + band_ * band_ > 1e-9f; }

private:
    double cutoffOf(unsigned cutoff) const;
    double dampingOf(unsigned resonance) const;

    ChipModel model_ = ChipModel::Mos6581;
    double sampleRate_ = 1;
    float g_ = 0, damping_ = 1, a1_ = 1;
    float low_ = 0, band_ = 0;
    float gain_ = 1, lowPass_ = 0, bandPass_ = 0, highPass_ = 0;
};

}  // namespace c64
