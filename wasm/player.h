// Plays one tune on a machine: loads it, runs init, renders sound, and stops what never ends.
#pragma once

#include "driver.h"
#include "setting.h"

namespace c64 {

class Player {
public:
    // All three return whether they succeeded; if not, `message()` says why.
    bool load(const std::vector<uint8_t>& file);
    bool start(unsigned song, unsigned sampleRate);
    // Exactly `count` samples in [-1, 1].
    bool render(float* out, std::size_t count);
    // Pass over `count` samples, several times as fast: all is as if they had been rendered, but for the filters,
    // whose state is too old until some samples later.
    bool skip(std::size_t count);

    // From the next start on, whatever tune is loaded.
    Overrides& overrides() { return overrides_; }
    SidBank& sids() { return machine_.sids(); }
    const std::string& message() const { return message_; }
    std::string info() const;  // JSON, "{}" when no tune is loaded

private:
    enum class State { Empty, Loaded, Playing };

    bool fail(std::string message, State state);
    std::string refusal(unsigned song, unsigned sampleRate) const;
    bool play();
    bool playing();
    bool runInit();
    bool run(Cycle until);
    bool cutPlayCall();
    bool reportJam();

    Machine machine_;
    Driver driver_;
    Tune tune_;
    Overrides overrides_;
    Setting setting_;
    unsigned song_ = 0;
    State state_ = State::Empty;
    double cyclesPerSample_ = 0;
    double owed_ = 0;  // cycles: what was to be skipped, less what was
    Cycle lastRest_ = 0;
    bool resting_ = true;
    unsigned cutCalls_ = 0;
    std::string message_;
};

}  // namespace c64
