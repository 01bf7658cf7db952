// The serial register of a CIA as output: timer A shifts it out, half a bit an underflow. Nothing receives it.
#pragma once

#include "interrupt_line.h"

namespace c64 {

class CiaSerial {
public:
    // Starts to send what was written, or keeps it until the byte before has been sent.
    void load();
    void switchDirection();

    void shift(Cycle now);
    // When the byte has been sent.
    Cycle doneAt() const { return doneAt_; }
    bool done(Cycle now);
    bool busy() const { return loaded_ || halves_ || doneAt_ != never; }

private:
    bool loaded_ = false, waiting_ = false;
    unsigned halves_ = 0;  // still to shift out
    Cycle doneAt_ = never;
};

}  // namespace c64
