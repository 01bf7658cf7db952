// 64 KB of RAM, the processor port at $00/$01 that banks ROM and I/O over it, and a small substitute for the ROM.
#pragma once

#include <array>
#include <cstdint>

#include "rom_images.h"

namespace c64 {

// What calls of ROM routines do: return at once, or halt.
enum class Rom : uint8_t { Returns = 0x60, Halts = 0x02 };

class Memory {
public:
    enum class Area : uint8_t { Ram, Rom, Io };

    Memory() { reset(Rom::Returns, {}); }

    // Clears RAM except for the system's vectors, and sets the port as after power-on. `images` replace the substitute.
    void reset(Rom rom, const RomImages& images);

    // What the processor sees at an address when it reads.
    Area area(uint16_t address) const { return areas_[address >> 12]; }

    uint8_t ram(uint16_t address) const { return address < 2 ? readPort(address) : ram_[address]; }
    uint8_t rom(uint16_t address) const { return rom_[address - romStart]; }

    // RAM only: loading a tune over $00/$01 does not touch the port.
    void load(uint16_t address, uint8_t value) { ram_[address] = value; }

    // Writes under ROM reach RAM. Writes to $00/$01 reach RAM and set the port.
    void write(uint16_t address, uint8_t value) {
        ram_[address] = value;
        if (address < 2) writePort(address, value);
    }

private:
    static constexpr uint16_t romStart = 0xa000;

    uint8_t readPort(uint16_t address) const;
    void writePort(uint16_t address, uint8_t value);
    void burnRom(Rom rom);
    void bank();
    template <class... Bytes>
    void burn(uint16_t address, Bytes... bytes);

    std::array<uint8_t, 0x10000> ram_;
    std::array<uint8_t, 0x10000 - romStart> rom_;
    std::array<Area, 16> areas_;
    uint8_t direction_, port_;
};

}  // namespace c64
