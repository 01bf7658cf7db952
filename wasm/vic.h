// VIC-II: the raster beam, its interrupt, and the cycles that it takes from the processor. There is no picture.
#pragma once

#include <array>
#include <cstdint>

#include "cia.h"

namespace c64 {

struct VideoStandard {
    unsigned cyclesPerLine, lines;
    double clock;  // Hz: the color crystal's frequency, divided as on the board

    unsigned cyclesPerFrame() const { return cyclesPerLine * lines; }
};

constexpr VideoStandard pal{63, 312, 17734475.0 / 18.0};
constexpr VideoStandard ntsc{65, 263, 14318181.8 / 14.0};

class Vic {
public:
    void reset(const VideoStandard& standard, Cycle now);
    uint8_t read(uint8_t reg, Cycle now);
    void write(uint8_t reg, uint8_t value, Cycle now);

    void update(Cycle now);
    bool interrupts() const { return flags_ & mask_ & 0x0f; }
    bool enabled() const { return mask_ & 0x0f; }
    Cycle nextEvent() const { return nextRaster_; }

    // In a line where the VIC fetches characters: the first cycle in which the processor must wait for the bus, and the
    // first in which it can use the bus again.
    Cycle takesBus() const { return nextTaken_; }
    Cycle busFree(Cycle now);

private:
    unsigned line(Cycle now) const { return (now - origin_) / standard_.cyclesPerLine % standard_.lines; }
    Cycle inFrame(Cycle now) const { return (now - origin_) % standard_.cyclesPerFrame(); }
    void aim(Cycle now);
    void aimTaken(Cycle now);

    VideoStandard standard_ = pal;
    std::array<uint8_t, 0x40> registers_{};
    unsigned rasterLine_ = 0;  // compared with the beam
    uint8_t flags_ = 0, mask_ = 0;
    Cycle origin_ = 0, nextRaster_ = never, nextTaken_ = never;
};

}  // namespace c64
