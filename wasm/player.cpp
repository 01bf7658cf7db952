#include "player.h"

#include <algorithm>
#include <cmath>

namespace c64 {

namespace {

constexpr Cycle initLimit = 20'000'000;    // cycles (20 s): known tunes need up to 10
constexpr Cycle ownInitLimit = 1'000'000;  // cycles (1 s), for a tune that installs its own interrupt
constexpr Cycle playLimit = 1'000'000;     // cycles (1 s): no play routine needs a tenth of it
constexpr unsigned maxCutCalls = 5;        // in a row
constexpr std::size_t blockSize = 4096;    // frames rendered at a time
constexpr const char* addRoms = "Add your own copy in Preferences under C64 ROMs, or on a server in the folder "
                                "SIDFLOW_ROMS.";
constexpr unsigned minRate = 8000, maxRate = 192000;

// Cycles per sample of reSIDfp's resampler: it has two stages, and each rounds its ratio down to 1/1024.
double cyclesOfSample(double clock, double rate) {
    const double passed = rate > 44000 ? 40000 : 0.9 * rate;
    const double between = passed + std::sqrt(passed * clock * (rate - passed) / rate);
    return std::floor(clock / between * 1024) * std::floor(between / rate * 1024) / (1024.0 * 1024.0);
}

}  // namespace

bool Player::fail(std::string message, State state) {
    message_ = std::move(message);
    state_ = state;
    return false;
}

bool Player::load(std::span<const uint8_t> file) {
    if (auto problem = parsePsid(file, tune_); !problem.empty()) return fail(std::move(problem), State::Empty);
    song_ = tune_.startSong;
    setting_ = settingFor(tune_, overrides_);
    message_.clear();
    state_ = State::Loaded;
    return true;
}

std::string Player::checkStart(unsigned song, unsigned sampleRate) const {
    const unsigned lowest = trace_ ? Trace::minRate : minRate;
    if (sampleRate < lowest || sampleRate > maxRate) {
        return "A sample rate of " + std::to_string(sampleRate) + " Hz isn't supported. Use " + std::to_string(lowest) +
               " to " + std::to_string(maxRate) + ".";
    }
    if (song > tune_.songs) {
        return "Song " + std::to_string(song) + " doesn't exist. Choose a song from 1 to " + std::to_string(tune_.songs) + ".";
    }
    return {};
}

bool Player::start(unsigned song, unsigned sampleRate) {
    trace_ = nullptr;
    return begin(song, sampleRate);
}

bool Player::analyze(unsigned song, unsigned sampleRate, Trace& trace) {
    trace_ = &trace;
    silence_.reset(sampleRate);
    return begin(song, sampleRate);
}

bool Player::begin(unsigned song, unsigned sampleRate) {
    machine_.sids().record(nullptr);
    if (state_ == State::Empty) return fail("No tune is loaded. Load a .sid file first.", State::Empty);
    if (auto problem = checkStart(song, sampleRate); !problem.empty()) return fail(std::move(problem), State::Loaded);
    song_ = song ? song : tune_.startSong;
    setting_ = settingFor(tune_, overrides_);
    cyclesPerSample_ = cyclesOfSample((setting_.ntsc ? ntsc : pal).clock, sampleRate);
    if (auto problem = installTune(sampleRate); !problem.empty()) return fail(std::move(problem), State::Loaded);
    if (trace_) trace_->start(machine_.now());
    machine_.sids().record(trace_);
    return tune_.isRsid || !tune_.mus.empty() ? play() : runInit();
}

void Player::powerOn(unsigned sampleRate) {
    const VideoStandard& standard = setting_.ntsc ? ntsc : pal;
    machine_.powerOn(standard, setting_.sids, overrides_.sound, sampleRate,
                     trace_ != nullptr, tune_.isRsid ? Rom::ForRsid : Rom::ForPsid, roms_);
}

// Makes the C64 ready to call init, or to run the BASIC program.
std::string Player::installTune(unsigned sampleRate) {
    if (auto problem = missingRoms(); !problem.empty()) return problem;
    if (auto problem = prepareSystem(sampleRate); !problem.empty()) return problem;
    powerOn(sampleRate);
    mus_.clear();
    if (!tune_.mus.empty()) {
        startMus();
        return {};
    }
    if (tune_.isBasic) {
        driver_ = Driver();
        machine_.sids().audible(false);
        auto problem = bootBasic(machine_, tune_, song_);
        machine_.sids().advance(machine_.now());
        machine_.sids().audible(true);
        return problem;
    }
    if (roms_.has(RomKind::Kernal)) system_.restore(machine_, tune_.isRsid);
    return driver_.install(machine_, tune_, song_, setting_.ntsc);
}

// Runs the listener's KERNAL once for each video standard, to learn what its reset routine leaves in RAM.
std::string Player::prepareSystem(unsigned sampleRate) {
    if (tune_.isBasic || !tune_.mus.empty() || !roms_.has(RomKind::Kernal)) return {};
    if (systemVersion_ == roms_.version() && systemNtsc_ == setting_.ntsc) return {};
    powerOn(sampleRate);
    machine_.sids().audible(false);
    if (auto problem = bootKernal(machine_); !problem.empty()) return problem;
    system_.save(machine_);
    systemVersion_ = roms_.version();
    systemNtsc_ = setting_.ntsc;
    return {};
}

// A BASIC program needs two ROMs; other tunes may only need them for some of their calls.
std::string Player::missingRoms() const {
    if (!tune_.isBasic) return {};
    std::string names;
    for (const RomKind kind : {RomKind::Kernal, RomKind::Basic}) {
        if (!roms_.has(kind)) names += (names.empty() ? "" : " and ") + std::string(romName(kind));
    }
    return names.empty() ? names : "The tune is a BASIC program, which needs the C64's " + names + " ROM. " + addRoms;
}

bool Player::setRom(RomKind kind, std::span<const uint8_t> image) {
    message_ = roms_.set(kind, image);
    return message_.empty();
}

// Runs init silently, unless the tune installs its own interrupt: then init may play the tune and never return.
bool Player::runInit() {
    machine_.sids().audible(tune_.callsItself());
    while (!driver_.resting(machine_)) {
        if (machine_.cpu().jammed()) return reportJam();
        if (tune_.callsItself() && machine_.now() > ownInitLimit) return play();
        if (machine_.now() > initLimit) {
            return fail("The tune's init routine at " + hex(tune_.initAddress) + " didn't return within 20 s of C64 " +
                            "time, so it was stopped. The file is damaged or needs a real C64: get another copy.",
                        State::Loaded);
        }
        machine_.step();
    }
    machine_.sids().advance(machine_.now());
    machine_.sids().audible(true);
    if (auto problem = driver_.startPlaying(machine_, tune_, song_); !problem.empty()) {
        return fail(std::move(problem), State::Loaded);
    }
    return play();
}

void Player::startMus() {
    driver_ = Driver();
    for (const MusPart& part : tune_.mus) mus_.emplace_back(part);
    nextJiffy_ = machine_.now();
}

void Player::runMus(Cycle until) {
    while (machine_.now() < until) {
        if (machine_.now() >= nextJiffy_) playJiffy();
        machine_.wait(std::max(machine_.now(), std::min(until, nextJiffy_)));
    }
}

void Player::playJiffy() {
    constexpr unsigned palJiffy = 16422, ntscJiffy = 17046;
    constexpr Cycle gateOff = 100;  // cycles before a new note
    unsigned jiffy = setting_.ntsc ? ntscJiffy : palJiffy;
    const Cycle began = machine_.now();
    for (MusPlayer& mus : mus_) {
        mus.advance();
        if (mus.jiffy()) jiffy = mus.jiffy();
        const auto chip = static_cast<unsigned>(&mus - mus_.data());
        for (unsigned voice = 0; voice < 3; ++voice) {
            const auto control = static_cast<uint8_t>(7 * voice + 4);
            if (mus.retriggered[voice]) machine_.sids().write(chip, control, mus.registers[control] & 0xfe, began);
        }
    }
    machine_.wait(began + gateOff);
    for (const MusPlayer& mus : mus_) {
        const auto chip = static_cast<unsigned>(&mus - mus_.data());
        for (uint8_t i = 0; i < MusPlayer::registerCount; ++i) {
            machine_.sids().write(chip, i, mus.registers[i], machine_.now());
        }
    }
    nextJiffy_ = began + jiffy;
}

bool Player::play() {
    lastRest_ = machine_.now();
    cutCalls_ = 0;
    resting_ = true;
    skipDebt_ = 0;
    state_ = State::Playing;
    return true;
}

bool Player::playing() {
    if (trace_) trace_->clear();
    if (state_ == State::Playing) return true;
    if (message_.empty()) message_ = "Nothing is playing. Start a song first.";
    return false;
}

bool Player::render(float* left, float* right, std::size_t count) {
    if (!playing()) return false;
    for (std::size_t done = 0, size; done < count; done += size) {
        size = std::min(count - done, blockSize);
        if (!renderBlock(left + done, right + done, size)) return false;
    }
    return true;
}

bool Player::renderBlock(float* left, float* right, std::size_t count) {
    SidBank& sids = machine_.sids();
    sids.advance(machine_.now());
    while (sids.available() < count) {
        const auto missing = static_cast<double>(count - sids.available());
        if (!run(machine_.now() + static_cast<Cycle>(missing * cyclesPerSample_) + 1)) return false;
        sids.advance(machine_.now());
    }
    sids.render(left, right, count);
    if (trace_) silence_.add(left, count);
    if (trace_ && silence_.end() > 0) sids.record(nullptr);
    return true;
}

bool Player::skip(std::size_t count) {
    if (!playing()) return false;
    SidBank& sids = machine_.sids();
    sids.advance(machine_.now());
    const std::size_t made = std::min(count, sids.available());
    sids.drop(made);
    const Cycle from = machine_.now();
    skipDebt_ += static_cast<double>(count - made) * cyclesPerSample_;
    if (skipDebt_ < 1) return true;
    sids.audible(false);
    const bool going = run(from + static_cast<Cycle>(skipDebt_));
    sids.advance(machine_.now());
    sids.audible(true);
    skipDebt_ -= static_cast<double>(machine_.now() - from);
    return going;
}

// A processor at rest does nothing until the next interrupt, so time can jump there. In analysis, where the cycles that the
// VIC takes don't matter, time also jumps over rounds of a tune's own waiting loop.
bool Player::run(Cycle until) {
    if (!mus_.empty()) {
        runMus(until);
        return true;
    }
    while (machine_.now() < until) {
        if (driver_.resting(machine_)) {
            if (!resting_) cutCalls_ = 0;
            resting_ = true;
            machine_.idle(until);
            lastRest_ = machine_.now();
            if (lastRest_ >= until) break;
        } else {
            resting_ = false;
            if (!tune_.callsItself() && machine_.now() - lastRest_ > playLimit && !cutPlayCall()) return false;
        }
        const uint16_t at = machine_.cpu().registers().pc;
        machine_.step();
        if (trace_ && machine_.cpu().registers().pc <= at) machine_.skipLoop(until);
        if (machine_.cpu().jammed()) return reportJam();
    }
    return true;
}

bool Player::cutPlayCall() {
    if (++cutCalls_ == maxCutCalls) {
        return fail("The tune's play routine didn't return " + std::to_string(maxCutCalls) +
                        " times in a row, so it was stopped. The file is damaged or needs a real C64: get another copy.",
                    State::Loaded);
    }
    driver_.rest(machine_, tune_);
    resting_ = true;
    lastRest_ = machine_.now();
    return true;
}

bool Player::reportJam() {
    const uint16_t at = machine_.cpu().registers().pc;
    if (machine_.seesRom(at) && !roms_.has(romAt(at))) {
        return fail("The tune calls the C64's " + std::string(romName(romAt(at))) + " ROM at " + hex(at) +
                        ", which this player doesn't include. " + addRoms,
                    State::Loaded);
    }
    return fail("The tune halted the processor with the instruction at " + hex(at) +
                    ". The file is damaged or needs a real C64: get another copy.",
                State::Loaded);
}

std::string Player::info() const {
    return state_ == State::Empty ? "{}" : describe(tune_, setting_, song_);
}

std::string inspect(std::span<const uint8_t> file) {
    Tune tune;
    std::string problem = parsePsid(file, tune);
    if (problem.empty() && !tune.isBasic && tune.mus.empty()) problem = Driver::checkRoom(tune);
    return describe(tune, problem);
}

}  // namespace c64
