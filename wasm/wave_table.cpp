#include "wave_table.h"

namespace c64 {

namespace {

constexpr unsigned bits = 12;
constexpr unsigned triangle = 1, sawtooth = 2, pulse = 4;

// How far the pull of a low bit reaches to bits below and above, what holds against it, and how much of it a bit resists:
// fitted to what reSIDfp makes of each waveform.
struct Pull {
    float down = 0, up = 0, resists = 0, holds = 0;
};

constexpr Pull none;
constexpr std::array<std::array<Pull, 8>, 2> pulls{{
    {none, none, none, Pull{0.635f, 0.068f, 0.188f, 0}, none, Pull{1.034f, 0.886f, 0.16f, 1.34f},
     Pull{0.956f, 0.852f, -0.056f, 2.868f}, Pull{0.948f, 0.786f, -0.111f, 2.187f}},
    {none, none, none, Pull{0.545f, 0.254f, 0.247f, 0}, none, Pull{0.99f, 0.675f, 0.092f, 1.086f},
     Pull{0.835f, 0.68f, 0.07f, 1.015f}, Pull{0.549f, 0.309f, 0.302f, 0}},
}};

unsigned pulled(unsigned wave, const Pull& pull) {
    unsigned result = 0;
    for (unsigned bit = 0; bit < bits; ++bit) {
        float low = 0, all = 0, weight = 1;
        for (unsigned other = bit; other-- > 0;) {
            weight *= pull.up;
            all += weight;
            if (!(wave >> other & 1)) low += weight;
        }
        weight = 1;
        for (unsigned other = bit + 1; other < bits; ++other) {
            weight *= pull.down;
            all += weight;
            if (!(wave >> other & 1)) low += weight;
        }
        if ((wave >> bit & 1) && low - pull.holds < pull.resists * all) result |= 1u << bit;
    }
    return result;
}

// What the waveforms have before they pull at each other: the bits that are high in all of them.
unsigned combined(unsigned waveform, unsigned index) {
    unsigned wave = 0xfff;
    if (waveform & sawtooth) wave &= index;
    if (waveform & triangle) wave &= (waveform & sawtooth ? index : index & 0x800 ? ~index : index) << 1;
    return wave;
}

bool isCombined(unsigned waveform) { return (waveform & (waveform - 1)) != 0; }

}  // namespace

bool isHalved(ChipModel model, unsigned waveform) {
    return model == ChipModel::Mos6581 && isCombined(waveform) && (waveform & sawtooth);
}

void WaveTable::fill(ChipModel model, unsigned waveform) {
    const Pull& pull = pulls[model != ChipModel::Mos6581][waveform];
    for (unsigned index = 0; index < size; ++index) {
        const unsigned wave = combined(waveform, isHalved(model, waveform) ? index / 2 : index);
        sums_[index + 1] = sums_[index] + (isCombined(waveform) ? pulled(wave, pull) : wave);
    }
}

const WaveTable& waveTable(ChipModel model, unsigned waveform) {
    static std::array<std::array<WaveTable, 8>, 2> tables;
    WaveTable& table = tables[model != ChipModel::Mos6581][waveform];
    if (table.isEmpty()) table.fill(model, waveform);
    return table;
}

}  // namespace c64
