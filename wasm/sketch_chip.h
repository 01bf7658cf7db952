// A SID for analysis: what reSIDfp does for each cycle, this does for each sample, without the analog circuit's
// distortion. It is many times as fast, and sounds much the same.
#pragma once

#include "envelope.h"
#include "oscillator.h"
#include "sketch_filter.h"

namespace c64 {

class SketchChip : public SidChip {
public:
    void mute(uint8_t mask) override { muted_ = mask; }

protected:
    float reset(ChipModel model, const Sound& sound, double clock, unsigned sampleRate) override;
    uint8_t load(uint8_t reg) override;
    void store(uint8_t reg, uint8_t value) override;
    void sound(unsigned cycles, Samples& samples) override;
    void silence(unsigned cycles) override;
    Scope::Levels levels() override;

private:
    static constexpr unsigned voices = Scope::voices, maxSamples = 1024;

    struct Voice {
        Oscillator oscillator;
        Envelope envelope;
    };
    // The samples that end within some cycles.
    struct Block {
        unsigned cycles, samples;
        double firstEnd;  // cycles
    };
    using Wave = std::array<float, maxSamples>;

    const Oscillator& sourceOf(unsigned voice) const { return voices_[(voice + 2) % voices].oscillator; }
    bool isFiltered(unsigned voice) const { return registers()[0x17] >> voice & 1; }
    bool isHeard(unsigned voice) const;
    Block take(unsigned cycles);
    void commit();
    void storeVoice(unsigned voice, unsigned reg, uint8_t value);
    void storeVolume(uint8_t value);
    void aimSource();
    void addVoice(unsigned voice, const Block& block, Wave& sum);
    void addEnveloped(Envelope& envelope, const Block& block, const Wave& wave, Wave& sum) const;
    float amplify(float in);

    std::array<Voice, voices> voices_;
    SketchFilter filter_;
    const struct Analog* analog_ = nullptr;
    ChipModel model_ = ChipModel::Mos6581;
    double cyclesPerSample_ = 1, pending_ = 0;  // cycles since the last sample
    float volume_ = 1, volumeRest_ = 0;         // the rest applies to the next sample only
    float source_ = 0;                          // the constant level that the volume makes audible
    float smooth_ = 0, smoothing_ = 1, following_ = 0, followingPart_ = 0;
    uint8_t muted_ = 0, bus_ = 0;
};

}  // namespace c64
