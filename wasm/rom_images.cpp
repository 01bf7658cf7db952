#include "rom_images.h"

#include <algorithm>

namespace c64 {

namespace {

struct RomPlace {
    const char* name;
    uint16_t address;
    std::size_t size;
};

// In the order of RomKind.
constexpr std::array<RomPlace, 3> romPlaces{{{"KERNAL", 0xe000, 0x2000}, {"BASIC", 0xa000, 0x2000}, {"character", 0xd000, 0x1000}}};

const RomPlace& placeOf(RomKind kind) { return romPlaces[static_cast<std::size_t>(kind)]; }

}  // namespace

std::string RomImages::set(RomKind kind, std::span<const uint8_t> image) {
    const RomPlace& place = placeOf(kind);
    if (!image.empty() && image.size() != place.size) {
        return "A " + std::string(place.name) + " ROM has " + std::to_string(place.size) + " bytes, but the file has " +
               std::to_string(image.size()) + ". Choose another file.";
    }
    std::copy(image.begin(), image.end(), bytes_[index(kind)].begin());
    present_[index(kind)] = !image.empty();
    ++version_;
    return {};
}

std::span<const uint8_t> RomImages::image(RomKind kind) const {
    if (!has(kind)) return {};
    return {bytes_[index(kind)].data(), placeOf(kind).size};
}

uint16_t RomImages::address(RomKind kind) { return placeOf(kind).address; }

RomKind romAt(uint16_t address) {
    if (address >= 0xe000) return RomKind::Kernal;
    return address >= 0xd000 ? RomKind::Characters : RomKind::Basic;
}

const char* romName(RomKind kind) { return placeOf(kind).name; }

}  // namespace c64
