// A SID for analysis: what reSIDfp does for each cycle, this does for each sample, without the analog circuit's
// distortion. It is many times as fast, and sounds much the same.
#pragma once

#include "envelope.h"
#include "oscillator.h"
#include "sketch_amplifier.h"
#include "sketch_filter.h"

namespace c64 {

class SketchChip : public SidChip {
public:
    void mute(uint8_t mask) override { muted_ = mask; }

protected:
    float reset(ChipModel model, const Sound& sound, double clock, unsigned sampleRate) override;
    uint8_t load(uint8_t reg) override;
    void store(uint8_t reg, uint8_t value) override;
    bool defer(uint8_t reg, uint8_t value, Cycle cycles) override;
    void sound(unsigned cycles, Samples& samples) override;
    void silence(unsigned cycles) override;
    Scope::Levels levels() override;

private:
    static constexpr unsigned voices = Scope::voices, maxSamples = 1024;

    struct Voice {
        Oscillator oscillator;
        Envelope envelope;
    };
    using Wave = std::array<float, maxSamples>;

    const Oscillator& sourceOf(unsigned voice) const { return voices_[(voice + 2) % voices].oscillator; }
    bool isFiltered(unsigned voice) const { return registers()[0x17] >> voice & 1; }
    bool isHeard(unsigned voice) const;
    SketchBlock take(unsigned cycles);
    void commit();
    void storeVoice(unsigned voice, unsigned reg, uint8_t value);
    void aimAmplifier();
    void addVoice(unsigned voice, const SketchBlock& block, Wave& sum);
    void addEnveloped(Envelope& envelope, const SketchBlock& block, const Wave& wave, Wave& sum) const;

    std::array<Voice, voices> voices_;
    SketchFilter filter_;
    SketchAmplifier amplifier_;
    const std::array<float, 256>* levels_ = nullptr;  // of a waveform from peak to peak, by the envelope
    ChipModel model_ = ChipModel::Mos6581;
    double cyclesPerSample_ = 1, pending_ = 0;  // cycles since the last sample
    uint8_t muted_ = 0, bus_ = 0;
};

}  // namespace c64
