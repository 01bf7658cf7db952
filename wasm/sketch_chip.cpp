#include "sketch_chip.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace c64 {

namespace {

constexpr uint8_t volumeBits = 0x0f;  // of the volume's register

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

std::array<float, 256> levelsOf(float voice, const Weights& weights) {
    std::array<float, 256> levels;
    for (unsigned i = 0; i < levels.size(); ++i) levels[i] = voice * converted(i, weights);
    return levels;
}

// Measured with reSIDfp.
const std::array<float, 256>& levelsOf(ChipModel model) {
    static const std::array models{levelsOf(0.189f, weights6581), levelsOf(0.0938f, weights8580)};
    return models[model != ChipModel::Mos6581];
}

}  // namespace

float SketchChip::reset(ChipModel model, const Sound&, double clock, unsigned sampleRate) {
    model_ = model;
    levels_ = &levelsOf(model);
    cyclesPerSample_ = clock / sampleRate;
    pending_ = 0;
    for (Voice& voice : voices_) {
        voice.envelope = Envelope();
        voice.oscillator.reset(model, cyclesPerSample_);
    }
    filter_.reset(model, sampleRate);
    amplifier_.reset(model, sampleRate, cyclesPerSample_);
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
    if (reg == volumeRegister) {
        amplifier_.write(value & volumeBits, 0);
        filter_.writeModes(value);
        return aimAmplifier();
    }
    if (reg > Resonance) return;
    aimAmplifier();
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

// Most players write much that is there already, and digi players thousands of volumes a second.
bool SketchChip::defer(uint8_t reg, uint8_t value, Cycle cycles) {
    const unsigned changed = registers()[reg] ^ value;
    if (changed && (reg != volumeRegister || changed > volumeBits)) return false;
    if (changed) amplifier_.write(value & volumeBits, cycles);
    bus_ = value;
    return true;
}

void SketchChip::aimAmplifier() {
    amplifier_.aim(static_cast<unsigned>(std::popcount(registers()[Resonance] & 7u)), registers()[volumeRegister] >> 4 & 7);
}

SketchBlock SketchChip::take(unsigned cycles) {
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
    const SketchBlock block = take(cycles);
    for (Voice& voice : voices_) {
        voice.oscillator.skip(block.samples);
        voice.envelope.advance(cycles);
    }
    commit();
    amplifier_.skip(block);
}

void SketchChip::sound(unsigned cycles, Samples& samples) {
    const SketchBlock block = take(cycles);
    Wave direct, filtered;
    std::fill_n(direct.begin(), block.samples, 0.0f);
    std::fill_n(filtered.begin(), block.samples, 0.0f);
    for (unsigned i = 0; i < voices; ++i) addVoice(i, block, isFiltered(i) ? filtered : direct);
    commit();
    if ((registers()[Resonance] & 7) || filter_.rings()) filter_.render(filtered.data(), block.samples, direct.data());
    amplifier_.render(block, direct.data());
    samples.insert(samples.end(), direct.begin(), direct.begin() + block.samples);
}

bool SketchChip::isHeard(unsigned voice) const {
    const bool off = voice == 2 && (registers()[volumeRegister] & 0x80) && !isFiltered(voice);
    return !off && !(muted_ >> voice & 1);
}

void SketchChip::addVoice(unsigned voice, const SketchBlock& block, Wave& sum) {
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
void SketchChip::addEnveloped(Envelope& envelope, const SketchBlock& block, const Wave& wave, Wave& sum) const {
    unsigned now = 0;
    for (unsigned i = 0; i < block.samples;) {
        const double next = now + static_cast<double>(envelope.untilChange());
        const double last = std::clamp((next - block.firstEnd) / cyclesPerSample_, static_cast<double>(i), block.samples - 1.0);
        const float level = (*levels_)[envelope.level()];
        for (const auto end = static_cast<unsigned>(last) + 1; i < end; ++i) sum[i] += wave[i] * level;
        const auto end = static_cast<unsigned>(block.firstEnd + (i - 1) * cyclesPerSample_);
        envelope.advance(end - now);
        now = end;
    }
    envelope.advance(block.cycles - now);
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
