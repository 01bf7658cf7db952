#include "boot.h"

namespace c64 {

namespace {

constexpr uint16_t resetVector = 0xfffc, basicVector = 0xa000, warmStart = 0x0302;
constexpr uint16_t songNumber = 0x030c;  // SYS loads A from here
constexpr uint16_t keyCount = 0x00c6, keyBuffer = 0x0277, sidVolume = 0xd418;
constexpr Cycle bootLimit = 6'000'000;  // cycles (6 s): a C64 takes 2.5 s

// Runs until `arrived` holds for the next instruction's address.
template <class Arrived>
bool runUntil(Machine& machine, Arrived arrived) {
    const auto& registers = machine.cpu().registers();
    while (!arrived(registers.pc)) {
        if (machine.now() > bootLimit || machine.cpu().jammed()) return false;
        machine.step();
    }
    return true;
}

uint16_t ramWord(const Machine& machine, uint16_t at) { return machine.peek(at) | machine.peek(at + 1) << 8; }

std::string romProblem(const char* name) {
    return std::string("The C64 didn't start with your ") + name +
           ". It is damaged, or for another computer. Replace it in Preferences under C64 ROMs.";
}

// Sets where BASIC's program and its variables end, as LOAD does.
void setProgram(Machine& machine, const Tune& tune) {
    const auto start = static_cast<uint8_t>(tune.loadAddress & 0xff), page = static_cast<uint8_t>(tune.loadAddress >> 8);
    const auto end = static_cast<uint8_t>(tune.end() & 0xff), endPage = static_cast<uint8_t>(tune.end() >> 8);
    machine.load(0x002b, {start, page, end, endPage, end, endPage, end, endPage});
    machine.load(0x00ae, {end, endPage});
}

}  // namespace

std::string bootKernal(Machine& machine) {
    machine.cpu().restart(machine.romWord(resetVector), true);
    const uint16_t basic = machine.romWord(basicVector);
    const bool done = runUntil(machine, [basic](uint16_t at) { return at == basic; });
    return done ? std::string() : romProblem("KERNAL ROM");
}

std::string bootBasic(Machine& machine, const Tune& tune, unsigned song) {
    if (auto problem = bootKernal(machine); !problem.empty()) return problem;
    machine.load(warmStart, {0, 0});
    const bool waits = runUntil(machine, [&machine](uint16_t at) { return at != 0 && at == ramWord(machine, warmStart); });
    if (!waits) return romProblem("BASIC ROM");
    machine.load(tune.loadAddress, tune.image);
    setProgram(machine, tune);
    machine.load(songNumber, {static_cast<uint8_t>(song - 1)});
    machine.load(keyBuffer, {'R', 'U', 'N', '\r'});
    machine.load(keyCount, {4});
    machine.poke(sidVolume, 0x0f);  // the native player's driver turns the volume up, and tunes rely on it
    return {};
}

void SystemArea::save(const Machine& machine) {
    for (uint16_t at = 0; at < size; ++at) bytes_[at] = machine.peek(at);
}

void SystemArea::restore(Machine& machine, bool isRsid) const {
    constexpr uint16_t kernalPage = 0x90, freePage = 0xfb, stack = 0x100, afterStack = 0x200;
    const auto copy = [&](uint16_t from, uint16_t to) {
        machine.load(from, {bytes_.begin() + from, bytes_.begin() + to});
    };
    copy(isRsid ? 0x02 : kernalPage, isRsid ? stack : freePage);
    copy(afterStack, size);
}

}  // namespace c64
