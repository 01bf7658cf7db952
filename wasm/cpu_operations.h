// What the 6510's instructions do to registers and flags. Included by cpu.h.
#pragma once

namespace c64 {

// --- arithmetic. In decimal mode an NMOS chip takes Z from the binary sum, N and V from a half-corrected one.
template <class Bus>
void Cpu<Bus>::adc(uint8_t value) {
    if (r_.p & D) return adcDecimal(value);
    const unsigned sum = r_.a + value + (r_.p & C);
    flag(V, ~(r_.a ^ value) & (r_.a ^ sum) & 0x80);
    flag(C, sum > 0xff);
    r_.a = nz(sum);
}

template <class Bus>
void Cpu<Bus>::adcDecimal(uint8_t value) {
    const unsigned carry = r_.p & C;
    unsigned low = (r_.a & 0x0f) + (value & 0x0f) + carry;
    if (low > 9) low = ((low + 6) & 0x0f) + 0x10;
    unsigned sum = (r_.a & 0xf0) + (value & 0xf0) + low;
    flag(Z, ((r_.a + value + carry) & 0xff) == 0);
    flag(N, sum & 0x80);
    flag(V, ~(r_.a ^ value) & (r_.a ^ sum) & 0x80);
    if (sum > 0x9f) sum += 0x60;
    flag(C, sum > 0xff);
    r_.a = sum;
}

template <class Bus>
void Cpu<Bus>::sbc(uint8_t value) {
    if (r_.p & D) return sbcDecimal(value);
    adc(~value);
}

template <class Bus>
void Cpu<Bus>::sbcDecimal(uint8_t value) {
    const int borrow = (r_.p & C) ? 0 : 1;
    const int binary = r_.a - value - borrow;
    int low = (r_.a & 0x0f) - (value & 0x0f) - borrow;
    if (low < 0) low = ((low - 6) & 0x0f) - 0x10;
    int result = (r_.a & 0xf0) - (value & 0xf0) + low;
    if (result < 0) result -= 0x60;
    flag(V, (r_.a ^ value) & (r_.a ^ binary) & 0x80);
    flag(C, binary >= 0);
    nz(binary);
    r_.a = result;
}

// --- logic
template <class Bus>
void Cpu<Bus>::ora(uint8_t value) { r_.a = nz(r_.a | value); }
template <class Bus>
void Cpu<Bus>::anda(uint8_t value) { r_.a = nz(r_.a & value); }
template <class Bus>
void Cpu<Bus>::eor(uint8_t value) { r_.a = nz(r_.a ^ value); }
template <class Bus>
void Cpu<Bus>::ignore(uint8_t) {}
template <class Bus>
void Cpu<Bus>::bit(uint8_t value) {
    flag(Z, (r_.a & value) == 0);
    flag(N, value & N);
    flag(V, value & V);
}

// --- shifts and counts
template <class Bus>
uint8_t Cpu<Bus>::asl(uint8_t value) {
    flag(C, value & 0x80);
    return nz(value << 1);
}
template <class Bus>
uint8_t Cpu<Bus>::lsr(uint8_t value) {
    flag(C, value & 0x01);
    return nz(value >> 1);
}
template <class Bus>
uint8_t Cpu<Bus>::rol(uint8_t value) {
    const uint8_t carry = r_.p & C;
    flag(C, value & 0x80);
    return nz(value << 1 | carry);
}
template <class Bus>
uint8_t Cpu<Bus>::ror(uint8_t value) {
    const uint8_t carry = r_.p & C;
    flag(C, value & 0x01);
    return nz(value >> 1 | carry << 7);
}
template <class Bus>
uint8_t Cpu<Bus>::inc(uint8_t value) { return nz(value + 1); }
template <class Bus>
uint8_t Cpu<Bus>::dec(uint8_t value) { return nz(value - 1); }

// --- flow and stack
template <class Bus>
void Cpu<Bus>::brk() {
    fetch();
    enter(irqVector, B);
}
template <class Bus>
void Cpu<Bus>::jsr() {
    const uint8_t low = fetch();
    bus_.read(0x100 | r_.sp);
    push(r_.pc >> 8);
    push(r_.pc & 0xff);
    r_.pc = low | bus_.read(r_.pc) << 8;
}
template <class Bus>
void Cpu<Bus>::rts() {
    bus_.read(r_.pc);
    bus_.read(0x100 | r_.sp);
    const uint8_t low = pull();
    r_.pc = low | pull() << 8;
    fetch();
}
template <class Bus>
void Cpu<Bus>::rti() {
    bus_.read(r_.pc);
    bus_.read(0x100 | r_.sp);
    r_.p = (pull() & ~B) | Unused;
    const uint8_t low = pull();
    r_.pc = low | pull() << 8;
}
template <class Bus>
void Cpu<Bus>::jmp() { r_.pc = absolute(Access::Read); }
template <class Bus>
void Cpu<Bus>::jmpIndirect() {
    const uint16_t at = absolute(Access::Read);
    const uint8_t low = bus_.read(at);
    r_.pc = low | bus_.read((at & 0xff00) | ((at + 1) & 0xff)) << 8;  // the page is not carried into
}
template <class Bus>
void Cpu<Bus>::nop() { bus_.read(r_.pc); }
template <class Bus>
void Cpu<Bus>::jam() {
    --r_.pc;
    jammed_ = true;
}
template <class Bus>
void Cpu<Bus>::pha() {
    bus_.read(r_.pc);
    push(r_.a);
}
template <class Bus>
void Cpu<Bus>::php() {
    bus_.read(r_.pc);
    push(r_.p | B | Unused);
}
template <class Bus>
void Cpu<Bus>::pla() {
    bus_.read(r_.pc);
    bus_.read(0x100 | r_.sp);
    r_.a = nz(pull());
}
template <class Bus>
void Cpu<Bus>::plp() {
    bus_.read(r_.pc);
    bus_.read(0x100 | r_.sp);
    r_.p = (pull() & ~B) | Unused;
}
template <class Bus>
void Cpu<Bus>::txs() {
    bus_.read(r_.pc);
    r_.sp = r_.x;
}

// --- undocumented: two documented operations on one value
template <class Bus>
void Cpu<Bus>::lax(uint8_t value) { r_.a = r_.x = nz(value); }
template <class Bus>
uint8_t Cpu<Bus>::sax() { return r_.a & r_.x; }
template <class Bus>
uint8_t Cpu<Bus>::slo(uint8_t value) {
    value = asl(value);
    ora(value);
    return value;
}
template <class Bus>
uint8_t Cpu<Bus>::rla(uint8_t value) {
    value = rol(value);
    anda(value);
    return value;
}
template <class Bus>
uint8_t Cpu<Bus>::sre(uint8_t value) {
    value = lsr(value);
    eor(value);
    return value;
}
template <class Bus>
uint8_t Cpu<Bus>::rra(uint8_t value) {
    value = ror(value);
    adc(value);
    return value;
}
template <class Bus>
uint8_t Cpu<Bus>::dcp(uint8_t value) {
    compares<&Registers::a>(--value);
    return value;
}
template <class Bus>
uint8_t Cpu<Bus>::isc(uint8_t value) {
    sbc(++value);
    return value;
}

// --- undocumented: immediate
template <class Bus>
void Cpu<Bus>::anc(uint8_t value) {
    anda(value);
    flag(C, r_.a & 0x80);
}
template <class Bus>
void Cpu<Bus>::alr(uint8_t value) { r_.a = lsr(r_.a & value); }
template <class Bus>
void Cpu<Bus>::arr(uint8_t value) {
    const uint8_t masked = r_.a & value;
    const bool decimal = r_.p & D;
    r_.a = nz(masked >> 1 | (r_.p & C) << 7);
    flag(V, (r_.a ^ masked) & 0x40);
    if (!decimal) return flag(C, r_.a & 0x40);
    if ((masked & 0x0f) + (masked & 0x01) > 5) r_.a = (r_.a & 0xf0) | ((r_.a + 6) & 0x0f);
    const bool carry = (masked & 0xf0) + (masked & 0x10) > 0x50;
    if (carry) r_.a += 0x60;
    flag(C, carry);
}
template <class Bus>
void Cpu<Bus>::sbx(uint8_t value) {
    const uint8_t masked = r_.a & r_.x;
    flag(C, masked >= value);
    r_.x = nz(masked - value);
}
template <class Bus>
void Cpu<Bus>::las(uint8_t value) { r_.a = r_.x = r_.sp = nz(value & r_.sp); }

// Unstable on real chips: 0xEE is the constant most of them show.
template <class Bus>
void Cpu<Bus>::ane(uint8_t value) { r_.a = nz((r_.a | 0xee) & r_.x & value); }
template <class Bus>
void Cpu<Bus>::lxa(uint8_t value) { r_.a = r_.x = nz((r_.a | 0xee) & value); }

// --- undocumented: stores ANDed with the base address's high byte plus one; where the index crosses
// a page, that value is also the high byte of the target
template <class Bus>
void Cpu<Bus>::storesHigh(uint16_t base, uint8_t index, uint8_t value) {
    uint16_t target = base + index;
    bus_.read((base & 0xff00) | (target & 0xff));
    value &= (base >> 8) + 1;
    if ((target ^ base) & 0xff00) target = value << 8 | (target & 0xff);
    bus_.write(target, value);
}
template <class Bus>
void Cpu<Bus>::shaY() { storesHigh(absolute(Access::Write), r_.y, r_.a & r_.x); }
template <class Bus>
void Cpu<Bus>::shaIndirect() { storesHigh(pointer(fetch()), r_.y, r_.a & r_.x); }
template <class Bus>
void Cpu<Bus>::shx() { storesHigh(absolute(Access::Write), r_.y, r_.x); }
template <class Bus>
void Cpu<Bus>::shy() { storesHigh(absolute(Access::Write), r_.x, r_.y); }
template <class Bus>
void Cpu<Bus>::tas() {
    r_.sp = r_.a & r_.x;
    storesHigh(absolute(Access::Write), r_.y, r_.sp);
}

}  // namespace c64
