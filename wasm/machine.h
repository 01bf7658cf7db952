// The C64 as a tune sees it: owns processor, memory, CIAs, VIC, and SIDs, and keeps them on one clock.
#pragma once

#include "cia.h"
#include "cpu.h"
#include "memory.h"
#include "sid_bank.h"
#include "vic.h"

namespace c64 {

class Machine {
public:
    Machine() : cpu_(*this) {}

    void powerOn(const VideoStandard& standard, const std::vector<SidSpec>& sids, const Sound& sound, unsigned sampleRate,
                 bool sketch, Rom rom, const RomImages& images);

    // Runs one instruction, or enters a pending interrupt.
    void step();
    // Advances time while nothing runs.
    void wait(Cycle until) { now_ = until; }
    // Advances time to the next interrupt, at most to `limit`, while the processor waits.
    void idle(Cycle limit);

    Cycle now() const { return now_; }
    Cpu<Machine>& cpu() { return cpu_; }
    SidBank& sids() { return sids_; }
    // To be called after a jump back. Advances time, at most to `limit`, by whole rounds of a loop that waits for an
    // interrupt: one that comes back with the same registers, and has written nothing and read no chip.
    void skipLoop(Cycle limit);
    bool interruptsEnabled() const { return cia1_.enabled() || cia2_.enabled() || vic_.enabled(); }

    // The bus: each access takes one cycle, and a read waits while the VIC has the bus.
    [[gnu::noinline]] uint8_t read(uint16_t address);
    [[gnu::noinline]] void write(uint16_t address, uint8_t value);
    bool takesNmi();

    // Access from outside, in zero time: fill RAM, write as the processor does, read RAM.
    void load(uint16_t address, const std::vector<uint8_t>& bytes);
    void poke(uint16_t address, uint8_t value);
    uint8_t peek(uint16_t address) const { return memory_.ram(address); }
    uint16_t romWord(uint16_t address) const { return memory_.rom(address) | memory_.rom(address + 1) << 8; }
    bool seesRom(uint16_t address) const { return memory_.area(address) == Memory::Area::Rom; }

private:
    [[gnu::noinline]] uint8_t readLate(uint16_t address);
    [[gnu::noinline]] uint8_t readMapped(uint16_t address);
    uint8_t readIo(uint16_t address);
    void writeIo(uint16_t address, uint8_t value);
    void update();
    bool irq() const { return cia1_.line().pulledIn(now_ - 1) || vic_.line().pulledIn(now_ - 1); }
    // Also in the cycle in which a line is pulled, when the processor doesn't see it yet.
    bool interruptPending() const {
        return cia1_.line().pulled() || vic_.line().pulled() || cia2_.line().pulledAt() != nmiTaken_;
    }
    bool nmi(Cycle cycle) const {
        const Cycle pulled = cia2_.line().pulledAt();
        return pulled != nmiTaken_ && pulled <= cycle;
    }

    Cpu<Machine> cpu_;
    Memory memory_;
    Cia cia1_, cia2_;
    Vic vic_;
    SidBank sids_;
    std::array<uint8_t, 0x400> color_{};
    Cycle now_ = 0, nextEvent_ = 0;
    bool quiet_ = false;      // no interrupt is pending, and none comes before `nextEvent_`
    uint64_t effects_ = 0;    // writes, and reads of chips
    struct {
        Registers registers;
        uint64_t effects = 0;
        Cycle begin = 0;
    } loop_;
    Cycle nmiTaken_ = never;  // when the line was pulled for the last NMI
};

}  // namespace c64
