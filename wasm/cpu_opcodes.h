// The 6510's 256 opcodes, sixteen to a block in numerical order. Included by cpu.h.
#pragma once

namespace c64 {

#define RUN(...) &Cpu::template run<__VA_ARGS__>
#define DO(operation) RUN(&Cpu::operation)
#define RD(operation, mode) RUN(&Cpu::template reads<&Cpu::operation, &Cpu::mode>)
#define WR(operation, mode) RUN(&Cpu::template writes<&Cpu::operation, &Cpu::mode>)
#define RMW(operation, mode) RUN(&Cpu::template changes<&Cpu::operation, &Cpu::mode>)
#define LD(which, mode) RD(template loads<&Registers::which>, mode)
#define ST(which, mode) WR(template stores<&Registers::which>, mode)
#define CP(which, mode) RD(template compares<&Registers::which>, mode)
#define ACC(operation) RUN(&Cpu::template changesA<&Cpu::operation>)
#define FLAG(which, on) RUN(&Cpu::template flags<which, on>)
#define BR(which, on) RUN(&Cpu::template branches<which, on>)
#define MOVE(from, to) RUN(&Cpu::template transfers<&Registers::from, &Registers::to>)
#define COUNT(which, by) RUN(&Cpu::template counts<&Registers::which, by>)

template <class Bus>
const typename Cpu<Bus>::Handler Cpu<Bus>::handlers[256] = {
    // 00
    DO(brk), RD(ora, indirectX), DO(jam), RMW(slo, indirectX),
    RD(ignore, zeroPage), RD(ora, zeroPage), RMW(asl, zeroPage), RMW(slo, zeroPage),
    DO(php), RD(ora, immediate), ACC(asl), RD(anc, immediate),
    RD(ignore, absolute), RD(ora, absolute), RMW(asl, absolute), RMW(slo, absolute),
    // 10
    BR(N, 0), RD(ora, indirectY), DO(jam), RMW(slo, indirectY),
    RD(ignore, zeroPageX), RD(ora, zeroPageX), RMW(asl, zeroPageX), RMW(slo, zeroPageX),
    FLAG(C, 0), RD(ora, absoluteY), DO(nop), RMW(slo, absoluteY),
    RD(ignore, absoluteX), RD(ora, absoluteX), RMW(asl, absoluteX), RMW(slo, absoluteX),
    // 20
    DO(jsr), RD(anda, indirectX), DO(jam), RMW(rla, indirectX),
    RD(bit, zeroPage), RD(anda, zeroPage), RMW(rol, zeroPage), RMW(rla, zeroPage),
    DO(plp), RD(anda, immediate), ACC(rol), RD(anc, immediate),
    RD(bit, absolute), RD(anda, absolute), RMW(rol, absolute), RMW(rla, absolute),
    // 30
    BR(N, 1), RD(anda, indirectY), DO(jam), RMW(rla, indirectY),
    RD(ignore, zeroPageX), RD(anda, zeroPageX), RMW(rol, zeroPageX), RMW(rla, zeroPageX),
    FLAG(C, 1), RD(anda, absoluteY), DO(nop), RMW(rla, absoluteY),
    RD(ignore, absoluteX), RD(anda, absoluteX), RMW(rol, absoluteX), RMW(rla, absoluteX),
    // 40
    DO(rti), RD(eor, indirectX), DO(jam), RMW(sre, indirectX),
    RD(ignore, zeroPage), RD(eor, zeroPage), RMW(lsr, zeroPage), RMW(sre, zeroPage),
    DO(pha), RD(eor, immediate), ACC(lsr), RD(alr, immediate),
    DO(jmp), RD(eor, absolute), RMW(lsr, absolute), RMW(sre, absolute),
    // 50
    BR(V, 0), RD(eor, indirectY), DO(jam), RMW(sre, indirectY),
    RD(ignore, zeroPageX), RD(eor, zeroPageX), RMW(lsr, zeroPageX), RMW(sre, zeroPageX),
    FLAG(I, 0), RD(eor, absoluteY), DO(nop), RMW(sre, absoluteY),
    RD(ignore, absoluteX), RD(eor, absoluteX), RMW(lsr, absoluteX), RMW(sre, absoluteX),
    // 60
    DO(rts), RD(adc, indirectX), DO(jam), RMW(rra, indirectX),
    RD(ignore, zeroPage), RD(adc, zeroPage), RMW(ror, zeroPage), RMW(rra, zeroPage),
    DO(pla), RD(adc, immediate), ACC(ror), RD(arr, immediate),
    DO(jmpIndirect), RD(adc, absolute), RMW(ror, absolute), RMW(rra, absolute),
    // 70
    BR(V, 1), RD(adc, indirectY), DO(jam), RMW(rra, indirectY),
    RD(ignore, zeroPageX), RD(adc, zeroPageX), RMW(ror, zeroPageX), RMW(rra, zeroPageX),
    FLAG(I, 1), RD(adc, absoluteY), DO(nop), RMW(rra, absoluteY),
    RD(ignore, absoluteX), RD(adc, absoluteX), RMW(ror, absoluteX), RMW(rra, absoluteX),
    // 80
    RD(ignore, immediate), ST(a, indirectX), RD(ignore, immediate), WR(sax, indirectX),
    ST(y, zeroPage), ST(a, zeroPage), ST(x, zeroPage), WR(sax, zeroPage),
    COUNT(y, -1), RD(ignore, immediate), MOVE(x, a), RD(ane, immediate),
    ST(y, absolute), ST(a, absolute), ST(x, absolute), WR(sax, absolute),
    // 90
    BR(C, 0), ST(a, indirectY), DO(jam), DO(shaIndirect),
    ST(y, zeroPageX), ST(a, zeroPageX), ST(x, zeroPageY), WR(sax, zeroPageY),
    MOVE(y, a), ST(a, absoluteY), DO(txs), DO(tas),
    DO(shy), ST(a, absoluteX), DO(shx), DO(shaY),
    // A0
    LD(y, immediate), LD(a, indirectX), LD(x, immediate), RD(lax, indirectX),
    LD(y, zeroPage), LD(a, zeroPage), LD(x, zeroPage), RD(lax, zeroPage),
    MOVE(a, y), LD(a, immediate), MOVE(a, x), RD(lxa, immediate),
    LD(y, absolute), LD(a, absolute), LD(x, absolute), RD(lax, absolute),
    // B0
    BR(C, 1), LD(a, indirectY), DO(jam), RD(lax, indirectY),
    LD(y, zeroPageX), LD(a, zeroPageX), LD(x, zeroPageY), RD(lax, zeroPageY),
    FLAG(V, 0), LD(a, absoluteY), MOVE(sp, x), RD(las, absoluteY),
    LD(y, absoluteX), LD(a, absoluteX), LD(x, absoluteY), RD(lax, absoluteY),
    // C0
    CP(y, immediate), CP(a, indirectX), RD(ignore, immediate), RMW(dcp, indirectX),
    CP(y, zeroPage), CP(a, zeroPage), RMW(dec, zeroPage), RMW(dcp, zeroPage),
    COUNT(y, 1), CP(a, immediate), COUNT(x, -1), RD(sbx, immediate),
    CP(y, absolute), CP(a, absolute), RMW(dec, absolute), RMW(dcp, absolute),
    // D0
    BR(Z, 0), CP(a, indirectY), DO(jam), RMW(dcp, indirectY),
    RD(ignore, zeroPageX), CP(a, zeroPageX), RMW(dec, zeroPageX), RMW(dcp, zeroPageX),
    FLAG(D, 0), CP(a, absoluteY), DO(nop), RMW(dcp, absoluteY),
    RD(ignore, absoluteX), CP(a, absoluteX), RMW(dec, absoluteX), RMW(dcp, absoluteX),
    // E0
    CP(x, immediate), RD(sbc, indirectX), RD(ignore, immediate), RMW(isc, indirectX),
    CP(x, zeroPage), RD(sbc, zeroPage), RMW(inc, zeroPage), RMW(isc, zeroPage),
    COUNT(x, 1), RD(sbc, immediate), DO(nop), RD(sbc, immediate),
    CP(x, absolute), RD(sbc, absolute), RMW(inc, absolute), RMW(isc, absolute),
    // F0
    BR(Z, 1), RD(sbc, indirectY), DO(jam), RMW(isc, indirectY),
    RD(ignore, zeroPageX), RD(sbc, zeroPageX), RMW(inc, zeroPageX), RMW(isc, zeroPageX),
    FLAG(D, 1), RD(sbc, absoluteY), DO(nop), RMW(isc, absoluteY),
    RD(ignore, absoluteX), RD(sbc, absoluteX), RMW(inc, absoluteX), RMW(isc, absoluteX),
};

#undef RUN
#undef DO
#undef RD
#undef WR
#undef RMW
#undef LD
#undef ST
#undef CP
#undef ACC
#undef FLAG
#undef BR
#undef MOVE
#undef COUNT

}  // namespace c64
