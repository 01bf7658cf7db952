#include "sprites.h"

namespace c64 {

namespace {
constexpr uint8_t bytesOfRow = 3, bytesOfSprite = 63;
constexpr uint32_t cyclesOfFetch = 0x1f;  // three to wait for the bus, two for the bytes
constexpr unsigned spacing = 2;           // cycles from one sprite's fetch to the next one's
}  // namespace

void Sprites::writeExpansion(uint8_t value) {
    expansion_ = value;
    rowDone_ |= ~value;
}

void Sprites::beginFetches(uint8_t line) {
    for (unsigned i = 0; i < count; ++i) {
        const uint8_t bit = 1 << i;
        if (!(enable_ & bit) || (fetched_ & bit) || y_[i] != line) continue;
        fetched_ |= bit;
        rowDone_ |= bit;
        bytes_[i] = 0;
    }
    rowDone_ ^= fetched_ & expansion_;
}

void Sprites::endFetches() {
    for (unsigned i = 0; i < count; ++i) {
        const uint8_t bit = 1 << i;
        if (!(fetched_ & rowDone_ & bit)) continue;
        bytes_[i] += bytesOfRow;
        if (bytes_[i] == bytesOfSprite) fetched_ &= ~bit;
    }
}

uint32_t Sprites::takenCycles() const {
    uint32_t taken = 0;
    for (unsigned i = 0; i < count; ++i) {
        if (fetched_ >> i & 1) taken |= cyclesOfFetch << spacing * i;
    }
    return taken;
}

}  // namespace c64
