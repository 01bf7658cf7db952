// 64 KB of RAM, and the processor port at $00/$01 that banks ROM and I/O over it.
#pragma once

#include "rom_images.h"
#include "roms.h"

namespace c64 {

class Memory {
public:
    enum class Area : uint8_t { Ram, Rom, Io };

    Memory() { reset(Rom::ForPsid, {}); }

    // Sets RAM, ROM, and port as after power-on. `images` replace our routines.
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
    uint8_t readPort(uint16_t address) const;
    void writePort(uint16_t address, uint8_t value);
    void bank();

    RamImage ram_;
    RomImage rom_;
    std::array<Area, 16> areas_;
    uint8_t direction_, port_;
};

}  // namespace c64
