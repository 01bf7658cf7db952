#include "sketch_filter.h"

#include <algorithm>
#include <cmath>

namespace c64 {

namespace {

constexpr double pi = 3.14159265358979;
constexpr unsigned knotStep = 128;

// Hz at every 128th value of the cutoff register, measured with noise through reSIDfp's filters.
constexpr std::array<float, 17> knots6581{345,   476,   800,   1666,  2900,  5300,  7500,  9500, 11000,
                                          12300, 13300, 14000, 14500, 15000, 15500, 16000, 16500};
constexpr std::array<float, 17> knots8580{5,    890,  1790,  2720,  3700,  4700,  5700,  6700, 7700,
                                          8700, 9600, 10500, 11350, 12150, 12900, 13600, 14200};

}  // namespace

void SketchFilter::reset(ChipModel model, double sampleRate) {
    *this = SketchFilter();
    model_ = model;
    sampleRate_ = sampleRate;
    tune(0, 0);
}

double SketchFilter::cutoffOf(unsigned cutoff) const {
    const auto& knots = model_ == ChipModel::Mos6581 ? knots6581 : knots8580;
    const unsigned knot = cutoff / knotStep;
    const float part = static_cast<float>(cutoff % knotStep) / knotStep;
    return knots[knot] + (knots[knot + 1] - knots[knot]) * part;
}

double SketchFilter::dampingOf(unsigned resonance) const {
    if (model_ == ChipModel::Mos6581) return (20.4 - resonance) / 10.7;
    return 1.06 * std::exp2((4.0 - resonance) / 8);
}

void SketchFilter::tune(unsigned cutoff, unsigned resonance) {
    const double relative = std::min(cutoffOf(cutoff) / sampleRate_, 0.45);
    g_ = static_cast<float>(std::sin(pi * relative) / std::cos(pi * relative));
    damping_ = static_cast<float>(dampingOf(resonance));
    a1_ = 1 / (1 + g_ * (g_ + damping_));
    gain_ = model_ == ChipModel::Mos6581 ? 0.65f + 0.012f * static_cast<float>(resonance) : 1;
}

// Each state is a sum of what came before, so that a sample waits for one multiplication and two additions only.
void SketchFilter::render(const float* in, unsigned count, float* out) {
    const float g = g_, byBand = a1_, byLow = -a1_ * g, byInput = a1_ * g;
    const float keptBand = 2 * byBand - 1, keptLow = 1 + 2 * g * byLow;
    const float lowGain = gain_ * (lowPass_ - highPass_);
    const float bandGain = lowGain * g + gain_ * (bandPass_ - highPass_ * damping_), inputGain = gain_ * highPass_;
    float band = band_, low = low_;
    for (unsigned i = 0; i < count; ++i) {
        const float passed = byInput * in[i];
        out[i] += bandGain * (passed + byBand * band + byLow * low) + lowGain * low + inputGain * in[i];
        const float nextBand = 2 * passed + 2 * byLow * low + keptBand * band;
        low = 2 * g * passed + 2 * g * byBand * band + keptLow * low;
        band = nextBand;
    }
    band_ = band;
    low_ = low;
}

void SketchFilter::writeModes(uint8_t value) {
    lowPass_ = value & 0x10 ? 1 : 0;
    bandPass_ = value & 0x20 ? 1 : 0;
    highPass_ = value & 0x40 ? 1 : 0;
}

}  // namespace c64
