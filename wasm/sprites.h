// The sprites' fetches of the VIC: which sprites it fetches in a line, and the cycles that this takes.
#pragma once

#include <array>
#include <cstdint>

namespace c64 {

class Sprites {
public:
    void writeEnable(uint8_t value) { enable_ = value; }
    void writeExpansion(uint8_t value);
    void writeY(unsigned sprite, uint8_t value) { y_[sprite] = value; }

    // Whether any sprite is fetched or may be.
    bool active() const { return enable_ | fetched_; }

    // Before the fetches at the end of a line: starts the sprites that begin in it.
    void beginFetches(uint8_t line);
    // After them: counts the rows, and stops the sprites that are complete.
    void endFetches();

    // The cycles in which the processor can't read, as bits; bit 0 is the first cycle of sprite 0.
    uint32_t takenCycles() const;

private:
    static constexpr unsigned count = 8;

    std::array<uint8_t, count> y_{}, bytes_{};
    uint8_t enable_ = 0, expansion_ = 0, fetched_ = 0;
    uint8_t rowDone_ = 0xff;  // an expanded sprite shows each row in two lines
};

}  // namespace c64
