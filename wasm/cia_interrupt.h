// The interrupt logic of a 6526: it remembers what happened, and pulls its line a cycle later.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "interrupt_line.h"

namespace c64 {

class CiaInterrupt {
public:
    enum Source : uint8_t { TimerA = 0x01, TimerB = 0x02, Alarm = 0x04, Serial = 0x08 };

    // Does what is due in this cycle. Must be called for each cycle of `nextEvent()`, before `happen`.
    void clock(Cycle now);
    Cycle nextEvent() const { return std::min({publishAt_, raiseAt_, releaseAt_}); }

    void happen(Source source, Cycle now);
    // Reading clears what happened, and releases the line in the next cycle.
    uint8_t read(Cycle now);
    // Masking a source doesn't release the line.
    void writeMask(uint8_t value, Cycle now);

    bool waitsFor(uint8_t sources) const { return (mask_ & sources) && !(flags_ & requested); }
    bool enabled() const { return mask_; }
    const InterruptLine& line() const { return line_; }

private:
    static constexpr uint8_t requested = 0x80;

    void raise(Cycle now);
    void raiseAt(Cycle when) { raiseAt_ = std::min(raiseAt_, when); }
    bool justRead(Cycle now) const { return readAt_ + 1 == now; }

    InterruptLine line_;
    uint8_t flags_ = 0, sinceRead_ = 0, mask_ = 0;
    Cycle readAt_ = never - 1, maskedAt_ = never - 1;
    Cycle publishAt_ = never, raiseAt_ = never, releaseAt_ = never;
};

}  // namespace c64
