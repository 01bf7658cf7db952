#include "vic.h"

#include <algorithm>
#include <bit>

namespace c64 {

namespace {
constexpr uint8_t control = 0x11, raster = 0x12, spriteEnable = 0x15, spriteExpansion = 0x17, flags = 0x19, enable = 0x1a;
constexpr uint8_t spritePositions = 0x10;  // registers before this one: X and Y in turn
constexpr uint8_t rasterFlag = 0x01, pendingFlag = 0x80;
constexpr uint8_t displayOn = 0x10, scroll = 0x07;     // in `control`
constexpr unsigned firstText = 0x30, lastText = 0xf7;  // lines
constexpr unsigned taken = 11, free = 54;              // cycles in a line of text
}  // namespace

void Vic::reset(const VideoStandard& standard, Cycle now) {
    *this = Vic();
    standard_ = standard;
    origin_ = now;
    line_ = now;
    registers_[control] = 0x1b;
    aimRaster(now);
    aimFetch(now);
}

// The beam's line as registers and comparison see it: line 0 begins a cycle late.
unsigned Vic::shownLine(Cycle now) const {
    return inFrame(now) == 0 ? standard_.lines - 1 : lineAt(now);
}

// Finds the next cycle in which the beam reaches the compare line; it never reaches a line outside the frame.
void Vic::aimRaster(Cycle now) {
    if (rasterLine_ >= standard_.lines) {
        nextRaster_ = never;
        return;
    }
    const Cycle target = static_cast<Cycle>(rasterLine_) * standard_.cyclesPerLine + (rasterLine_ == 0);
    nextRaster_ = frameStart(now) + target + (target > inFrame(now) ? 0 : standard_.cyclesPerFrame());
}

// A compare line that is moved to the beam interrupts at once.
void Vic::compareRaster(Cycle now) {
    const unsigned before = rasterLine_;
    rasterLine_ = registers_[raster] | (registers_[control] & 0x80) << 1;
    aimRaster(now);
    if (before != rasterLine_ && rasterLine_ == shownLine(now + 1)) nextRaster_ = now + 1;
}

void Vic::update(Cycle now) {
    while (now >= nextRaster_) {
        flags_ |= rasterFlag;
        if (mask_ & rasterFlag) interruptLine_.pull(nextRaster_);
        aimRaster(nextRaster_);
    }
}

uint8_t Vic::read(uint8_t reg, Cycle now) {
    update(now);
    switch (reg) {
        case control: return (registers_[control] & 0x7f) | (shownLine(now) >> 8) << 7;
        case raster: return shownLine(now) & 0xff;
        case flags: return flags_ | 0x70 | (interruptLine_.pulled() ? pendingFlag : 0);
        case enable: return mask_ | 0xf0;
        default: return reg < 0x20 ? registers_[reg] : reg < 0x2f ? registers_[reg] | 0xf0 : 0xff;
    }
}

void Vic::write(uint8_t reg, uint8_t value, Cycle now) {
    update(now);
    switch (reg) {
        case control: return writeControl(value, now);
        case raster:
            registers_[raster] = value;
            return compareRaster(now);
        case flags: return writeMask(mask_, value, now);
        case enable: return writeMask(value & 0x0f, 0, now);
        default: break;
    }
    registers_[reg] = value;
    if (reg < spritePositions || reg == spriteEnable || reg == spriteExpansion) writeSprites(reg, value, now);
}

void Vic::writeMask(uint8_t mask, uint8_t cleared, Cycle now) {
    flags_ &= ~cleared;
    mask_ = mask;
    if (flags_ & mask_) {
        interruptLine_.pull(now);
    } else {
        interruptLine_.release(now);
    }
}

void Vic::writeControl(uint8_t value, Cycle now) {
    const Cycle frame = frameStart(now);
    if (displays(frame) && lineAt(now) >= firstText) displayed_ = frame;
    if ((value & displayOn) && lineAt(now) == firstText) displayed_ = frame;
    registers_[control] = value;
    controlWritten_ = now;
    compareRaster(now);
    if (takenFrom_ <= now && now < takenTo_) return;  // a fetch that has begun goes on
    if (stage_ != Stage::SpritesTaken && now < line_ + free) stage_ = Stage::Text;
    aimFetch(now + 1);
}

// While no sprite was active, no line was followed.
void Vic::writeSprites(uint8_t reg, uint8_t value, Cycle now) {
    const bool followed = sprites_.active();
    if (reg == spriteEnable) {
        sprites_.writeEnable(value);
    } else if (reg == spriteExpansion) {
        sprites_.writeExpansion(value);
    } else if (reg & 1) {
        sprites_.writeY(reg >> 1, value);
    }
    if (followed == sprites_.active()) return;
    beginLine(now - inFrame(now) % standard_.cyclesPerLine);
    if (now < takenFrom_ || now >= takenTo_) aimFetch(now + 1);
}

// A frame has text if the display is on in any cycle of the first line of text.
bool Vic::displays(Cycle frame) const {
    const Cycle decided = frame + (firstText + 1) * standard_.cyclesPerLine;
    return displayed_ == frame || ((registers_[control] & displayOn) && controlWritten_ < decided);
}

// The VIC fetches characters in every eighth line of the text area; the scroll register selects which.
bool Vic::fetchesText(Cycle line) const {
    const unsigned number = lineAt(line);
    return number >= firstText && number <= lastText && ((registers_[control] ^ number) & scroll) == 0 &&
           displays(frameStart(line));
}

// Without sprites, only lines of text are of interest.
void Vic::aimText(Cycle from) {
    const auto cycle = static_cast<unsigned>(inFrame(from));
    Cycle frame = from - cycle;
    unsigned line = std::max(cycle / standard_.cyclesPerLine + (cycle % standard_.cyclesPerLine >= free), firstText);
    line += (registers_[control] - line) & scroll;
    if (line > lastText || !displays(frame)) {
        frame += standard_.cyclesPerFrame();
        line = firstText + (registers_[control] & scroll);
    }
    takenFrom_ = takenTo_ = never;
    if (displays(frame)) aimTextOf(frame + static_cast<Cycle>(line) * standard_.cyclesPerLine, from);
}

bool Vic::aimTextOf(Cycle line, Cycle from) {
    if (from >= line + free) return false;
    takenFrom_ = std::max(line + taken, from);
    takenTo_ = line + free;
    return true;
}

void Vic::beginLine(Cycle line) {
    line_ = line;
    stage_ = Stage::Text;
}

// With sprites, it goes from line to line: the text, the cycle in which the sprites are decided, and their fetches.
void Vic::aimFetch(Cycle from) {
    while (sprites_.active()) {
        if (stage_ == Stage::Text) {
            stage_ = Stage::Sprites;
            if (fetchesText(line_) && aimTextOf(line_, from)) return;
        }
        if (aimSprites(from)) return;
        beginLine(line_ + standard_.cyclesPerLine);
    }
    aimText(from);
}

bool Vic::aimSprites(Cycle from) {
    const Cycle decided = line_ + standard_.firstSprite;
    if (stage_ == Stage::Sprites) {
        takenFrom_ = takenTo_ = decided;
        if (from < decided) return true;
        sprites_.beginFetches(lineAt(line_) & 0xff);
        spriteCycles_ = sprites_.takenCycles();
        sprites_.endFetches();
        stage_ = Stage::SpritesTaken;
    }
    return takeFirst(decided, from);
}

// Takes the first run of the sprites' cycles that isn't over.
bool Vic::takeFirst(Cycle base, Cycle from) {
    while (spriteCycles_) {
        const int first = std::countr_zero(spriteCycles_), length = std::countr_one(spriteCycles_ >> first);
        spriteCycles_ &= ~(((1u << length) - 1) << first);
        takenFrom_ = base + static_cast<Cycle>(first);
        takenTo_ = takenFrom_ + static_cast<Cycle>(length);
        if (takenTo_ > from) return true;
    }
    return false;
}

Cycle Vic::busFree(Cycle now) {
    while (now >= takenFrom_) {
        now = std::max(now, takenTo_);
        aimFetch(now);
    }
    return now;
}

}  // namespace c64
