#include "vic.h"

namespace c64 {

namespace {
constexpr uint8_t control = 0x11, raster = 0x12, flags = 0x19, enable = 0x1a;
constexpr uint8_t rasterFlag = 0x01, anyFlag = 0x80;
}  // namespace

void Vic::reset(const VideoStandard& standard, Cycle now) {
    *this = Vic();
    standard_ = standard;
    origin_ = now;
    registers_[control] = 0x1b;
    aim(now);
}

// The next cycle at which the beam reaches the compared line; a line beyond the frame is never reached.
void Vic::aim(Cycle now) {
    if (rasterLine_ >= standard_.lines) {
        nextRaster_ = never;
        return;
    }
    const Cycle frame = standard_.cyclesPerFrame();
    const Cycle inFrame = (now - origin_) % frame;
    const Cycle target = static_cast<Cycle>(rasterLine_) * standard_.cyclesPerLine;
    nextRaster_ = now - inFrame + target + (target > inFrame ? 0 : frame);
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
        case flags: return flags_ | 0x70 | (interrupts() ? anyFlag : 0);
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
            return aim(now);
        case flags: flags_ &= ~value; return;
        case enable: mask_ = value & 0x0f; return;
        default: return;
    }
}

}  // namespace c64
