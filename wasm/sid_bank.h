// One to three SIDs at their addresses, mixed to mono or stereo.
#pragma once

#include "sid_chip.h"

namespace c64 {

struct SidSpec {
    uint16_t address = 0xd400;
    ChipModel model = ChipModel::Unknown;
};

class SidBank {
public:
    static constexpr unsigned maxChips = 3;

    void powerOn(const std::vector<SidSpec>& specs, const Sound& sound, double clock, unsigned sampleRate, Cycle now);

    // The chip at an address of the I/O area, or null if there is none.
    SidChip* at(uint16_t address);

    void advance(Cycle now);
    void audible(bool on);
    // Bit 3c + v silences voice v of chip c.
    void mute(unsigned mask);
    void showScope(bool on);
    SidChip& chip(unsigned i) { return chips_[i]; }

    // How far apart several chips are heard: 0 (mono) to 1.
    void width(double width) { width_ = static_cast<float>(width); }
    bool stereo() const { return count_ > 1 && width_ > 0; }

    std::size_t available() const { return chips_[0].available(); }
    // Moves the first `count` samples to the channels, in [-1, 1]. In mono, `left` gets the mean of the chips, and
    // `right` isn't written.
    void render(float* left, float* right, std::size_t count);
    void drop(std::size_t count);

private:
    static constexpr unsigned ioStart = 0xd000, spacing = 0x20;

    std::array<SidChip, maxChips> chips_;
    std::array<uint8_t, 0x1000 / spacing> chipAt_{};  // the chip's number + 1; 0: none
    unsigned count_ = 0;
    float width_ = 0;
};

}  // namespace c64
