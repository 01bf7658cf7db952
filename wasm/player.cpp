#include "player.h"

namespace c64 {

namespace {

constexpr Cycle initLimit = 5'000'000;  // cycles, 5 s: longer than known decompressors need
constexpr Cycle playLimit = 1'000'000;  // cycles, 1 s: no play routine needs a tenth of it
constexpr unsigned maxCutCalls = 5;     // in a row
constexpr unsigned minRate = 8000, maxRate = 192000;

std::string quoted(const std::string& text) {
    std::string json = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') json += '\\';
        if (static_cast<unsigned char>(c) >= 0x20) json += c;
    }
    return json + '"';
}

std::string field(const char* name, const std::string& json) { return '"' + std::string(name) + "\":" + json; }
std::string field(const char* name, unsigned value) { return field(name, std::to_string(value)); }

}  // namespace

bool Player::fail(std::string message, State state) {
    message_ = std::move(message);
    state_ = state;
    return false;
}

bool Player::load(const std::vector<uint8_t>& file) {
    if (auto wrong = parsePsid(file, tune_); !wrong.empty()) return fail(std::move(wrong), State::Empty);
    song_ = tune_.startSong;
    message_.clear();
    state_ = State::Loaded;
    return true;
}

bool Player::start(unsigned song, unsigned sampleRate) {
    if (state_ == State::Empty) return fail("No tune is loaded. Load a .sid file first.", State::Empty);
    if (sampleRate < minRate || sampleRate > maxRate) {
        return fail("A sample rate of " + std::to_string(sampleRate) + " Hz cannot be made. Ask for 8000 to 192000.",
                    State::Loaded);
    }
    if (song > tune_.songs) {
        return fail("Song " + std::to_string(song) + " does not exist: the tune has " +
                        std::to_string(tune_.songs) + ". Choose one from 1.",
                    State::Loaded);
    }
    song_ = song ? song : tune_.startSong;
    const VideoStandard& standard = tune_.isNtsc ? ntsc : pal;
    cyclesPerSample_ = standard.clock / sampleRate;
    machine_.powerOn(standard, tune_.chip, sampleRate);
    if (auto wrong = driver_.install(machine_, tune_, song_); !wrong.empty()) {
        return fail(std::move(wrong), State::Loaded);
    }
    return runInit();
}

bool Player::runInit() {
    machine_.sid().audible(false);
    const auto& registers = machine_.cpu().registers();
    while (registers.pc != driver_.restAddress()) {
        if (machine_.cpu().jammed()) return reportJam();
        if (machine_.now() > initLimit) {
            return fail("The tune's init routine at " + hex(tune_.initAddress) + " did not return within 5 s of C64 " +
                            "time and was stopped. The file is damaged or needs a real C64: get another copy.",
                        State::Loaded);
        }
        machine_.step();
    }
    machine_.sid().advance(machine_.now());
    machine_.sid().audible(true);
    if (auto wrong = driver_.startPlaying(machine_, tune_, song_); !wrong.empty()) {
        return fail(std::move(wrong), State::Loaded);
    }
    lastRest_ = machine_.now();
    cutCalls_ = 0;
    resting_ = true;
    state_ = State::Playing;
    return true;
}

bool Player::render(float* out, std::size_t count) {
    if (state_ != State::Playing) {
        if (message_.empty()) message_ = "Nothing is playing. Start a song first.";
        return false;
    }
    SidChip& sid = machine_.sid();
    while (sid.available() < count) {
        const auto missing = static_cast<double>(count - sid.available());
        if (!run(machine_.now() + static_cast<Cycle>(missing * cyclesPerSample_) + 1)) return false;
        sid.advance(machine_.now());
    }
    sid.take(out, count);
    return true;
}

// A processor at rest has no work until an interrupt, so time may jump there.
bool Player::run(Cycle until) {
    const auto& registers = machine_.cpu().registers();
    while (machine_.now() < until) {
        if (registers.pc == driver_.restAddress()) {
            if (!resting_) cutCalls_ = 0;
            resting_ = true;
            machine_.idle(until);
            lastRest_ = machine_.now();
            if (lastRest_ >= until) break;
        } else {
            resting_ = false;
            if (machine_.now() - lastRest_ > playLimit && !cutPlayCall()) return false;
        }
        machine_.step();
        if (machine_.cpu().jammed()) return reportJam();
    }
    return true;
}

bool Player::cutPlayCall() {
    if (++cutCalls_ == maxCutCalls) {
        return fail("The tune's play routine did not return, " + std::to_string(maxCutCalls) +
                        " times in a row, and was stopped. The file is damaged or needs a real C64: get another copy.",
                    State::Loaded);
    }
    driver_.rest(machine_, tune_);
    resting_ = true;
    lastRest_ = machine_.now();
    return true;
}

bool Player::reportJam() {
    return fail("The tune halted the processor with the instruction at " + hex(machine_.cpu().registers().pc) +
                    ". The file is damaged or needs a real C64: get another copy.",
                State::Loaded);
}

void Player::mute(uint8_t mask) { machine_.sid().mute(mask); }

std::string Player::infoJson() const {
    if (state_ == State::Empty) return "{}";
    return '{' + field("format", quoted("PSID")) + ',' + field("version", tune_.version) + ',' +
           field("title", quoted(tune_.title)) + ',' + field("author", quoted(tune_.author)) + ',' +
           field("released", quoted(tune_.released)) + ',' + field("songs", tune_.songs) + ',' +
           field("startSong", tune_.startSong) + ',' + field("clock", quoted(tune_.isNtsc ? "NTSC" : "PAL")) + ',' +
           field("chip", static_cast<unsigned>(tune_.chip)) + ',' + field("chips", 1) + ',' +
           field("speed", quoted(tune_.ciaTimed(song_) ? "cia" : "frame")) + ',' +
           field("loadAddress", tune_.loadAddress) + ',' + field("initAddress", tune_.initAddress) + ',' +
           field("playAddress", tune_.playAddress) + '}';
}

}  // namespace c64
