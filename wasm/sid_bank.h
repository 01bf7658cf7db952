// One to three SIDs at their addresses, mixed to mono or stereo.
#pragma once

#include "resid_chip.h"
#include "sketch_chip.h"
#include "trace.h"

namespace c64 {

struct SidSpec {
    uint16_t address = 0xd400;
    ChipModel model = ChipModel::Unknown;
};

class SidBank {
public:
    static constexpr unsigned maxChips = 3, noChip = maxChips;

    SidBank();

    // With `sketch`, the chips are those for analysis.
    void powerOn(const std::vector<SidSpec>& specs, const Sound& sound, double clock, unsigned sampleRate, bool sketch, Cycle now);

    // The number of the chip at an address of the I/O area, or `noChip`.
    unsigned at(uint16_t address) const { return chipAt_[(address - ioStart) / spacing]; }
    uint8_t read(unsigned chip, uint8_t reg, Cycle now) { return chips_[chip]->read(reg, now); }
    void write(unsigned chip, uint8_t reg, uint8_t value, Cycle now);
    // Adds all writes from now on to `trace`; null: no longer.
    void record(Trace* trace) { trace_ = trace; }

    void advance(Cycle now);
    void audible(bool on);
    // Bit 3c + v silences voice v of chip c.
    void mute(unsigned mask);
    void showScope(bool on);
    const SidChip& chip(unsigned i) const { return *chips_[i]; }

    // How far apart several chips are heard: 0 (mono) to 1.
    void width(double width) { width_ = static_cast<float>(width); }
    bool stereo() const { return count_ > 1 && width_ > 0; }

    std::size_t available() const { return chips_[0]->available(); }
    // Moves the first `count` samples to the channels, in [-1, 1]. In mono, `left` gets the mean of the chips, and
    // `right` isn't written.
    void render(float* left, float* right, std::size_t count);
    void drop(std::size_t count);

private:
    static constexpr unsigned ioStart = 0xd000, spacing = 0x20;

    std::array<ResidChip, maxChips> resids_;
    std::array<SketchChip, maxChips> sketches_;
    std::array<SidChip*, maxChips> chips_;  // in use
    std::array<uint8_t, 0x1000 / spacing> chipAt_{};
    Trace* trace_ = nullptr;
    unsigned count_ = 0, muted_ = 0;
    bool scope_ = false;
    float width_ = 0;
};

}  // namespace c64
