// The processor alone with 64 KB of RAM, stepped by the tests one instruction at a time.
#include <array>

#include "cpu.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name))) auto name

namespace {

struct FlatRam {
    std::array<uint8_t, 0x10000> ram{};
    uint32_t cycles = 0;

    uint8_t read(uint16_t address) {
        ++cycles;
        return ram[address];
    }
    void write(uint16_t address, uint8_t value) {
        ++cycles;
        ram[address] = value;
        written[writes++ % written.size()] = static_cast<uint32_t>(address) << 8 | value;
    }

    bool takesNmi() { return false; }

    std::array<uint32_t, 8> written{};  // of one step: address << 8 | value
    uint32_t writes = 0;
};

// The state shared with the tests, all as 32-bit words.
struct State {
    uint32_t pc, a, x, y, sp, p, cycles, jammed, writes;
    std::array<uint32_t, 8> written;
};

FlatRam bus;
c64::Cpu<FlatRam> cpu(bus);
State state;

}  // namespace

EXPORT(cpu_ram)() -> uint8_t* { return bus.ram.data(); }
EXPORT(cpu_state)() -> State* { return &state; }

// Load the state, as after a reset: interrupts are masked according to its flags.
EXPORT(cpu_set)() -> void {
    cpu.restart(static_cast<uint16_t>(state.pc), state.p & cpu.I);
    auto& r = cpu.registers();
    r.a = static_cast<uint8_t>(state.a);
    r.x = static_cast<uint8_t>(state.x);
    r.y = static_cast<uint8_t>(state.y);
    r.sp = static_cast<uint8_t>(state.sp);
    r.p = static_cast<uint8_t>(state.p);
}

EXPORT(cpu_step)(int irq, int nmi) -> void {
    bus.cycles = bus.writes = 0;
    cpu.step(irq, nmi);
    const auto& r = cpu.registers();
    state = {r.pc, r.a, r.x, r.y, r.sp, r.p, bus.cycles, cpu.jammed(), bus.writes, bus.written};
}
