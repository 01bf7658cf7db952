#include "vic.h"

#include <algorithm>

namespace c64 {

namespace {
constexpr uint8_t control = 0x11, raster = 0x12, flags = 0x19, enable = 0x1a;
constexpr uint8_t rasterFlag = 0x01, pendingFlag = 0x80;
constexpr uint8_t displayOn = 0x10, scroll = 0x07;  // in `control`
constexpr unsigned firstText = 0x30, lastText = 0xf7;   // lines
constexpr unsigned taken = 11, free = 54;               // cycles in a line
}  // namespace

void Vic::reset(const VideoStandard& standard, Cycle now) {
    *this = Vic();
    standard_ = standard;
    origin_ = now;
    registers_[control] = 0x1b;
    aim(now);
    aimTaken(now);
}

// Finds the next cycle in which the beam reaches the compare line; it never reaches a line outside the frame.
void Vic::aim(Cycle now) {
    if (rasterLine_ >= standard_.lines) {
        nextRaster_ = never;
        return;
    }
    const Cycle target = static_cast<Cycle>(rasterLine_) * standard_.cyclesPerLine;
    nextRaster_ = now - inFrame(now) + target + (target > inFrame(now) ? 0 : standard_.cyclesPerFrame());
}

// The VIC fetches characters in every eighth line of the text area; the scroll register selects which.
void Vic::aimTaken(Cycle now) {
    if (!(registers_[control] & displayOn)) {
        nextTaken_ = never;
        return;
    }
    const auto cycle = static_cast<unsigned>(inFrame(now));
    const unsigned begun = cycle / standard_.cyclesPerLine + (cycle % standard_.cyclesPerLine >= free);
    unsigned line = std::max(begun, firstText);
    line += (registers_[control] - line) & scroll;
    if (line > lastText) line = standard_.lines + firstText + (registers_[control] & scroll);
    nextTaken_ = now - cycle + static_cast<Cycle>(line) * standard_.cyclesPerLine + taken;
}

Cycle Vic::busFree(Cycle now) {
    const Cycle end = nextTaken_ - taken + free;
    aimTaken(std::max(now, end));
    return std::max(now, end);
}

void Vic::update(Cycle now) {
    if (now < nextRaster_) return;
    flags_ |= rasterFlag;
    aim(now);
}

uint8_t Vic::read(uint8_t reg, Cycle now) {
    update(now);
    switch (reg) {
        case control: return (registers_[control] & 0x7f) | (line(now) >> 8) << 7;
        case raster: return line(now) & 0xff;
        case flags: return flags_ | 0x70 | (interrupts() ? pendingFlag : 0);
        case enable: return mask_ | 0xf0;
        default: return registers_[reg];
    }
}

void Vic::write(uint8_t reg, uint8_t value, Cycle now) {
    update(now);
    registers_[reg] = value;
    switch (reg) {
        case control:
        case raster:
            rasterLine_ = registers_[raster] | (registers_[control] & 0x80) << 1;
            aim(now);
            return aimTaken(now);
        case flags: flags_ &= ~value; return;
        case enable: mask_ = value & 0x0f; return;
        default: return;
    }
}

}  // namespace c64
