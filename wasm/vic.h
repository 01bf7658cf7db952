// VIC-II: the raster beam and its interrupt. No picture is made and no cycles are stolen.
#pragma once

#include <array>
#include <cstdint>

#include "cia.h"

namespace c64 {

struct VideoStandard {
    unsigned cyclesPerLine, lines;
    double clock;  // Hz, the colour crystal divided as on the board

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

private:
    unsigned line(Cycle now) const { return (now - origin_) / standard_.cyclesPerLine % standard_.lines; }
    void aim(Cycle now);

    VideoStandard standard_ = pal;
    std::array<uint8_t, 0x40> registers_{};
    unsigned rasterLine_ = 0;  // compared with the beam
    uint8_t flags_ = 0, mask_ = 0;
    Cycle origin_ = 0, nextRaster_ = never;
};

}  // namespace c64
