// One to three SIDs at their addresses, mixed to mono.
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

    void powerOn(const std::vector<SidSpec>& specs, double clock, unsigned sampleRate, Cycle now);

    // The chip at an address of the I/O area, or null if there is none.
    SidChip* at(uint16_t address);

    void advance(Cycle now);
    void audible(bool on);
    // Bit 3c + v silences voice v of chip c.
    void mute(unsigned mask);
    void showScope(bool on);
    SidChip& chip(unsigned i) { return chips_[i]; }

    std::size_t available() const { return chips_[0].available(); }
    // Moves the first `count` samples to `out`: the mean of the chips, in [-1, 1].
    void render(float* out, std::size_t count);
    void drop(std::size_t count);

private:
    static constexpr unsigned ioStart = 0xd000, spacing = 0x20;

    std::array<SidChip, maxChips> chips_;
    std::array<uint8_t, 0x1000 / spacing> chipAt_{};  // the chip's number + 1; 0: none
    unsigned count_ = 0;
};

}  // namespace c64
