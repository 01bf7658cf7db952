// The oscillator of a SID voice, at the output's rate: each sample is the mean of the waveform over its time, so that
// edges between two samples don't alias.
#pragma once

#include <algorithm>

#include "wave_table.h"

namespace c64 {

class Oscillator {
public:
    void reset(ChipModel model, double cyclesPerSample);
    void writeFrequency(uint16_t value);
    void writePulseWidth(uint16_t value) { pulseWidth_ = static_cast<uint32_t>(value & 0xfff) << 20; }
    void writeControl(uint8_t value);

    // Writes `count` samples from -0.5 to 0.5. `source` is the voice before, which must not be committed yet.
    void render(const Oscillator& source, unsigned count, float* out);
    // The same without the samples.
    void skip(unsigned count);
    // Ends the last `render` or `skip`.
    void commit() { phase_ = next_; }

    // The 12 bits of the waveform, `cycles` after the last sample.
    unsigned output(const Oscillator& source, double cycles) const;

private:
    enum Control : uint8_t { sync = 0x02, ring = 0x04, test = 0x08, triangle = 0x10, sawtooth = 0x20, pulse = 0x40, noise = 0x80 };

    bool isRinged() const { return (control_ & (ring | triangle | sawtooth)) == (ring | triangle); }
    uint32_t step() const { return control_ & test ? 0 : step_ << halved_; }
    // Where the pulse is low before.
    uint32_t edge() const {
        if (!(control_ & pulse) || (control_ & test)) return 0;
        return static_cast<uint32_t>(std::min<uint64_t>(static_cast<uint64_t>(pulseWidth_) << halved_, ~0u));
    }
    uint32_t phaseAfter(double cycles) const { return phase_ + static_cast<uint32_t>(step() * (cycles / cyclesPerSample_)); }

    void renderHeld(unsigned count, float* out) const;
    void renderWave(unsigned count, float* out) const;
    void renderModulated(const Oscillator& source, unsigned count, float* out);
    void renderNoise(unsigned count, float* out);
    void renderCombinedNoise(unsigned count, float* out);
    uint64_t sumOf(uint32_t phase, uint32_t length, uint32_t flip) const;
    uint64_t waveSum(uint32_t phase, uint32_t length) const;
    unsigned waveAt(uint32_t phase, uint32_t sourcePhase) const;
    void feedBack(unsigned wave);

    ChipModel model_ = ChipModel::Mos6581;
    uint8_t control_ = 0;
    const WaveTable* table_ = nullptr;
    bool halved_ = false;
    uint32_t pulseWidth_ = 0;
    uint32_t phase_ = 0, next_ = 0, step_ = 0;  // one period of the waveform is 2^32
    uint32_t shiftRegister_ = 0x7fffff;         // of the noise
    float held_ = 0;                            // the output without a waveform is the last one
    double cyclesPerSample_ = 1;
};

}  // namespace c64
