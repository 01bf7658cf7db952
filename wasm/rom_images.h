// The C64's ROMs as the listener provides them. They stay outside of the state of a playing tune (see state.h).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace c64 {

enum class RomKind : uint8_t { Kernal, Basic, Characters };

class RomImages {
public:
    // Takes a copy; an empty image removes the ROM. Returns an empty string, or a message if the size is wrong.
    std::string set(RomKind kind, std::span<const uint8_t> image);

    bool has(RomKind kind) const { return present_[index(kind)]; }

    // The ROM, or an empty span; and where the processor sees it.
    std::span<const uint8_t> image(RomKind kind) const;
    static uint16_t address(RomKind kind);

    // Counts changes.
    unsigned version() const { return version_; }

private:
    static constexpr std::size_t largest = 0x2000;
    static std::size_t index(RomKind kind) { return static_cast<std::size_t>(kind); }

    std::array<std::array<uint8_t, largest>, 3> bytes_{};
    std::array<bool, 3> present_{};
    unsigned version_ = 0;
};

// The ROM whose area holds an address.
RomKind romAt(uint16_t address);

const char* romName(RomKind kind);  // "KERNAL"

}  // namespace c64
