#include "sketch_chip.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace c64 {

// The levels of a model, measured with reSIDfp.
struct Analog {
    std::array<float, 256> envelope;  // of a waveform from peak to peak
    std::array<float, 16> volume;
    // What the volume register makes audible: by the number of filtered voices and the filter's modes.
    std::array<std::array<float, 8>, 4> offset;
};

namespace {

constexpr double pi2 = 6.28318530717959;
constexpr double boardLowPass = 13500, boardHighPass = 1.6;  // Hz; the first also stands in for the resampler's

enum VoiceRegister : uint8_t { FrequencyLow, FrequencyHigh, PulseLow, PulseHigh, Control, AttackDecay, SustainRelease, VoiceRegisters };
enum ChipRegister : uint8_t { CutoffLow = 0x15, CutoffHigh, Resonance, Oscillator3 = 0x1b, Envelope3 };

// The weights of the bits of the converter that an envelope goes through.
using Weights = std::array<float, 8>;
constexpr Weights weights6581{0.0061f, 0.0114f, 0.0213f, 0.039f, 0.073f, 0.1316f, 0.2467f, 0.476f};
constexpr Weights weights8580{0.0039f, 0.0078f, 0.0157f, 0.0314f, 0.0627f, 0.1255f, 0.251f, 0.502f};

float converted(unsigned level, const Weights& weights) {
    float sum = 0;
    for (unsigned bit = 0; bit < weights.size(); ++bit) sum += level >> bit & 1 ? weights[bit] : 0;
    return sum;
}

using Offsets = std::array<std::array<float, 8>, 4>;
constexpr Offsets offsets6581{{{0.2891f, 0.2319f, 0.2319f, 0.1849f, 0.2319f, 0.1849f, 0.1849f, 0.1460f},
                               {0.2485f, 0.1464f, 0.2000f, 0.1121f, 0.1906f, 0.1039f, 0.1516f, 0.0764f},
                               {0.2001f, 0.0474f, 0.1622f, 0.0274f, 0.1419f, 0.0097f, 0.1126f, -0.0052f},
                               {0.1400f, -0.0727f, 0.1163f, -0.0701f, 0.0829f, -0.0958f, 0.0653f, -0.0907f}}};
constexpr Offsets offsets8580{{{-0.0254f, -0.0252f, -0.0253f, -0.0251f, -0.0253f, -0.0251f, -0.0251f, -0.0251f},
                               {-0.0191f, -0.0126f, -0.0189f, -0.0123f, -0.0188f, -0.0124f, -0.0186f, -0.0122f},
                               {-0.0128f, 0.0005f, -0.0125f, 0.0008f, -0.0125f, 0.0008f, -0.0122f, 0.0011f},
                               {-0.0064f, 0.0135f, -0.0059f, 0.0139f, -0.0061f, 0.0137f, -0.0056f, 0.0140f}}};

Analog makeAnalog(float voice, const Weights& weights, float bend, const Offsets& offsets) {
    Analog analog{{}, {}, offsets};
    for (unsigned i = 0; i < 256; ++i) analog.envelope[i] = voice * converted(i, weights);
    for (unsigned i = 0; i < 16; ++i) {
        const float volume = static_cast<float>(i) / 15;
        analog.volume[i] = volume * (1 + bend * (1 - volume));
    }
    return analog;
}

const Analog& analogOf(ChipModel model) {
    static const std::array models{makeAnalog(0.189f, weights6581, 0.168f, offsets6581), makeAnalog(0.0938f, weights8580, 0, offsets8580)};
    return models[model != ChipModel::Mos6581];
}

}  // namespace

float SketchChip::reset(ChipModel model, const Sound&, double clock, unsigned sampleRate) {
    model_ = model;
    analog_ = &analogOf(model);
    cyclesPerSample_ = clock / sampleRate;
    pending_ = 0;
    for (Voice& voice : voices_) {
        voice.envelope = Envelope();
        voice.oscillator.reset(model, cyclesPerSample_);
    }
    filter_.reset(model, sampleRate);
    volume_ = 1;
    volumeRest_ = 0;
    smooth_ = following_ = source_ = analog_->offset[0][0];
    smoothing_ = static_cast<float>(1 - std::exp(-pi2 * boardLowPass / sampleRate));
    followingPart_ = static_cast<float>(1 - std::exp(-pi2 * boardHighPass / sampleRate));
    bus_ = 0;
    return 1;
}

uint8_t SketchChip::load(uint8_t reg) {
    if (reg == Oscillator3) bus_ = voices_[2].oscillator.output(sourceOf(2), pending_) >> 4;
    if (reg == Envelope3) bus_ = voices_[2].envelope.level();
    return bus_;
}

void SketchChip::store(uint8_t reg, uint8_t value) {
    bus_ = value;
    if (reg < voices * VoiceRegisters) return storeVoice(reg / VoiceRegisters, reg % VoiceRegisters, value);
    if (reg == volumeRegister) return storeVolume(value);
    if (reg > Resonance) return;
    aimSource();
    filter_.tune(registers()[CutoffHigh] << 3 | (registers()[CutoffLow] & 7), registers()[Resonance] >> 4);
}

void SketchChip::storeVoice(unsigned voice, unsigned reg, uint8_t value) {
    auto& [oscillator, envelope] = voices_[voice];
    const uint8_t* const values = &registers()[voice * VoiceRegisters];
    switch (reg) {
        case FrequencyLow: case FrequencyHigh:
            return oscillator.writeFrequency(static_cast<uint16_t>(values[FrequencyLow] | values[FrequencyHigh] << 8));
        case PulseLow: case PulseHigh:
            return oscillator.writePulseWidth(static_cast<uint16_t>(values[PulseLow] | values[PulseHigh] << 8));
        case Control:
            oscillator.writeControl(value);
            return envelope.gate(value & 1);
        case AttackDecay: return envelope.writeAttackDecay(value);
        default: return envelope.writeSustainRelease(value);
    }
}

// The sample in which the volume changes gets the mean of both.
void SketchChip::storeVolume(uint8_t value) {
    const float volume = analog_->volume[value & 0x0f];
    volumeRest_ += (volume_ - volume) * static_cast<float>(pending_ / cyclesPerSample_);
    volume_ = volume;
    filter_.writeModes(value);
    aimSource();
}

void SketchChip::aimSource() {
    const auto filtered = static_cast<unsigned>(std::popcount(registers()[Resonance] & 7u));
    source_ = analog_->offset[filtered][registers()[volumeRegister] >> 4 & 7];
}

SketchChip::Block SketchChip::take(unsigned cycles) {
    const double firstEnd = cyclesPerSample_ - pending_;
    pending_ += cycles;
    const auto samples = static_cast<unsigned>(pending_ / cyclesPerSample_);
    pending_ -= samples * cyclesPerSample_;
    return {cycles, samples, firstEnd};
}

void SketchChip::commit() {
    for (Voice& voice : voices_) voice.oscillator.commit();
}

void SketchChip::silence(unsigned cycles) {
    const Block block = take(cycles);
    for (Voice& voice : voices_) {
        voice.oscillator.skip(block.samples);
        voice.envelope.advance(cycles);
    }
    commit();
}

void SketchChip::sound(unsigned cycles, Samples& samples) {
    const Block block = take(cycles);
    Wave direct, filtered;
    std::fill_n(direct.begin(), block.samples, 0.0f);
    std::fill_n(filtered.begin(), block.samples, 0.0f);
    for (unsigned i = 0; i < voices; ++i) addVoice(i, block, isFiltered(i) ? filtered : direct);
    commit();
    if ((registers()[Resonance] & 7) || filter_.rings()) {
        for (unsigned i = 0; i < block.samples; ++i) direct[i] += filter_.clock(filtered[i]);
    }
    for (unsigned i = 0; i < block.samples; ++i) direct[i] = amplify(direct[i]);
    samples.insert(samples.end(), direct.begin(), direct.begin() + block.samples);
}

bool SketchChip::isHeard(unsigned voice) const {
    const bool off = voice == 2 && (registers()[volumeRegister] & 0x80) && !isFiltered(voice);
    return !off && !(muted_ >> voice & 1);
}

void SketchChip::addVoice(unsigned voice, const Block& block, Wave& sum) {
    auto& [oscillator, envelope] = voices_[voice];
    if (!isHeard(voice) || (envelope.level() == 0 && envelope.holds())) {
        oscillator.skip(block.samples);
        return envelope.advance(block.cycles);
    }
    Wave wave;
    oscillator.render(sourceOf(voice), block.samples, wave.data());
    addEnveloped(envelope, block, wave, sum);
}

// Goes from step to step of the envelope, or from sample to sample where its steps are shorter.
void SketchChip::addEnveloped(Envelope& envelope, const Block& block, const Wave& wave, Wave& sum) const {
    unsigned now = 0;
    for (unsigned i = 0; i < block.samples;) {
        const double next = now + static_cast<double>(envelope.untilChange());
        const double last = std::min((next - block.firstEnd) / cyclesPerSample_, block.samples - 1.0);
        const float level = analog_->envelope[envelope.level()];
        do {
            sum[i] += wave[i] * level;
        } while (++i <= last);
        const auto end = static_cast<unsigned>(block.firstEnd + (i - 1) * cyclesPerSample_);
        envelope.advance(end - now);
        now = end;
    }
    envelope.advance(block.cycles - now);
}

// The volume, which is also a source of sound, and the board's two filters.
float SketchChip::amplify(float in) {
    const float out = (in + source_) * (volume_ + volumeRest_);
    volumeRest_ = 0;
    smooth_ += smoothing_ * (out - smooth_);
    following_ += followingPart_ * (smooth_ - following_);
    return smooth_ - following_;
}

Scope::Levels SketchChip::levels() {
    Scope::Levels levels;
    for (unsigned i = 0; i < voices; ++i) {
        const int wave = static_cast<int>(voices_[i].oscillator.output(sourceOf(i), pending_) >> 4) - 128;
        levels[i] = static_cast<int8_t>(wave * voices_[i].envelope.level() / 255);
    }
    return levels;
}

}  // namespace c64
