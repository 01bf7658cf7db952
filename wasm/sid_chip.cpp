#include "sid_chip.h"

#include <algorithm>

namespace c64 {

namespace {
constexpr Cycle slice = 4096;         // cycles per clock call: bounds the scratch buffer
constexpr Cycle scopeSlice = 64;      // with the scope on: shorter than one of its points
constexpr Cycle settling = 300'000;   // three time constants of the board's 1.6 Hz high-pass
constexpr uint8_t volumeRegister = 0x18;
constexpr int digiBoostLevel = -32768;  // the whole range of the audio input, as libsidplayfp has it

// reSIDfp amplifies each model by its own factor. These gains match the level of sidplayfp 2.4; they were found by
// comparing spectra (tests/wasm/test_audio.py).
constexpr float gain6581 = 2.0f / 3.0f, gain8580 = 0.415f;
}  // namespace

void SidChip::powerOn(ChipModel model, const Sound& sound, double clock, unsigned sampleRate, Cycle now) {
    sid_ = std::make_unique<reSIDfp::SID>();
    sid_->setChipModel(model == ChipModel::Mos6581 ? reSIDfp::MOS6581 : reSIDfp::MOS8580);
    sid_->setSamplingParameters(clock, reSIDfp::RESAMPLE, sampleRate);
    sid_->setCombinedWaveforms(sound.combined);
    if (sound.digiBoost && model == ChipModel::Mos8580) sid_->input(digiBoostLevel);
    sid_->setFilter6581Curve(sound.filterCurve);
    sid_->setFilter8580Curve(0.5);
    sid_->enableFilter(true);
    scale_ = (model == ChipModel::Mos6581 ? gain6581 : gain8580) / 32768.0f;
    registers_ = {};
    now_ = 0;
    write(volumeRegister, 0x0f, 0);
    audible_ = true;
    samples_.clear();
    advance(settling);
    samples_.clear();
    scope_.enable(scope_.enabled());
    mute(muted_);
    now_ = now;
}

void SidChip::advance(Cycle now) {
    while (now_ < now) {
        const auto cycles = static_cast<unsigned>(std::min(now - now_, scope_.enabled() ? scopeSlice : slice));
        if (audible_) {
            sound(cycles);
        } else {
            silence(cycles);
        }
        now_ += cycles;
    }
}

void SidChip::sound(unsigned cycles) {
    std::array<int16_t, slice> scratch;
    const int made = sid_->clock(cycles, scratch.data());
    samples_.insert(samples_.end(), scratch.begin(), scratch.begin() + made);
    if (scope_.enabled()) scope_.follow(*sid_, static_cast<std::size_t>(made));
}

// reSIDfp's clockSilent keeps the oscillators and ENV3 current. Clocking the other envelopes too brings the voices to the
// same state as if they had been audible. The filter's state is not kept.
void SidChip::silence(unsigned cycles) {
    sid_->clockSilent(cycles);
    for (const unsigned i : {0, 1}) {
        auto& envelope = *voicesOf(*sid_)[i].envelope();
        for (unsigned cycle = 0; cycle < cycles; ++cycle) envelope.clock();
    }
}

uint8_t SidChip::read(uint8_t reg, Cycle now) {
    advance(now);
    return sid_->read(reg);
}

void SidChip::write(uint8_t reg, uint8_t value, Cycle now) {
    advance(now);
    registers_[reg] = value;
    sid_->write(reg, value);
}

void SidChip::mute(uint8_t mask) {
    muted_ = mask;
    for (unsigned voice = 0; sid_ && voice < voicesOfChip; ++voice) silenceVoice(*sid_, voice, mask >> voice & 1);
}

void SidChip::mix(float* out, std::size_t count, float gain) {
    for (std::size_t i = 0; i < count; ++i) out[i] += samples_[i] * (scale_ * gain);
    drop(count);
}

void SidChip::mix(float* left, float* right, std::size_t count, float gainLeft, float gainRight) {
    for (std::size_t i = 0; i < count; ++i) {
        const float sample = samples_[i] * scale_;
        left[i] += sample * gainLeft;
        right[i] += sample * gainRight;
    }
    drop(count);
}

void SidChip::drop(std::size_t count) {
    samples_.erase(samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(count));
    if (scope_.enabled()) scope_.turn(count);
}

void SidChip::showScope(bool on) {
    if (on != scope_.enabled()) scope_.enable(on);
}

}  // namespace c64
