#include "psid.h"

#include <algorithm>

namespace c64 {

namespace {

constexpr std::size_t headerV1 = 0x76, headerV2 = 0x7c, textLength = 32;
constexpr unsigned maxSongs = 256;

// A cursor-free view of the big-endian header.
struct Header {
    const std::vector<uint8_t>& bytes;

    unsigned word(std::size_t at) const { return bytes[at] << 8 | bytes[at + 1]; }
    uint32_t dword(std::size_t at) const { return static_cast<uint32_t>(word(at)) << 16 | word(at + 2); }
    std::string magic() const { return {bytes.begin(), bytes.begin() + 4}; }
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
    if (header.magic() == "RSID") {
        return "This is an RSID tune: it needs a whole C64, which this player does not emulate yet. "
               "Choose the PSID version of the tune if there is one.";
    }
    if (header.magic() != "PSID") {
        return "This is not a SID file: it does not begin with PSID. Choose a .sid file.";
    }
    const unsigned version = header.word(4);
    if (version < 1 || version > 4) {
        return "The header claims PSID version " + std::to_string(version) +
               "; versions 1 to 4 exist. The file is damaged: get another copy.";
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

// Version 2 and up: player kind, clock, chip, free pages, further chips.
std::string readFlags(const Header& header, Tune& tune) {
    if (tune.version < 2) return {};
    const unsigned flags = header.word(0x76);
    if (flags & 0x01) {
        return "The file holds Sidplayer (MUS) data, which needs its own player program. "
               "Choose a version that was packed with its player.";
    }
    if (tune.version >= 3 && (isSidAddress(header.bytes[0x7a]) || isSidAddress(header.bytes[0x7b]))) {
        return "The tune is written for more than one SID chip, which this player does not emulate yet. "
               "Choose a tune for one chip.";
    }
    tune.isNtsc = (flags >> 2 & 3) == 2;
    tune.chip = (flags >> 4 & 3) == 2 ? ChipModel::Mos8580 : ChipModel::Mos6581;
    tune.freePage = header.bytes[0x78];
    tune.freePages = header.bytes[0x79];
    return {};
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
    for (const auto part : {readSongs, readImage, readAddresses, readFlags}) {
        if (auto wrong = part(header, tune); !wrong.empty()) return wrong;
    }
    tune.title = header.text(0x16);
    tune.author = header.text(0x36);
    tune.released = header.text(0x56);
    return {};
}

}  // namespace c64
