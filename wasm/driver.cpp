#include "driver.h"

namespace c64 {

namespace {

constexpr uint16_t port = 0x0001, palFlag = 0x02a6, irqVector = 0x0314, nmiVector = 0x0318, ramIrq = 0xfffe;
constexpr uint16_t defaultIrq = 0xea31, defaultNmi = 0xfe47;
constexpr uint16_t screenControl = 0xd011, rasterLine = 0xd012, rasterEnable = 0xd01a, timerLatch = 0xdc04, ciaEnable = 0xdc0d,
                   timerControl = 0xdc0e;
constexpr uint16_t irqEntry = 6, handlerEntry = 11;  // offsets in the program
constexpr uint8_t allVisible = 0x37, jump = 0x4c;

// The processor port value that makes a routine, I/O, and as much ROM as possible visible.
uint8_t bankFor(uint16_t address) {
    if (address < 0xa000) return allVisible;
    if (address < 0xd000) return 0x36;
    return address < 0xe000 ? 0x34 : 0x35;
}

uint8_t low(uint16_t word) { return word & 0xff; }
uint8_t high(uint16_t word) { return word >> 8; }

std::vector<uint8_t> bytesOf(uint16_t word) { return {low(word), high(word)}; }
uint16_t wordAt(const Machine& machine, uint16_t at) { return machine.peek(at) | machine.peek(at + 1) << 8; }

bool isFree(const Tune& tune, unsigned page) {
    const bool basicRom = page >= 0xa0 && page < 0xc0;
    const bool taken = page >= tune.loadAddress >> 8 && page <= (tune.end() - 1) >> 8;
    return page >= 4 && page < 0xd0 && !basicRom && !taken;
}

// The free page that the header names, or else the first page that the tune leaves free; 0 if there is none.
unsigned findPage(const Tune& tune) {
    constexpr uint8_t noneFree = 0xff;
    if (tune.freePage == noneFree) return 0;
    if (tune.freePages && isFree(tune, tune.freePage)) return tune.freePage;
    for (unsigned page = 4; page < 0xd0; ++page) {
        if (isFree(tune, page)) return page;
    }
    return 0;
}

// Sets CIA 1 as the C64 does after power-on: timer A underflows about 60 times a second. A tune may change it.
void presetTimer(Machine& machine, bool ntsc) {
    machine.load(palFlag, {static_cast<uint8_t>(!ntsc)});
    const uint16_t latch = ntsc ? 0x4295 : 0x4025;
    machine.poke(timerLatch, low(latch));
    machine.poke(timerLatch + 1, high(latch));
}

void startTimer(Machine& machine) {
    machine.poke(ciaEnable, 0x81);
    machine.poke(timerControl, 0x11);
}

void startRaster(Machine& machine) {
    machine.poke(rasterLine, 0);
    machine.poke(rasterEnable, 0x01);
}

// What calls the play routine of a PSID; an RSID starts with the timer, as a C64 does.
void startInterrupt(Machine& machine, const Tune& tune, unsigned song) {
    if (tune.isRsid || tune.ciaTimed(song)) {
        startTimer(machine);
    } else {
        startRaster(machine);
    }
}

}  // namespace

void Driver::writeProgram(Machine& machine, const Tune& tune) const {
    const uint16_t init = tune.initAddress, play = tune.playAddress, rest = restAddress();
    machine.load(base_, {
        0x20, low(init), high(init),        // JSR init
        jump, low(rest), high(rest),        // rest: JMP rest
        0x48, 0x8a, 0x48, 0x98, 0x48,       // irqEntry: PHA TXA PHA TYA PHA
        0xa5, 0x01, 0x48,                   // handlerEntry: LDA $01 PHA
        0xa9, bankFor(play), 0x85, 0x01,    // LDA #bank STA $01
        0x20, low(play), high(play),        // JSR play
        0x68, 0x85, 0x01,                   // PLA STA $01
        0xad, 0x0d, 0xdc, 0x0e, 0x19, 0xd0, // LDA $DC0D ASL $D019: acknowledge both interrupts
        0x68, 0xa8, 0x68, 0xaa, 0x68, 0x40, // PLA TAY PLA TAX PLA RTI
    });
    if (!tune.isRsid) machine.load(ramIrq, bytesOf(base_ + irqEntry));
    if (play) machine.load(irqVector, bytesOf(base_ + handlerEntry));
}

std::string Driver::checkRoom(const Tune& tune) {
    if (findPage(tune) != 0) return {};
    return "The tune can't be played: it leaves no free page of memory for the routine that calls it.";
}

std::string Driver::install(Machine& machine, const Tune& tune, unsigned song, bool ntsc) {
    if (auto problem = checkRoom(tune); !problem.empty()) return problem;
    base_ = findPage(tune) << 8;
    writeProgram(machine, tune);
    presetTimer(machine, ntsc);
    if (tune.callsItself()) startInterrupt(machine, tune, song);
    machine.load(tune.loadAddress, tune.image);
    startTune(machine, tune);
    machine.cpu().registers().a = song - 1;
    return {};
}

// An RSID starts on a C64 as after power-on: all ROM visible, interrupts enabled, raster compare at line 311. A PSID
// starts with the memory it needs banked in and interrupts disabled.
void Driver::startTune(Machine& machine, const Tune& tune) const {
    if (tune.isRsid) {
        machine.poke(screenControl, 0x9b);
        machine.poke(rasterLine, 0x37);
    } else {
        machine.poke(port, bankFor(tune.initAddress));
    }
    machine.cpu().restart(base_, !tune.isRsid);
}

bool Driver::resting(Machine& machine) const {
    const uint16_t rest = restAddress();
    return machine.cpu().registers().pc == rest && machine.peek(rest) == jump && wordAt(machine, rest + 1) == rest;
}

bool Driver::tuneHasHandler(const Machine& machine) const {
    const bool irq = wordAt(machine, irqVector) != defaultIrq || wordAt(machine, ramIrq) != base_ + irqEntry;
    return machine.interruptsEnabled() && (irq || wordAt(machine, nmiVector) != defaultNmi);
}

std::string Driver::startPlaying(Machine& machine, const Tune& tune, unsigned song) const {
    rest(machine, tune);
    if (tune.callsItself()) {
        if (tuneHasHandler(machine)) return {};
        return "The tune has no play address, and its init routine installs no interrupt handler, so nothing would play "
               "it. Get another copy.";
    }
    startInterrupt(machine, tune, song);
    return {};
}

void Driver::rest(Machine& machine, const Tune& tune) const {
    machine.cpu().restart(restAddress(), false);
    if (tune.playAddress) machine.poke(port, allVisible);  // otherwise the tune's handler has set the port
}

}  // namespace c64
