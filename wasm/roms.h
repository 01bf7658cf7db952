// What the C64's ROMs and its system software are for a tune: routines of our own, assembled by set-up.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace c64 {

constexpr uint16_t romStart = 0xa000;

using RomImage = std::array<uint8_t, 0x10000 - romStart>;
using RamImage = std::array<uint8_t, 0x10000>;

// A PSID gets interrupts only, and other calls return, because its driver owns the hardware. An RSID gets a KERNAL.
enum class Rom : uint8_t { ForPsid, ForRsid };

void burnRoms(RomImage& rom, Rom kind);

// RAM as after power-on.
void initializeRam(RamImage& ram, Rom kind);

}  // namespace c64
