// The little 6502 program that calls a tune: init once, then play at each interrupt.
#pragma once

#include <string>

#include "machine.h"
#include "psid.h"

namespace c64 {

class Driver {
public:
    // Put the program into a free page, the tune beside it, and the processor at the call of init.
    // Returns an empty string, or why there is no room.
    std::string install(Machine& machine, const Tune& tune, unsigned song, bool ntsc);

    // Once init has returned: start the clock that calls play. Returns an empty string, or what is missing.
    std::string startPlaying(Machine& machine, const Tune& tune, unsigned song) const;

    // Drop what the processor does and let it wait for the next interrupt.
    void rest(Machine& machine, const Tune& tune) const;

    // The endless loop that the processor is in when neither init nor play runs.
    uint16_t restAddress() const { return base_ + 3; }

private:
    void writeProgram(Machine& machine, const Tune& tune) const;
    void startTune(Machine& machine, const Tune& tune) const;
    bool tuneHasHandler(const Machine& machine) const;

    uint16_t base_ = 0;
};

}  // namespace c64
