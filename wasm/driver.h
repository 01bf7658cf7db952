// The 6502 program that calls a tune: init once, then play on each interrupt.
#pragma once

#include <string>

#include "machine.h"
#include "psid.h"

namespace c64 {

class Driver {
public:
    // Returns an empty string, or a message if the tune leaves no free page for the program.
    static std::string checkRoom(const Tune& tune);

    // Loads the program into a free page, loads the tune, and points the processor at the call of init.
    // Returns an empty string or a message.
    std::string install(Machine& machine, const Tune& tune, unsigned song, bool ntsc);

    // Starts the timer that calls play, after init has returned. Returns an empty string or a message.
    std::string startPlaying(Machine& machine, const Tune& tune, unsigned song) const;

    // Stops the running routine; the processor waits for the next interrupt.
    void rest(Machine& machine, const Tune& tune) const;

    // Whether the processor is in the endless loop that it runs between calls of init and play. A tune may put its own
    // code there.
    bool resting(Machine& machine) const;

private:
    uint16_t restAddress() const { return base_ + 3; }
    void writeProgram(Machine& machine, const Tune& tune) const;
    void startTune(Machine& machine, const Tune& tune) const;
    bool tuneHasHandler(const Machine& machine) const;

    uint16_t base_ = 0;
};

}  // namespace c64
