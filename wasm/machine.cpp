#include "machine.h"

#include <algorithm>

namespace c64 {

void Machine::powerOn(const VideoStandard& standard, const std::vector<SidSpec>& sids, const Sound& sound,
                      unsigned sampleRate, bool sketch, Rom rom, const RomImages& images) {
    now_ = 0;
    memory_.reset(rom, images);
    const auto mainsPeriod = static_cast<Cycle>(standard.clock / standard.mains);
    cia1_.reset(mainsPeriod, now_);
    cia2_.reset(mainsPeriod, now_);
    vic_.reset(standard, now_);
    sids_.powerOn(sids, sound, standard.clock, sampleRate, sketch, now_);
    color_.fill(0);
    nmiTaken_ = never;
    update();
}

void Machine::update() {
    cia1_.update(now_);
    cia2_.update(now_);
    vic_.update(now_);
    nextEvent_ = std::min({cia1_.nextEvent(), cia2_.nextEvent(), vic_.nextEvent()});
    quiet_ = false;
}

// The processor polls its interrupt lines one cycle before an instruction ends: the level for an IRQ, an edge for an NMI.
void Machine::step() {
    if (now_ > nextEvent_) update();
    if (quiet_) return cpu_.step(false, false);
    quiet_ = !interruptPending();
    const bool taken = cpu_.polls() && nmi(now_ - 1);
    if (taken) nmiTaken_ = cia2_.line().pulledAt();
    cpu_.step(irq(), taken);
}

bool Machine::takesNmi() {
    update();
    if (!nmi(now_)) return false;
    nmiTaken_ = cia2_.line().pulledAt();
    return true;
}

void Machine::idle(Cycle limit) {
    if (now_ > nextEvent_) update();
    if (!interruptPending()) now_ = std::max(now_, std::min(nextEvent_, limit));
}

void Machine::skipLoop(Cycle limit) {
    const Registers& registers = cpu_.registers();
    if (loop_.effects == effects_ && loop_.registers == registers) {
        if (now_ > nextEvent_) update();
        const Cycle end = std::min(nextEvent_, limit), round = now_ - loop_.begin;
        if (!interruptPending() && end > now_) now_ += (end - now_) / round * round;
    }
    loop_ = {registers, effects_, now_};
}

uint8_t Machine::read(uint16_t address) {
    if (++now_ >= vic_.takesBus()) [[unlikely]] return readLate(address);
    if (memory_.area(address) == Memory::Area::Ram) return memory_.ram(address);
    return readMapped(address);
}

uint8_t Machine::readLate(uint16_t address) {
    now_ = vic_.busFree(now_);
    return readMapped(address);
}

uint8_t Machine::readMapped(uint16_t address) {
    switch (memory_.area(address)) {
        case Memory::Area::Ram: return memory_.ram(address);
        case Memory::Area::Rom: return memory_.rom(address);
        default: return readIo(address);
    }
}

void Machine::write(uint16_t address, uint8_t value) {
    ++now_;
    ++effects_;
    poke(address, value);
}

void Machine::load(uint16_t address, const std::vector<uint8_t>& bytes) {
    for (const uint8_t value : bytes) memory_.load(address++, value);
}

void Machine::poke(uint16_t address, uint8_t value) {
    if (memory_.area(address) == Memory::Area::Io) return writeIo(address, value);
    memory_.write(address, value);
}

uint8_t Machine::readIo(uint16_t address) {
    ++effects_;
    const uint8_t page = address >> 8;
    if (page < 0xd4) return vic_.read(address & 0x3f, now_);
    if (const unsigned chip = sids_.at(address); chip != SidBank::noChip) return sids_.read(chip, address & 0x1f, now_);
    if (page < 0xdc) return color_[address & 0x3ff] | 0xf0;
    if (page > 0xdd) return 0xff;
    const uint8_t value = (page == 0xdc ? cia1_ : cia2_).read(address & 0x0f, now_);
    update();
    return value;
}

void Machine::writeIo(uint16_t address, uint8_t value) {
    const uint8_t page = address >> 8;
    if (const unsigned chip = sids_.at(address); chip != SidBank::noChip) {
        return sids_.write(chip, address & 0x1f, value, now_);
    }
    if (page < 0xd4) {
        vic_.write(address & 0x3f, value, now_);
    } else if (page < 0xdc) {
        color_[address & 0x3ff] = value;
    } else if (page < 0xde) {
        (page == 0xdc ? cia1_ : cia2_).write(address & 0x0f, value, now_);
    }
    update();
}

}  // namespace c64
