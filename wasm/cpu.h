// MOS 6510 processor: all 256 opcodes, one bus access per cycle.
#pragma once

#include <cstdint>

namespace c64 {

// Why an effective address is computed: only a read may skip the cycle that fixes the high byte.
enum class Access { Read, Write };

struct Registers {
    uint16_t pc = 0;
    uint8_t a = 0, x = 0, y = 0, sp = 0xff;
    uint8_t p = 0x24;  // NV1BDIZC; bits 4 and 5 exist only in pushed copies

    bool operator==(const Registers&) const = default;
};

// `Bus` has `uint8_t read(uint16_t)` and `void write(uint16_t, uint8_t)`; each call is one clock cycle. An NMI that comes
// while an IRQ or BRK is entered takes its place: `bool takesNmi()` returns whether there is one, and ends it.
template <class Bus>
class Cpu {
public:
    enum Flag : uint8_t { C = 0x01, Z = 0x02, I = 0x04, D = 0x08, B = 0x10, Unused = 0x20, V = 0x40, N = 0x80 };

    explicit Cpu(Bus& bus) : bus_(bus) {}

    Registers& registers() { return r_; }
    const Registers& registers() const { return r_; }
    bool jammed() const { return jammed_; }

    // Discards any interrupt state and continues at `pc`, with IRQs masked or not.
    void restart(uint16_t pc, bool maskIrq) {
        r_ = Registers{.pc = pc};
        flag(I, maskIrq);
        irqMasked_ = maskIrq;
        jammed_ = false;
        polls_ = true;
    }

    // Whether an interrupt can be entered: after another one or BRK, an instruction comes first.
    bool polls() const { return polls_; }

    // Runs one instruction, or enters a pending interrupt.
    void step(bool irq, bool nmi) {
        polls_ = true;
        if (jammed_) {
            bus_.read(r_.pc);
        } else if (nmi) {
            interrupt(nmiVector);
        } else if (irq && !irqMasked_) {
            interrupt(irqVector);
        } else {
            execute();
        }
    }

private:
    static constexpr uint16_t nmiVector = 0xfffa, irqVector = 0xfffe;  // BRK has the IRQ's

    using Handler = void (*)(Cpu&);
    using Use = void (Cpu::*)(uint8_t);
    using Make = uint8_t (Cpu::*)();
    using Change = uint8_t (Cpu::*)(uint8_t);
    using Address = uint16_t (Cpu::*)(Access);

    static const Handler handlers[256];

    void execute() {
        const bool maskedBefore = r_.p & I;
        const uint8_t opcode = fetch();
        handlers[opcode](*this);
        // CLI, SEI and PLP change the flag after the interrupt line was polled.
        const bool late = opcode == 0x58 || opcode == 0x78 || opcode == 0x28;
        irqMasked_ = late ? maskedBefore : (r_.p & I) != 0;
    }

    void interrupt(uint16_t vector) {
        bus_.read(r_.pc);
        bus_.read(r_.pc);
        enter(vector, 0);
    }

    void enter(uint16_t vector, uint8_t breakFlag) {
        push(r_.pc >> 8);
        push(r_.pc & 0xff);
        if (vector == irqVector && bus_.takesNmi()) vector = nmiVector;
        push((r_.p & ~B) | Unused | breakFlag);
        flag(I, true);
        irqMasked_ = true;
        polls_ = false;
        const uint8_t low = bus_.read(vector);
        r_.pc = low | bus_.read(vector + 1) << 8;
    }

    // --- bus, stack, and flags
    uint8_t fetch() { return bus_.read(r_.pc++); }
    void push(uint8_t value) { bus_.write(0x100 | r_.sp--, value); }
    uint8_t pull() { return bus_.read(0x100 | ++r_.sp); }
    void flag(uint8_t mask, bool on) { r_.p = on ? r_.p | mask : r_.p & ~mask; }
    uint8_t nz(uint8_t value) {
        flag(N, value & 0x80);
        flag(Z, value == 0);
        return value;
    }

    // --- addressing modes: return the effective address and spend the cycles that the chip needs to find it
    uint16_t immediate(Access) { return r_.pc++; }
    uint16_t zeroPage(Access) { return fetch(); }
    uint16_t zeroPageIndexed(uint8_t index) {
        const uint8_t base = fetch();
        bus_.read(base);
        return static_cast<uint8_t>(base + index);
    }
    uint16_t zeroPageX(Access) { return zeroPageIndexed(r_.x); }
    uint16_t zeroPageY(Access) { return zeroPageIndexed(r_.y); }
    uint16_t absolute(Access) {
        const uint8_t low = fetch();
        return low | fetch() << 8;
    }
    uint16_t indexed(uint16_t base, uint8_t index, Access access) {
        const uint16_t address = base + index;
        const bool crossed = (address ^ base) & 0xff00;
        if (crossed || access == Access::Write) bus_.read((base & 0xff00) | (address & 0xff));
        return address;
    }
    uint16_t absoluteX(Access access) { return indexed(absolute(access), r_.x, access); }
    uint16_t absoluteY(Access access) { return indexed(absolute(access), r_.y, access); }
    uint16_t pointer(uint8_t at) {
        const uint8_t low = bus_.read(at);
        return low | bus_.read(static_cast<uint8_t>(at + 1)) << 8;
    }
    uint16_t indirectX(Access) {
        const uint8_t base = fetch();
        bus_.read(base);
        return pointer(base + r_.x);
    }
    uint16_t indirectY(Access access) { return indexed(pointer(fetch()), r_.y, access); }

    // --- forms of instructions
    template <void (Cpu::*instruction)()>
    static void run(Cpu& cpu) {
        (cpu.*instruction)();
    }
    template <Use use, Address address>
    void reads() {
        (this->*use)(bus_.read((this->*address)(Access::Read)));
    }
    template <Make make, Address address>
    void writes() {
        const uint16_t at = (this->*address)(Access::Write);
        bus_.write(at, (this->*make)());
    }
    template <Change change, Address address>
    void changes() {
        const uint16_t at = (this->*address)(Access::Write);
        const uint8_t old = bus_.read(at);
        bus_.write(at, old);
        bus_.write(at, (this->*change)(old));
    }
    template <Change change>
    void changesA() {
        bus_.read(r_.pc);
        r_.a = (this->*change)(r_.a);
    }
    template <uint8_t mask, bool on>
    void flags() {
        bus_.read(r_.pc);
        flag(mask, on);
    }
    template <uint8_t Registers::* from, uint8_t Registers::* to>
    void transfers() {
        bus_.read(r_.pc);
        r_.*to = nz(r_.*from);
    }
    template <uint8_t Registers::* which, int by>
    void counts() {
        bus_.read(r_.pc);
        r_.*which = nz(r_.*which + by);
    }
    template <uint8_t mask, bool on>
    void branches() {
        const int8_t offset = static_cast<int8_t>(fetch());
        if (((r_.p & mask) != 0) != on) return;
        bus_.read(r_.pc);
        const uint16_t target = r_.pc + offset;
        if ((target ^ r_.pc) & 0xff00) bus_.read((r_.pc & 0xff00) | (target & 0xff));
        r_.pc = target;
    }
    template <uint8_t Registers::* which>
    void loads(uint8_t value) {
        r_.*which = nz(value);
    }
    template <uint8_t Registers::* which>
    uint8_t stores() {
        return r_.*which;
    }
    template <uint8_t Registers::* which>
    void compares(uint8_t value) {
        flag(C, r_.*which >= value);
        nz(r_.*which - value);
    }

    // Defined in cpu_operations.h.
    void adc(uint8_t), sbc(uint8_t), adcDecimal(uint8_t), sbcDecimal(uint8_t);
    void ora(uint8_t), anda(uint8_t), eor(uint8_t), bit(uint8_t), ignore(uint8_t);
    uint8_t asl(uint8_t), lsr(uint8_t), rol(uint8_t), ror(uint8_t), inc(uint8_t), dec(uint8_t);
    void brk(), jsr(), rts(), rti(), jmp(), jmpIndirect(), nop(), jam();
    void pha(), php(), pla(), plp(), txs();
    void lax(uint8_t), anc(uint8_t), alr(uint8_t), arr(uint8_t), sbx(uint8_t), las(uint8_t);
    void ane(uint8_t), lxa(uint8_t);
    uint8_t sax();
    uint8_t slo(uint8_t), rla(uint8_t), sre(uint8_t), rra(uint8_t), dcp(uint8_t), isc(uint8_t);
    void storesHigh(uint16_t base, uint8_t index, uint8_t value);
    void shaY(), shaIndirect(), shx(), shy(), tas();

    Bus& bus_;
    Registers r_;
    bool irqMasked_ = true;
    bool jammed_ = false, polls_ = true;
};

}  // namespace c64

#include "cpu_operations.h"
#include "cpu_opcodes.h"
