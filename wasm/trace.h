// The register writes of a tune, each with its cycle.
#pragma once

#include <array>
#include <cstdint>

#include "interrupt_line.h"

namespace c64 {

class Trace {
public:
    struct Write {
        uint32_t cycle;  // from the start of the trace
        uint8_t chip, reg, value, zero;
    };

    // As many as a program can write in a block of 16384 samples at `minRate` or more, at most one in three cycles.
    static constexpr std::size_t capacity = 1 << 18;
    static constexpr unsigned minRate = 22050;

    void start(Cycle now) {
        start_ = now;
        clear();
    }
    void clear() { count_ = 0; }
    void add(unsigned chip, uint8_t reg, uint8_t value, Cycle now) {
        if (count_ == capacity) return;
        writes_[count_++] = {static_cast<uint32_t>(now - start_), static_cast<uint8_t>(chip), reg, value, 0};
    }

    const Write* writes() const { return writes_.data(); }
    std::size_t size() const { return count_; }

private:
    std::array<Write, capacity> writes_;
    std::size_t count_ = 0;
    Cycle start_ = 0;
};

static_assert(sizeof(Trace::Write) == 8);

}  // namespace c64
