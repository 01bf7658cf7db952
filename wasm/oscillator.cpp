#include "oscillator.h"

namespace c64 {

namespace {

constexpr float fullScale = 4095;
constexpr uint32_t top = 1u << 31;
constexpr uint32_t noisePeriod = 1u << 28, noiseEdge = noisePeriod / 2;  // bit 19 of the chip's 24 bits rises

// How far it is to the next edge of the noise's clock: 1 to `noisePeriod`.
uint32_t untilShift(uint32_t phase) { return noisePeriod - ((phase - noiseEdge) & (noisePeriod - 1)); }

uint32_t shifted(uint32_t shift) { return (shift << 1 & 0x7fffff) | ((shift >> 22 ^ shift >> 17) & 1); }

// The bits of the shift register that are bits 11 to 4 of the waveform.
constexpr std::array<unsigned, 8> noiseTaps{20, 18, 14, 11, 9, 5, 2, 0};

unsigned noiseWave(uint32_t shift) {
    unsigned wave = 0;
    for (const unsigned tap : noiseTaps) wave = wave << 1 | (shift >> tap & 1);
    return wave << 4;
}

float centered(unsigned wave) { return static_cast<float>(wave) * (1 / fullScale) - 0.5f; }

}  // namespace

void Oscillator::reset(ChipModel model, double cyclesPerSample) {
    *this = Oscillator();
    model_ = model;
    cyclesPerSample_ = cyclesPerSample;
    table_ = &waveTable(model, 0);
}

void Oscillator::writeFrequency(uint16_t value) { step_ = static_cast<uint32_t>(value * 256.0 * cyclesPerSample_); }

void Oscillator::writeControl(uint8_t value) {
    if (value & test) phase_ = 0;
    if ((control_ & test) && !(value & test)) shiftRegister_ = shifted(shiftRegister_);
    control_ = value;
    const bool halved = isHalved(model_, value >> 4 & 7);
    if (halved != halved_) phase_ = halved ? phase_ << 1 : phase_ >> 1;
    halved_ = halved;
    table_ = &waveTable(model_, value >> 4 & 7);
}

void Oscillator::render(const Oscillator& source, unsigned count, float* out) {
    if (count == 0) return;
    next_ = phase_ + step() * count;
    if (!(control_ & 0xf0)) return renderHeld(count, out);
    if ((control_ & 0xf0) == noise) {
        renderNoise(count, out);
    } else if (control_ & noise) {
        renderCombinedNoise(count, out);
    } else if (control_ & sync || isRinged()) {
        renderModulated(source, count, out);
    } else {
        renderWave(count, out);
    }
    held_ = out[count - 1];
}

void Oscillator::skip(unsigned count) {
    next_ = phase_ + step() * count;
    if (!(control_ & noise)) return;
    uint64_t left = static_cast<uint64_t>(step()) * count;
    for (uint64_t until = untilShift(phase_); left >= until; until = noisePeriod) {
        left -= until;
        shiftRegister_ = shifted(shiftRegister_);
    }
}

void Oscillator::renderHeld(unsigned count, float* out) const { std::fill_n(out, count, held_); }

// The sum of the waveform up to a phase gives the mean between two phases.
void Oscillator::renderWave(unsigned count, float* out) const {
    const uint32_t step = this->step(), edge = this->edge();
    if (step == 0) return std::fill_n(out, count, centered(phase_ < edge ? 0 : table_->at(phase_))), void();
    const float perStep = 1 / (static_cast<float>(step) * fullScale);
    const uint64_t low = table_->sumTo(edge), high = table_->sum() - low;
    const auto sumTo = [&](uint32_t phase) { return phase < edge ? 0 : table_->sumTo(phase) - low; };
    uint32_t phase = phase_;
    uint64_t before = sumTo(phase);
    for (unsigned i = 0; i < count; ++i) {
        const uint32_t end = phase + step;
        const uint64_t after = sumTo(end);
        out[i] = static_cast<float>(static_cast<int64_t>(after - before + (end < phase ? high : 0))) * perStep - 0.5f;
        phase = end;
        before = after;
    }
}

// A source that rises to the top half of its period resets a synchronized oscillator, and one in the bottom half flips
// a ring-modulated triangle. So each sample is cut where the source changes halves.
void Oscillator::renderModulated(const Oscillator& source, unsigned count, float* out) {
    const uint32_t step = this->step(), sourceStep = source.step();
    const bool ringed = isRinged();
    uint32_t phase = phase_, sourcePhase = source.phase_;
    for (unsigned i = 0; i < count; ++i) {
        uint32_t left = step, sourceLeft = sourceStep;
        uint64_t sum = 0;
        for (uint32_t until; (until = top - (sourcePhase & (top - 1))) <= sourceLeft; sourceLeft -= until) {
            const auto length = static_cast<uint32_t>(static_cast<uint64_t>(left) * until / sourceLeft);
            sum += sumOf(phase, length, ringed ? ~sourcePhase & top : 0);
            left -= length;
            sourcePhase += until;
            phase = (control_ & sync) && sourcePhase == top ? 0 : phase + length;
        }
        const uint32_t flip = ringed ? ~sourcePhase & top : 0;
        if (step == 0) {
            out[i] = centered(phase < edge() ? 0 : table_->at(phase ^ flip));
        } else {
            out[i] = static_cast<float>(static_cast<int64_t>(sum + sumOf(phase, left, flip))) / (static_cast<float>(step) * fullScale) - 0.5f;
        }
        phase += left;
        sourcePhase += sourceLeft;
    }
    next_ = phase;
}

// The sum of the waveform over a part of its period.
uint64_t Oscillator::sumOf(uint32_t phase, uint32_t length, uint32_t flip) const {
    uint64_t sum = 0;
    while (length > 0) {
        const bool low = phase < edge();
        const uint64_t until = low ? edge() : 1ull << 32;  // where the pulse changes
        const auto run = static_cast<uint32_t>(std::min<uint64_t>(length, until - phase));
        if (!low) sum += waveSum(phase ^ flip, run);
        phase += run;
        length -= run;
    }
    return sum;
}

uint64_t Oscillator::waveSum(uint32_t phase, uint32_t length) const {
    const uint32_t end = phase + length;
    return table_->sumTo(end) - table_->sumTo(phase) + (end < phase ? table_->sum() : 0);
}

void Oscillator::renderNoise(unsigned count, float* out) {
    const uint32_t step = this->step();
    const float perStep = step ? 1 / static_cast<float>(step) : 0;
    uint32_t until = untilShift(phase_);
    float level = centered(noiseWave(shiftRegister_));
    for (unsigned i = 0; i < count; ++i) {
        float sum = 0;
        uint32_t left = step;
        while (until <= left) {
            sum += static_cast<float>(until) * level;
            left -= until;
            until = noisePeriod;
            shiftRegister_ = shifted(shiftRegister_);
            level = centered(noiseWave(shiftRegister_));
        }
        until -= left;
        out[i] = step ? (sum + static_cast<float>(left) * level) * perStep : level;
    }
}

void Oscillator::renderCombinedNoise(unsigned count, float* out) {
    uint32_t phase = phase_;
    for (unsigned i = 0; i < count; ++i) {
        const unsigned wave = waveAt(phase, top);
        out[i] = centered(wave);
        if (untilShift(phase) <= step()) feedBack(wave);
        phase += step();
    }
}

unsigned Oscillator::waveAt(uint32_t phase, uint32_t sourcePhase) const {
    if (phase < edge()) return 0;
    unsigned wave = control_ & 0x70 ? table_->at(isRinged() ? phase ^ (~sourcePhase & top) : phase) : 0xfff;
    if (control_ & noise) wave &= noiseWave(shiftRegister_);
    return wave;
}

// What is combined with noise writes its zeros into the shift register.
void Oscillator::feedBack(unsigned wave) {
    for (unsigned i = 0; i < noiseTaps.size(); ++i) {
        if (!(wave >> (11 - i) & 1)) shiftRegister_ &= ~(1u << noiseTaps[i]);
    }
    shiftRegister_ = shifted(shiftRegister_);
}

unsigned Oscillator::output(const Oscillator& source, double cycles) const {
    Oscillator later = *this;
    later.phase_ = phaseAfter(cycles);
    if ((control_ & noise) && later.phase_ - phase_ >= untilShift(phase_)) later.shiftRegister_ = shifted(shiftRegister_);
    return later.waveAt(later.phase_, source.phaseAfter(cycles));
}

}  // namespace c64
