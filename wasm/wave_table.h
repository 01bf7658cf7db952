// A period of each waveform that isn't noise. Of several waveforms at once, bits that are low pull their neighbors down.
#pragma once

#include "sid_chip.h"

namespace c64 {

class WaveTable {
public:
    void fill(ChipModel model, unsigned waveform);
    bool isEmpty() const { return sums_[size] == 0; }

    // At a phase, of which 2^32 are a period: the 12 bits of the waveform, and their sum up to it.
    unsigned at(uint32_t phase) const { return sums_[(phase >> fraction) + 1] - sums_[phase >> fraction]; }
    uint64_t sumTo(uint32_t phase) const {
        return (static_cast<uint64_t>(sums_[phase >> fraction]) << fraction) +
               static_cast<uint64_t>(at(phase)) * (phase & ((1u << fraction) - 1));
    }
    uint64_t sum() const { return static_cast<uint64_t>(sums_[size]) << fraction; }

private:
    static constexpr unsigned size = 4096, fraction = 20;

    std::array<uint32_t, size + 1> sums_{};
};

// `waveform` has the bits 4 to 6 of the control register: triangle, sawtooth, pulse. Of the pulse, it is the high part.
const WaveTable& waveTable(ChipModel model, unsigned waveform);

// In a 6581, a sawtooth with other waveforms pulls its oscillator's top bit down, so that only the first half of the period
// is left. The table has that half at its whole size.
bool isHalved(ChipModel model, unsigned waveform);

}  // namespace c64
