#include "sid_chip.h"

#include <algorithm>

namespace c64 {

namespace {
constexpr Cycle scopeSlice = 64;  // with the scope on: shorter than one of its points
}

void SidChip::powerOn(ChipModel model, const Sound& sound, double clock, unsigned sampleRate, Cycle now) {
    scale_ = reset(model, sound, clock, sampleRate);
    registers_ = {};
    registers_[volumeRegister] = 0x0f;
    audible_ = true;
    samples_.clear();
    scope_.enable(scope_.enabled());
    now_ = now;
}

void SidChip::advance(Cycle now) {
    while (now_ < now) {
        const auto cycles = static_cast<unsigned>(std::min(now - now_, scope_.enabled() ? scopeSlice : slice));
        if (audible_) {
            const std::size_t before = samples_.size();
            sound(cycles, samples_);
            if (scope_.enabled()) scope_.follow(levels(), samples_.size() - before);
        } else {
            silence(cycles);
        }
        now_ += cycles;
    }
}

uint8_t SidChip::read(uint8_t reg, Cycle now) {
    advance(now);
    return load(reg);
}

void SidChip::write(uint8_t reg, uint8_t value, Cycle now) {
    const bool deferred = defer(reg, value, now - now_);
    if (!deferred) advance(now);
    registers_[reg] = value;
    if (!deferred) store(reg, value);
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
