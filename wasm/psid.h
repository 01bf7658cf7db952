// Parses the SID file formats, PSID versions 1 to 4 and RSID versions 2 to 4, and Sidplayer music (MUS). Headers are read as libsidplayfp
// reads them: out-of-range song numbers are repaired, not refused.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mus.h"
#include "sid_bank.h"

namespace c64 {

enum class Clock : uint8_t { Unknown, Pal, Ntsc, Any };  // in the order of the header's bits

struct Tune {
    bool isRsid = false;
    bool isBasic = false;  // an RSID that is a BASIC program
    unsigned version = 0;  // 0 until a header has been read
    uint16_t loadAddress = 0, initAddress = 0, playAddress = 0;
    unsigned songs = 0, startSong = 0;
    uint32_t speed = 0;  // bit i: song i + 1 is timed by CIA 1, not by the frame
    std::string title, author, released;  // UTF-8
    Clock clock = Clock::Unknown;
    std::vector<SidSpec> sids{{}};        // one to three
    uint8_t freePage = 0, freePages = 0;  // pages that the author left for a player, 0 if unspecified
    std::vector<uint8_t> image;           // the data that is copied to loadAddress
    std::vector<MusPart> mus;             // Sidplayer music, which needs no processor; the second part is for a second SID

    unsigned end() const { return loadAddress + static_cast<unsigned>(image.size()); }
    // Whether the tune installs its own interrupt handler, as every RSID does.
    bool callsItself() const { return playAddress == 0; }
    // Songs after the 32nd share its bit.
    bool ciaTimed(unsigned song) const { return speed >> (song > 32 ? 31 : song - 1) & 1; }
};

// Fills `tune` from a file. Returns an empty string, or a message that says why the file can't be played and what to
// do. If the header was readable, `tune` holds its fields even then.
std::string parsePsid(std::span<const uint8_t> file, Tune& tune);

std::string hex(unsigned address);  // "$1003"

}  // namespace c64
