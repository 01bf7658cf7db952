#include "memory.h"

#include <algorithm>

namespace c64 {

namespace {
constexpr uint8_t loram = 0x01, hiram = 0x02, charen = 0x04;
}  // namespace

// The listener's ROMs replace our routines.
void Memory::reset(Rom rom, const RomImages& images) {
    burnRoms(rom_, rom);
    for (const RomKind kind : {RomKind::Kernal, RomKind::Basic, RomKind::Characters}) {
        const auto image = images.image(kind);
        std::copy(image.begin(), image.end(), &rom_[RomImages::address(kind) - romStart]);
    }
    initializeRam(ram_, rom);
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
