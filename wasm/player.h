// Plays one tune on a machine: loads it, runs init, renders sound, and stops routines that never return.
#pragma once

#include "boot.h"
#include "driver.h"
#include "setting.h"
#include "silence.h"

namespace c64 {

class Player {
public:
    // `roms` must outlive the player.
    explicit Player(RomImages& roms) : roms_(roms) {}

    // `load`, `start`, `analyze`, `render`, and `skip` return whether they succeeded; if not, `message()` says why.
    bool load(std::span<const uint8_t> file);
    bool start(unsigned song, unsigned sampleRate);
    // Starts for analysis: with the chips for it, and with the writes of init, and then of each `render` or `skip`, in
    // `trace`, which must outlive the song.
    bool analyze(unsigned song, unsigned sampleRate, Trace& trace);
    // Renders exactly `count` samples in [-1, 1], as `SidBank::render` does.
    bool render(float* left, float* right, std::size_t count);
    // Skips `count` samples, several times as fast as rendering them. The state afterwards is the same, except for the
    // filters, which need some rendered samples to catch up.
    bool skip(std::size_t count);

    // Apply from the next `start` on, to any tune.
    Overrides& overrides() { return overrides_; }
    bool setRom(RomKind kind, std::span<const uint8_t> image);
    // As `Silence::end`, for what was rendered since the start; only of a song that was started for analysis.
    int end() const { return silence_.end(); }
    SidBank& sids() { return machine_.sids(); }
    const std::string& message() const { return message_; }
    std::string info() const;  // JSON, "{}" when no tune is loaded

private:
    enum class State { Empty, Loaded, Playing };

    bool begin(unsigned song, unsigned sampleRate);
    bool fail(std::string message, State state);
    std::string checkStart(unsigned song, unsigned sampleRate) const;
    void powerOn(unsigned sampleRate);
    std::string installTune(unsigned sampleRate);
    std::string prepareSystem(unsigned sampleRate);
    std::string missingRoms() const;
    void startMus();
    void runMus(Cycle until);
    void playJiffy();
    bool play();
    bool playing();
    bool runInit();
    bool renderBlock(float* left, float* right, std::size_t count);
    bool run(Cycle until);
    bool cutPlayCall();
    bool reportJam();

    Machine machine_;
    Driver driver_;
    Tune tune_;
    Overrides overrides_;
    RomImages& roms_;
    SystemArea system_;
    unsigned systemVersion_ = 0;  // of the ROMs that `system_` is from; 0: none
    bool systemNtsc_ = false;
    Setting setting_;
    unsigned song_ = 0;
    State state_ = State::Empty;
    double cyclesPerSample_ = 0;
    double skipDebt_ = 0;  // cycles still to skip; negative if too many were
    Silence silence_;
    Trace* trace_ = nullptr;  // of the song, if it was started for analysis
    Cycle lastRest_ = 0;
    bool resting_ = true;
    unsigned cutCalls_ = 0;
    std::vector<MusPlayer> mus_;
    Cycle nextJiffy_ = 0;
    std::string message_;
};

// Describes a file without loading it: JSON as from `describe`, with the reason why the file can't be played, if any.
std::string inspect(std::span<const uint8_t> file);

}  // namespace c64
