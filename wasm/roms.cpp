#include "roms.h"

#include <algorithm>

namespace c64 {

namespace {

// Made by set-up from interrupts.s, kernal.s, and variables.s.
#include "routines.inc"

constexpr uint8_t returns = 0x60, halts = 0x02;
constexpr uint16_t kernalStart = 0xe500;  // below are BASIC and its arithmetic

// Copies routines to their places. Each is its address, its length, and its bytes.
void place(std::span<const uint16_t> routines, std::span<uint8_t> memory, uint16_t start) {
    for (std::size_t at = 0; at < routines.size();) {
        const std::size_t address = routines[at], length = routines[at + 1];
        const auto bytes = routines.subspan(at + 2, length);
        std::copy(bytes.begin(), bytes.end(), memory.begin() + static_cast<std::ptrdiff_t>(address - start));
        at += 2 + length;
    }
}

void setVector(RamImage& ram, uint16_t at, uint16_t target) {
    ram[at] = target & 0xff;
    ram[at + 1] = target >> 8;
}

// The chips' rows come up as zeros and ones in turn.
uint8_t powerOnByte(unsigned address) {
    const bool inner = (address + 2) & 4, odd = address & 0x4000;
    return inner != odd ? 0xff : 0x00;
}

}  // namespace

void burnRoms(RomImage& rom, Rom kind) {
    rom.fill(returns);
    if (kind == Rom::ForRsid) {
        std::fill(rom.begin(), rom.begin() + (kernalStart - romStart), halts);
        place(kernal, rom, romStart);
    }
    place(interrupts, rom, romStart);
}

void initializeRam(RamImage& ram, Rom kind) {
    for (unsigned address = 0x400; address < ram.size(); ++address) ram[address] = powerOnByte(address);
    std::fill(ram.begin(), ram.begin() + 0x400, 0);
    if (kind == Rom::ForRsid) place(variables, ram, 0);
    setVector(ram, 0x0314, 0xea31);
    setVector(ram, 0x0316, 0xea81);
    setVector(ram, 0x0318, 0xfe47);
}

}  // namespace c64
