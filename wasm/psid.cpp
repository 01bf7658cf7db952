#include "psid.h"

#include <algorithm>
#include <array>

namespace c64 {

namespace {

constexpr std::size_t headerV1 = 0x76, headerV2 = 0x7c, textLength = 32;
constexpr unsigned maxSongs = 256;
constexpr unsigned lowestRsid = 0x07e8;  // below it are the system's variables and the screen

// A cursor-free view of the big-endian header.
struct Header {
    const std::vector<uint8_t>& bytes;

    unsigned word(std::size_t at) const { return bytes[at] << 8 | bytes[at + 1]; }
    uint32_t dword(std::size_t at) const { return static_cast<uint32_t>(word(at)) << 16 | word(at + 2); }
    std::string magic() const { return {bytes.begin(), bytes.begin() + 4}; }
    bool isRsid() const { return magic() == "RSID"; }
    std::string text(std::size_t at) const;
};

// The header's text is Latin-1, padded with zeros.
std::string Header::text(std::size_t at) const {
    std::string utf8;
    for (std::size_t i = at; i < at + textLength && bytes[i]; ++i) {
        if (bytes[i] < 0x80) {
            utf8 += static_cast<char>(bytes[i]);
        } else {
            utf8 += static_cast<char>(0xc0 | bytes[i] >> 6);
            utf8 += static_cast<char>(0x80 | (bytes[i] & 0x3f));
        }
    }
    return utf8;
}

bool isSidAddress(uint8_t code) {
    return code % 2 == 0 && ((code >= 0x42 && code <= 0x7e) || code >= 0xe0);
}

std::string checkFormat(const Header& header) {
    const std::size_t size = header.bytes.size();
    if (size < headerV1) {
        return "The file ends inside its header (" + std::to_string(size) + " of at least " +
               std::to_string(headerV1) + " bytes), so it is truncated or no SID file. Get a complete copy.";
    }
    if (!header.isRsid() && header.magic() != "PSID") {
        return "This is not a SID file: it begins with neither PSID nor RSID. Choose a .sid file.";
    }
    const unsigned version = header.word(4), first = header.isRsid() ? 2 : 1;
    if (version < first || version > 4) {
        return "The header claims " + header.magic() + " version " + std::to_string(version) + "; versions " +
               std::to_string(first) + " to 4 exist. The file is damaged: get another copy.";
    }
    const std::size_t needed = version == 1 ? headerV1 : headerV2;
    if (size < needed) return "The file ends inside its version 2 header, so it is truncated. Get a complete copy.";
    const unsigned data = header.word(6);
    if (data < needed || data >= size) {
        return "The header says that the music starts at byte " + std::to_string(data) + " of a file of " +
               std::to_string(size) + " bytes. The file is truncated or damaged: get another copy.";
    }
    return {};
}

std::string readSongs(const Header& header, Tune& tune) {
    tune.songs = header.word(14);
    tune.startSong = header.word(16);
    tune.speed = header.dword(18);
    if (tune.songs < 1 || tune.songs > maxSongs) {
        return "The header claims " + std::to_string(tune.songs) +
               " songs; a tune has 1 to 256. The file is damaged: get another copy.";
    }
    if (tune.startSong < 1 || tune.startSong > tune.songs) {
        return "The header's start song is " + std::to_string(tune.startSong) + " of " +
               std::to_string(tune.songs) + ". The file is damaged: get another copy.";
    }
    return {};
}

std::string readImage(const Header& header, Tune& tune) {
    std::size_t at = header.word(6);
    tune.loadAddress = header.word(8);
    if (tune.loadAddress == 0) {
        if (header.bytes.size() < at + 2) return "The file ends before its load address. Get a complete copy.";
        tune.loadAddress = header.bytes[at] | header.bytes[at + 1] << 8;
        at += 2;
    }
    tune.image.assign(header.bytes.begin() + static_cast<std::ptrdiff_t>(at), header.bytes.end());
    if (tune.image.empty()) return "The file holds a header but no music. Get a complete copy.";
    if (tune.end() > 0x10000) {
        return std::to_string(tune.image.size()) + " bytes from " + hex(tune.loadAddress) +
               " run past the end of the C64's memory. The file is damaged: get another copy.";
    }
    return {};
}

std::string readAddresses(const Header& header, Tune& tune) {
    const unsigned init = header.word(10);
    tune.initAddress = init ? init : tune.loadAddress;
    tune.playAddress = header.word(12);
    if (tune.initAddress < tune.loadAddress || tune.initAddress >= tune.end()) {
        return "The init address " + hex(tune.initAddress) + " lies outside the music (" +
               hex(tune.loadAddress) + " to " + hex(tune.end() - 1) +
               "). The file is damaged: get another copy.";
    }
    if (tune.playAddress == 1) {
        return "The play address $0001 is the processor's port, not code. The file is damaged: get another copy.";
    }
    return {};
}

// The further chips' addresses, from version 3 and 4 on; a third that repeats the second is none.
void readSids(const Header& header, Tune& tune) {
    const unsigned flags = header.word(0x76);
    const auto model = [flags](unsigned bit) {
        return std::array{ChipModel::Unknown, ChipModel::Mos6581, ChipModel::Mos8580, ChipModel::Unknown}[flags >> bit & 3];
    };
    tune.sids[0].model = model(4);
    for (unsigned i = 1; i + 2 <= tune.version && i < 3; ++i) {
        const uint8_t code = header.bytes[0x79 + i];
        const uint16_t address = 0xd000 | code << 4;
        if (!isSidAddress(code) || address == tune.sids.back().address) continue;
        const ChipModel said = model(4 + 2 * i);
        tune.sids.push_back({address, said == ChipModel::Unknown ? tune.sids[0].model : said});
    }
}

// Version 2 and up: player kind, clock, chips, free pages.
std::string readFlags(const Header& header, Tune& tune) {
    if (tune.version < 2) return {};
    const unsigned flags = header.word(0x76);
    if (!tune.isRsid && (flags & 0x01)) {
        return "The file holds Sidplayer (MUS) data, which needs its own player program. "
               "Choose a version that was packed with its player.";
    }
    if (tune.isRsid && (flags & 0x02)) {
        return "The tune is a BASIC program, and this player has no BASIC: that ROM is not ours to ship. "
               "Choose a version of the tune without BASIC.";
    }
    tune.clock = static_cast<Clock>(flags >> 2 & 3);
    tune.freePage = header.bytes[0x78];
    tune.freePages = header.bytes[0x79];
    readSids(header, tune);
    return {};
}

// What an RSID promises: a program for an unchanged C64, that calls itself.
std::string checkRsid(const Header& header, Tune& tune) {
    if (!tune.isRsid) return {};
    const uint8_t page = tune.initAddress >> 12;
    std::string broken;
    if (header.word(8) || header.word(12) || header.dword(18)) {
        broken = "An RSID tune sets neither load address, play address nor speed in its header; this one does.";
    } else if (tune.loadAddress < lowestRsid) {
        broken = "The tune loads at " + hex(tune.loadAddress) + ", over what a C64 needs to load it.";
    } else if (page == 0xa || page == 0xb || page >= 0xd) {
        broken = "The init address " + hex(tune.initAddress) + " lies below ROM or I/O, where an RSID cannot start.";
    }
    return broken.empty() ? broken : broken + " The file is damaged: get another copy.";
}

}  // namespace

std::string hex(unsigned address) {
    std::string text = "$0000";
    for (std::size_t i = 4; i > 0; --i, address >>= 4) text[i] = "0123456789ABCDEF"[address & 0xf];
    return text;
}

std::string parsePsid(const std::vector<uint8_t>& file, Tune& tune) {
    const Header header{file};
    tune = Tune();
    if (auto wrong = checkFormat(header); !wrong.empty()) return wrong;
    tune.version = header.word(4);
    tune.isRsid = header.isRsid();
    for (const auto part : {readFlags, readSongs, readImage, readAddresses, checkRsid}) {
        if (auto wrong = part(header, tune); !wrong.empty()) return wrong;
    }
    tune.title = header.text(0x16);
    tune.author = header.text(0x36);
    tune.released = header.text(0x56);
    return {};
}

}  // namespace c64
