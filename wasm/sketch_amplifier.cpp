#include "sketch_amplifier.h"

#include <algorithm>
#include <cmath>

namespace c64 {

namespace {

constexpr double pi2 = 6.28318530717959;
constexpr double boardLowPass = 13500, boardHighPass = 1.6;  // Hz; the first also stands in for the resampler's

// Measured with reSIDfp.
constexpr SketchAmplifier::Offsets offsets6581{{{0.2891f, 0.2319f, 0.2319f, 0.1849f, 0.2319f, 0.1849f, 0.1849f, 0.1460f},
                                                {0.2485f, 0.1464f, 0.2000f, 0.1121f, 0.1906f, 0.1039f, 0.1516f, 0.0764f},
                                                {0.2001f, 0.0474f, 0.1622f, 0.0274f, 0.1419f, 0.0097f, 0.1126f, -0.0052f},
                                                {0.1400f, -0.0727f, 0.1163f, -0.0701f, 0.0829f, -0.0958f, 0.0653f, -0.0907f}}};
constexpr SketchAmplifier::Offsets offsets8580{{{-0.0254f, -0.0252f, -0.0253f, -0.0251f, -0.0253f, -0.0251f, -0.0251f, -0.0251f},
                                                {-0.0191f, -0.0126f, -0.0189f, -0.0123f, -0.0188f, -0.0124f, -0.0186f, -0.0122f},
                                                {-0.0128f, 0.0005f, -0.0125f, 0.0008f, -0.0125f, 0.0008f, -0.0122f, 0.0011f},
                                                {-0.0064f, 0.0135f, -0.0059f, 0.0139f, -0.0061f, 0.0137f, -0.0056f, 0.0140f}}};

// The converter of a 6581 isn't linear.
float gainOf(ChipModel model, unsigned volume) {
    const float bend = model == ChipModel::Mos6581 ? 0.168f : 0;
    const float linear = static_cast<float>(volume) / 15;
    return linear * (1 + bend * (1 - linear));
}

}  // namespace

void SketchAmplifier::reset(ChipModel model, double sampleRate, double cyclesPerSample) {
    *this = SketchAmplifier();
    model_ = model;
    offsets_ = model == ChipModel::Mos6581 ? &offsets6581 : &offsets8580;
    cyclesPerSample_ = cyclesPerSample;
    aim(0, 0);
    smooth_ = following_ = source_;
    smoothing_ = static_cast<float>(1 - std::exp(-pi2 * boardLowPass / sampleRate));
    followingPart_ = static_cast<float>(1 - std::exp(-pi2 * boardHighPass / sampleRate));
}

void SketchAmplifier::aim(unsigned filteredVoices, unsigned filterModes) { source_ = (*offsets_)[filteredVoices][filterModes]; }

void SketchAmplifier::render(const SketchBlock& block, float* samples) {
    unsigned done = 0;
    for (const Write& write : writes_) {
        if (write.cycles > block.cycles) break;
        const double at = 1 + (static_cast<double>(write.cycles) - block.firstEnd) / cyclesPerSample_;
        const auto whole = std::min(static_cast<unsigned>(at), block.samples);
        render(samples + done, samples + whole);
        done = whole;
        apply(write, at - whole);
    }
    render(samples + done, samples + block.samples);
    forget(block);
}

void SketchAmplifier::skip(const SketchBlock& block) {
    for (const Write& write : writes_) {
        if (write.cycles <= block.cycles) apply(write, 0);
    }
    forget(block);
}

// The sample in which the volume changes, after some part of it, gets the mean of both.
void SketchAmplifier::apply(const Write& write, double part) {
    const float volume = gainOf(model_, write.volume);
    volumeRest_ += (volume_ - volume) * static_cast<float>(part);
    volume_ = volume;
}

void SketchAmplifier::forget(const SketchBlock& block) {
    if (writes_.empty()) return;
    std::erase_if(writes_, [&](const Write& write) { return write.cycles <= block.cycles; });
    for (Write& write : writes_) write.cycles -= block.cycles;
}

void SketchAmplifier::render(float* from, const float* to) {
    if (from == to) return;
    float smooth = smooth_, following = following_;
    // Written so that each sample waits for as little as possible of the one before.
    const float smoothRest = 1 - smoothing_, followingRest = 1 - followingPart_;
    const auto step = [&](float& sample, float input) {
        smooth = smoothRest * smooth + input;
        following = followingRest * following + followingPart_ * smooth;
        sample = smooth - following;
    };
    const float gain = smoothing_ * volume_, constant = gain * source_;
    step(*from, smoothing_ * (volume_ + volumeRest_) * (*from + source_));
    for (++from; from != to; ++from) step(*from, gain * *from + constant);
    volumeRest_ = 0;
    smooth_ = smooth;
    following_ = following;
}

}  // namespace c64
