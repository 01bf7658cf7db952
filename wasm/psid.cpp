#include "psid.h"

#include <algorithm>
#include <array>

namespace c64 {

namespace {

constexpr std::size_t headerV1 = 0x76, headerV2 = 0x7c, textLength = 32;
constexpr unsigned maxSongs = 256;
constexpr unsigned minRsidLoad = 0x07e8;  // system variables and the screen are below it

// A view of the big-endian header.
struct Header {
    std::span<const uint8_t> bytes;

    unsigned word(std::size_t at) const { return bytes[at] << 8 | bytes[at + 1]; }
    uint32_t dword(std::size_t at) const { return static_cast<uint32_t>(word(at)) << 16 | word(at + 2); }
    std::string magic() const { return {bytes.begin(), bytes.begin() + 4}; }
    bool isRsid() const { return magic() == "RSID"; }
    std::string text(std::size_t at) const;
};

// Header text is Latin-1, padded with zeros or spaces.
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
    utf8.erase(utf8.find_last_not_of(' ') + 1);
    return utf8;
}

bool isSidAddress(uint8_t code) {
    return code % 2 == 0 && ((code >= 0x42 && code <= 0x7e) || code >= 0xe0);
}

constexpr const char* incomplete = "It ends before its music, so it is incomplete. Get it again.";

std::string checkFormat(const Header& header) {
    const std::size_t size = header.bytes.size();
    if (size < headerV1) {
        return "It is too short to hold music, so it is incomplete or not a SID file. Get it again.";
    }
    if (!header.isRsid() && header.magic() != "PSID") {
        return "It is not a SID file, whatever its name says. Choose another one.";
    }
    const unsigned version = header.word(4), first = header.isRsid() ? 2 : 1;
    if (version < first || version > 4) {
        return "It says that it is of version " + std::to_string(version) +
               " of its format, which doesn't exist, so it is damaged. Get it again.";
    }
    const std::size_t needed = version == 1 ? headerV1 : headerV2;
    if (size < needed) return incomplete;
    const unsigned data = header.word(6);
    if (data >= size) return incomplete;
    return {};
}

void readText(const Header& header, Tune& tune) {
    tune.title = header.text(0x16);
    tune.author = header.text(0x36);
    tune.released = header.text(0x56);
}

void readSongs(const Header& header, Tune& tune) {
    tune.songs = std::clamp(header.word(14), 1u, maxSongs);
    const unsigned start = header.word(16);
    tune.startSong = start >= 1 && start <= tune.songs ? start : 1;
    tune.speed = header.dword(18);
}

std::string readImage(const Header& header, Tune& tune) {
    std::size_t at = header.word(6);
    tune.loadAddress = header.word(8);
    if (tune.loadAddress == 0) {
        if (header.bytes.size() < at + 2) return incomplete;
        tune.loadAddress = header.bytes[at] | header.bytes[at + 1] << 8;
        at += 2;
    }
    tune.image.assign(header.bytes.begin() + static_cast<std::ptrdiff_t>(at), header.bytes.end());
    if (tune.image.empty()) return incomplete;
    if (tune.end() > 0x10000) {
        return "Its music runs past the end of a C64's memory, so it is damaged. Get it again.";
    }
    return {};
}

void readAddresses(const Header& header, Tune& tune) {
    constexpr unsigned reservedPlay = 0xffff;  // an early form of "the tune installs its own interrupt"
    const unsigned init = header.word(10), play = header.word(12);
    tune.initAddress = init ? init : tune.loadAddress;
    tune.playAddress = play == reservedPlay ? 0 : play;
}

// Version 3 adds a second chip, version 4 a third. A third chip at the second one's address doesn't count.
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
        const ChipModel specified = model(4 + 2 * i);
        tune.sids.push_back({address, specified == ChipModel::Unknown ? tune.sids[0].model : specified});
    }
}

// Version 2 adds flags: clock, chip models, and free pages.
void readFlags(const Header& header, Tune& tune) {
    if (tune.version < 2) return;
    tune.clock = static_cast<Clock>(header.word(0x76) >> 2 & 3);
    tune.isBasic = tune.isRsid && (header.word(0x76) & 0x02);
    tune.freePage = header.bytes[0x78];
    tune.freePages = header.bytes[0x79];
    readSids(header, tune);
}

// A file may hold a second part, for a second SID.
bool readMusParts(std::span<const uint8_t> data, Tune& tune) {
    constexpr uint16_t secondSid = 0xd500;
    MusPart part;
    if (!readMus(data, part)) return false;
    data = data.subspan(part.size);
    tune.mus.push_back(std::move(part));
    if (!readMus(data, part)) return true;
    tune.mus.push_back(std::move(part));
    tune.sids.resize(1);
    tune.sids.push_back({secondSid, tune.sids[0].model});
    return true;
}

// A MUS file has no header: the first lines of its text are title and author.
bool readMusFile(std::span<const uint8_t> file, Tune& tune) {
    if (!readMusParts(file, tune)) return false;
    tune.version = 1;
    tune.songs = tune.startSong = 1;
    tune.title = tune.mus[0].text[0];
    tune.author = tune.mus[0].text[1];
    tune.released = tune.mus[0].text[2];
    return true;
}

bool holdsMus(const Header& header, const Tune& tune) {
    return tune.version >= 2 && !tune.isRsid && (header.word(0x76) & 0x01);
}

// An RSID is a program for an unmodified C64 that installs its own interrupt.
std::string checkRsid(const Header& header, const Tune& tune) {
    if (!tune.isRsid) return {};
    const uint8_t page = tune.initAddress >> 12;
    std::string problem;
    if (header.word(8) || header.word(12) || header.dword(18)) {
        problem = "The header of an RSID tune must leave load address, play address, and speed at zero.";
    } else if (tune.loadAddress < minRsidLoad) {
        problem = "The tune loads at " + hex(tune.loadAddress) + ", where a C64 keeps its system variables.";
    } else if (tune.isBasic) {
        if (header.word(10)) problem = "The header of a BASIC tune must leave the init address at zero.";
    } else if (page == 0xa || page == 0xb || page >= 0xd) {
        problem = "The init address " + hex(tune.initAddress) + " lies under ROM or I/O, where an RSID can't start.";
    } else if (tune.initAddress < tune.loadAddress || tune.initAddress >= tune.end()) {
        problem = "The init address " + hex(tune.initAddress) + " lies outside the music (" + hex(tune.loadAddress) +
                  " to " + hex(tune.end() - 1) + ").";
    }
    if (problem.empty()) return problem;
    return "A C64 can't play it, so it is damaged. Get it again. Details: " + problem;
}

}  // namespace

std::string hex(unsigned address) {
    std::string text = "$0000";
    for (std::size_t i = 4; i > 0; --i, address >>= 4) text[i] = "0123456789ABCDEF"[address & 0xf];
    return text;
}

std::string parsePsid(std::span<const uint8_t> file, Tune& tune) {
    const Header header{file};
    tune = Tune();
    if (readMusFile(file, tune)) return {};
    if (auto problem = checkFormat(header); !problem.empty()) return problem;
    tune.version = header.word(4);
    tune.isRsid = header.isRsid();
    readText(header, tune);
    readSongs(header, tune);
    readFlags(header, tune);
    if (holdsMus(header, tune)) {
        if (readMusParts(file.subspan(header.word(6)), tune)) return {};
        return "It should hold Sidplayer music, but its three voices aren't there, so it is damaged. Get it again.";
    }
    if (auto problem = readImage(header, tune); !problem.empty()) return problem;
    readAddresses(header, tune);
    return checkRsid(header, tune);
}

}  // namespace c64
