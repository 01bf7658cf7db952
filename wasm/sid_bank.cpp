#include "sid_bank.h"

#include <algorithm>

namespace c64 {

namespace {
constexpr uint16_t mirrorsStart = 0xd400, mirrorsEnd = 0xd800;
}

SidBank::SidBank() {
    for (unsigned i = 0; i < maxChips; ++i) chips_[i] = &resids_[i];
    chipAt_.fill(noChip);
}

// The first chip is mirrored over $D400 to $D7FF, except where another chip is.
void SidBank::powerOn(const std::vector<SidSpec>& specs, const Sound& sound, double clock, unsigned sampleRate,
                      bool sketch, Cycle now) {
    count_ = static_cast<unsigned>(specs.size());
    chipAt_.fill(noChip);
    std::fill(&chipAt_[(mirrorsStart - ioStart) / spacing], &chipAt_[(mirrorsEnd - ioStart) / spacing], 0);
    for (unsigned i = 0; i < count_; ++i) {
        chipAt_[(specs[i].address - ioStart) / spacing] = static_cast<uint8_t>(i);
        chips_[i] = sketch ? static_cast<SidChip*>(&sketches_[i]) : &resids_[i];
        chips_[i]->powerOn(specs[i].model, sound, clock, sampleRate, now);
    }
    mute(muted_);
    showScope(scope_);
}

void SidBank::write(unsigned chip, uint8_t reg, uint8_t value, Cycle now) {
    if (trace_) trace_->add(chip, reg, value, now);
    chips_[chip]->write(reg, value, now);
}

void SidBank::advance(Cycle now) {
    for (unsigned i = 0; i < count_; ++i) chips_[i]->advance(now);
}

void SidBank::audible(bool on) {
    for (unsigned i = 0; i < count_; ++i) chips_[i]->audible(on);
}

void SidBank::mute(unsigned mask) {
    muted_ = mask;
    for (SidChip* chip : chips_) {
        chip->mute(mask & 7);
        mask >>= Scope::voices;
    }
}

void SidBank::showScope(bool on) {
    scope_ = on;
    for (SidChip* chip : chips_) chip->showScope(on);
}

void SidBank::drop(std::size_t count) {
    for (unsigned i = 0; i < count_; ++i) chips_[i]->drop(count);
}

// The chips are panned evenly from left to right, the first one leftmost. For each channel, the gains add up to 1, as
// they do in mono, so that neither can clip.
void SidBank::render(float* left, float* right, std::size_t count) {
    const float gain = 1.0f / static_cast<float>(count_);
    std::fill(left, left + count, 0.0f);
    if (!stereo()) {
        for (unsigned i = 0; i < count_; ++i) chips_[i]->mix(left, count, gain);
        return;
    }
    std::fill(right, right + count, 0.0f);
    for (unsigned i = 0; i < count_; ++i) {
        const float pan = width_ * (2.0f * static_cast<float>(i) / static_cast<float>(count_ - 1) - 1.0f);
        chips_[i]->mix(left, right, count, gain * (1 - pan), gain * (1 + pan));
    }
}

}  // namespace c64
