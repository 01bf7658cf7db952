// The SID file formats, PSID versions 1 to 4 and RSID: parsed and checked, nothing taken on trust.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sid_bank.h"

namespace c64 {

enum class Clock : uint8_t { Unknown, Pal, Ntsc, Any };  // in the order of the header's bits

struct Tune {
    bool isRsid = false;
    unsigned version = 0;
    uint16_t loadAddress = 0, initAddress = 0, playAddress = 0;
    unsigned songs = 0, startSong = 0;
    uint32_t speed = 0;  // bit i: song i + 1 is timed by CIA 1, not by the frame
    std::string title, author, released;  // UTF-8
    Clock clock = Clock::Unknown;
    std::vector<SidSpec> sids{{}};        // one to three
    uint8_t freePage = 0, freePages = 0;  // pages the author left for a player, 0 if not said
    std::vector<uint8_t> image;           // what goes to loadAddress

    unsigned end() const { return loadAddress + static_cast<unsigned>(image.size()); }
    bool callsItself() const { return playAddress == 0; }  // by interrupts that it installs, as every RSID does
    // Songs beyond the 32nd share its bit.
    bool ciaTimed(unsigned song) const { return speed >> (song > 32 ? 31 : song - 1) & 1; }
};

// Fill `tune` from a file. Returns an empty string, or what is wrong, why, and what to do.
std::string parsePsid(const std::vector<uint8_t>& file, Tune& tune);

std::string hex(unsigned address);  // "$1003"

}  // namespace c64
