#include "memory.h"

#include <algorithm>

namespace c64 {

namespace {
constexpr uint8_t loram = 0x01, hiram = 0x02, charen = 0x04;
}  // namespace

template <class... Bytes>
void Memory::burn(uint16_t address, Bytes... bytes) {
    ((rom_[address++ - romStart] = static_cast<uint8_t>(bytes)), ...);
}

// No ROM is shipped; the listener may provide them. The substitute's interrupt entries work as on a C64: they save A, X, and Y, jump through $0314 (IRQ, BRK) or
// $0318 (NMI), and restore the registers at $EA81.
void Memory::burnRom(Rom rom) {
    rom_.fill(static_cast<uint8_t>(rom));
    burn(0xff48, 0x48, 0x8a, 0x48, 0x98, 0x48, 0x6c, 0x14, 0x03);  // PHA TXA PHA TYA PHA JMP ($0314)
    burn(0xea31, 0x4c, 0x7e, 0xea);                                // JMP $EA7E
    burn(0xea7e, 0xad, 0x0d, 0xdc);                                // LDA $DC0D
    for (const uint16_t restore : {0xea81, 0xfebc}) {
        burn(restore, 0x68, 0xa8, 0x68, 0xaa, 0x68, 0x40);  // PLA TAY PLA TAX PLA RTI
    }
    for (const uint16_t silent : {0xe544, 0xfd15, 0xfda3, 0xff5b, 0xff81, 0xff84, 0xff8a, 0xff9f, 0xffd2}) {
        burn(silent, 0x60);  // RTS: clear screen, restore vectors, init I/O, scan keyboard, print
    }
    burn(0xffe1, 0xa9, 0x01, 0x60);  // LDA #1 RTS: STOP is not pressed
    burn(0xffe4, 0xa9, 0x00, 0x60);  // LDA #0 RTS: no key is pressed
    burn(0xfe43, 0x78, 0x6c, 0x18, 0x03);              // SEI JMP ($0318)
    burn(0xfe47, 0x40);                                // RTI
    burn(0xfffa, 0x43, 0xfe, 0xe2, 0xfc, 0x48, 0xff);  // NMI, reset, IRQ
}

void Memory::reset(Rom rom, const RomImages& images) {
    burnRom(rom);
    for (const RomKind kind : {RomKind::Kernal, RomKind::Basic, RomKind::Characters}) {
        const auto image = images.image(kind);
        std::copy(image.begin(), image.end(), &rom_[RomImages::address(kind) - romStart]);
    }
    ram_.fill(0);
    const auto vector = [this](uint16_t at, uint16_t target) {
        ram_[at] = target & 0xff;
        ram_[at + 1] = target >> 8;
    };
    vector(0x0314, 0xea31);
    vector(0x0316, 0xea81);
    vector(0x0318, 0xfe47);
    direction_ = 0x2f;
    port_ = 0x37;
    bank();
}

uint8_t Memory::readPort(uint16_t address) const {
    constexpr uint8_t pulledUp = 0x17;
    return address == 0 ? direction_ : (port_ & direction_) | (pulledUp & ~direction_);
}

void Memory::writePort(uint16_t address, uint8_t value) {
    (address == 0 ? direction_ : port_) = value;
    bank();
}

void Memory::bank() {
    const uint8_t lines = port_ | ~direction_;
    const bool basic = (lines & loram) && (lines & hiram);
    const bool kernal = lines & hiram;
    const Area overD = (lines & charen) ? Area::Io : Area::Rom;
    areas_.fill(Area::Ram);
    areas_[0xa] = areas_[0xb] = basic ? Area::Rom : Area::Ram;
    areas_[0xd] = (lines & (loram | hiram)) ? overD : Area::Ram;
    areas_[0xe] = areas_[0xf] = kernal ? Area::Rom : Area::Ram;
}

}  // namespace c64
