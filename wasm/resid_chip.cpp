#include "resid_chip.h"

#include <algorithm>

#include "voices.h"

namespace c64 {

namespace {

constexpr unsigned settling = 300'000;  // cycles: three time constants of the board's 1.6 Hz high-pass
constexpr int digiBoostLevel = -32768;  // the whole range of the audio input, as libsidplayfp has it

// reSIDfp amplifies each model by its own factor. These gains match the level of sidplayfp 2.4; they were found by
// comparing spectra (tests/wasm/test_audio.py).
constexpr float gain6581 = 2.0f / 3.0f, gain8580 = 0.415f;

reSIDfp::CombinedWaveforms strength(CombinedWaves combined) {
    constexpr std::array strengths{reSIDfp::AVERAGE, reSIDfp::WEAK, reSIDfp::STRONG};
    return strengths[static_cast<std::size_t>(combined)];
}

int8_t level(reSIDfp::Voice& voice) {
    const int wave = voice.wave()->readOSC() - 128;
    return static_cast<int8_t>(wave * voice.envelope()->readENV() / 255);
}

}  // namespace

float ResidChip::reset(ChipModel model, const Sound& sound, double clock, unsigned sampleRate) {
    sid_ = std::make_unique<reSIDfp::SID>();
    sid_->setChipModel(model == ChipModel::Mos6581 ? reSIDfp::MOS6581 : reSIDfp::MOS8580);
    sid_->setSamplingParameters(clock, reSIDfp::RESAMPLE, sampleRate);
    sid_->setCombinedWaveforms(strength(sound.combined));
    if (sound.digiBoost && model == ChipModel::Mos8580) sid_->input(digiBoostLevel);
    sid_->setFilter6581Curve(sound.filterCurve);
    sid_->setFilter8580Curve(0.5);
    sid_->enableFilter(true);
    sid_->write(volumeRegister, 0x0f);
    settle();
    mute(muted_);
    return (model == ChipModel::Mos6581 ? gain6581 : gain8580) / 32768.0f;
}

void ResidChip::settle() {
    std::array<int16_t, slice> scratch;
    for (unsigned left = settling; left > 0;) {
        const unsigned cycles = std::min<unsigned>(left, slice);
        sid_->clock(cycles, scratch.data());
        left -= cycles;
    }
}

void ResidChip::sound(unsigned cycles, Samples& samples) {
    std::array<int16_t, slice> scratch;
    const int made = sid_->clock(cycles, scratch.data());
    samples.insert(samples.end(), scratch.begin(), scratch.begin() + made);
}

// reSIDfp's clockSilent keeps the oscillators and ENV3 current. Clocking the other envelopes too brings the voices to the
// same state as if they had been audible. The filter's state is not kept.
void ResidChip::silence(unsigned cycles) {
    sid_->clockSilent(cycles);
    for (const unsigned i : {0, 1}) {
        auto& envelope = *voicesOf(*sid_)[i].envelope();
        for (unsigned cycle = 0; cycle < cycles; ++cycle) envelope.clock();
    }
}

void ResidChip::mute(uint8_t mask) {
    muted_ = mask;
    for (unsigned voice = 0; sid_ && voice < voicesOfChip; ++voice) silenceVoice(*sid_, voice, mask >> voice & 1);
}

Scope::Levels ResidChip::levels() {
    auto& voices = voicesOf(*sid_);
    return {level(voices[0]), level(voices[1]), level(voices[2])};
}

}  // namespace c64
