// Starts the C64 with the listener's ROMs, as switching it on does.
#pragma once

#include <array>
#include <string>

#include "machine.h"
#include "psid.h"

namespace c64 {

// Runs the KERNAL's reset routine until it enters BASIC. Returns an empty string or a message.
std::string bootKernal(Machine& machine);

// Runs both ROMs' start until BASIC waits for a line, loads the tune, and types RUN. Returns an empty string or a message.
std::string bootBasic(Machine& machine, const Tune& tune, unsigned song);

// The KERNAL's variables and vectors as its reset routine leaves them.
class SystemArea {
public:
    void save(const Machine& machine);
    // An RSID gets all of it. A PSID gets what KERNAL routines need, because its author expects zeros elsewhere.
    void restore(Machine& machine, bool isRsid) const;

private:
    static constexpr uint16_t size = 0x400;
    std::array<uint8_t, size> bytes_{};
};

}  // namespace c64
