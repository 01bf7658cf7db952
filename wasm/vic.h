// VIC-II: the raster beam, its interrupt, and the cycles that it takes from the processor. There is no picture.
#pragma once

#include <array>
#include <cstdint>

#include "interrupt_line.h"
#include "sprites.h"

namespace c64 {

struct VideoStandard {
    unsigned cyclesPerLine, lines;
    unsigned firstSprite;  // cycle of a line in which the first sprite's fetch begins
    double clock;          // Hz: the color crystal's frequency, divided as on the board
    double mains;          // Hz

    unsigned cyclesPerFrame() const { return cyclesPerLine * lines; }
};

constexpr VideoStandard pal{63, 312, 54, 17734475.0 / 18.0, 50};
constexpr VideoStandard ntsc{65, 263, 55, 14318181.8 / 14.0, 60};

class Vic {
public:
    void reset(const VideoStandard& standard, Cycle now);
    uint8_t read(uint8_t reg, Cycle now);
    void write(uint8_t reg, uint8_t value, Cycle now);

    void update(Cycle now);
    const InterruptLine& line() const { return interruptLine_; }
    bool enabled() const { return mask_ & 0x0f; }
    Cycle nextEvent() const { return nextRaster_; }

    // Where the VIC fetches characters or sprites: the first cycle in which the processor must wait for the bus.
    Cycle takesBus() const { return takenFrom_; }
    // The cycle, from `now` on, in which the processor can use the bus again.
    Cycle busFree(Cycle now);

private:
    // Where in a line the search for the next fetch is.
    enum class Stage : uint8_t { Text, Sprites, SpritesTaken };

    Cycle inFrame(Cycle now) const { return (now - origin_) % standard_.cyclesPerFrame(); }
    Cycle frameStart(Cycle now) const { return now - inFrame(now); }
    unsigned lineAt(Cycle now) const { return static_cast<unsigned>(inFrame(now)) / standard_.cyclesPerLine; }
    unsigned shownLine(Cycle now) const;
    void aimRaster(Cycle now);
    void compareRaster(Cycle now);
    void writeControl(uint8_t value, Cycle now);
    void writeMask(uint8_t mask, uint8_t cleared, Cycle now);
    void writeSprites(uint8_t reg, uint8_t value, Cycle now);

    bool displays(Cycle frame) const;
    bool fetchesText(Cycle line) const;
    void aimFetch(Cycle from);
    void aimText(Cycle from);
    void beginLine(Cycle line);
    bool aimTextOf(Cycle line, Cycle from);
    bool aimSprites(Cycle from);
    bool takeFirst(Cycle base, Cycle from);

    VideoStandard standard_ = pal;
    std::array<uint8_t, 0x40> registers_{};
    Sprites sprites_;
    InterruptLine interruptLine_;
    unsigned rasterLine_ = 0;  // compared with the beam
    uint8_t flags_ = 0, mask_ = 0;
    Cycle origin_ = 0, nextRaster_ = never;
    Cycle controlWritten_ = 0, displayed_ = never;  // the last write of `control`, and the frame that it switched on
    Cycle takenFrom_ = never, takenTo_ = never;
    Cycle line_ = 0;  // begin of the line of `stage_`
    Stage stage_ = Stage::Text;
    uint32_t spriteCycles_ = 0;
};

}  // namespace c64
