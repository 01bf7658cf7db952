// What comes after a SID's filter: the volume, which is also a source of sound, and the board's two filters.
#pragma once

#include <array>
#include <vector>

#include "sid_chip.h"

namespace c64 {

// Samples that end within some cycles.
struct SketchBlock {
    unsigned cycles, samples;
    double firstEnd;  // cycles
};

class SketchAmplifier {
public:
    // What the volume makes audible: by the number of filtered voices and the filter's modes.
    using Offsets = std::array<std::array<float, 8>, 4>;

    void reset(ChipModel model, double sampleRate, double cyclesPerSample);
    void aim(unsigned filteredVoices, unsigned filterModes);
    // Sets the volume, `cycles` after the last block.
    void write(uint8_t volume, Cycle cycles) { writes_.push_back({cycles, volume}); }

    void render(const SketchBlock& block, float* samples);
    // The same without the samples.
    void skip(const SketchBlock& block);

private:
    struct Write {
        Cycle cycles;
        uint8_t volume;
    };

    void render(float* from, const float* to);
    void apply(const Write& write, double part);
    void forget(const SketchBlock& block);

    ChipModel model_ = ChipModel::Mos6581;
    const Offsets* offsets_ = nullptr;
    double cyclesPerSample_ = 1;
    std::vector<Write> writes_;          // that no block has got to
    float volume_ = 1, volumeRest_ = 0;  // the rest applies to the next sample only
    float source_ = 0;
    float smooth_ = 0, smoothing_ = 1, following_ = 0, followingPart_ = 0;
};

}  // namespace c64
