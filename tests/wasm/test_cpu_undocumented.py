"""The 6510's undocumented opcodes in all their addressing modes, checked against published definitions.

The definitions come from "No More Secrets: NMOS 6510 Unintended Opcodes". Each is written here once
as a function of the registers and the operand, and tested with random values.
"""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.wasm.cpu_module import REAL_FLAGS, UNUSED, C, Cpu, D, I, N, Processor, V, Z

Result = tuple[Cpu, int | None]
"""The registers after the instruction, and its writes to memory."""

Definition = Callable[[Cpu, int], Result]


def flags(cpu: Cpu, clear: int, **on: bool) -> Cpu:
    bits = {"n": N, "v": V, "z": Z, "c": C}
    return replace(cpu, p=cpu.p & ~clear | sum(bits[name] for name, is_on in on.items() if is_on))


def nz(cpu: Cpu, value: int) -> Cpu:
    return flags(cpu, N | Z, n=value >= 0x80, z=value == 0)


def carry(cpu: Cpu, on: bool) -> Cpu:
    return flags(cpu, C, c=on)


def lax(cpu: Cpu, value: int) -> Result:
    return nz(replace(cpu, a=value, x=value), value), None


def sax(cpu: Cpu, _: int) -> Result:
    return cpu, cpu.a & cpu.x


def slo(cpu: Cpu, value: int) -> Result:
    shifted = value << 1 & 0xFF
    a = cpu.a | shifted
    return carry(nz(replace(cpu, a=a), a), value >= 0x80), shifted


def rla(cpu: Cpu, value: int) -> Result:
    rotated = value << 1 & 0xFF | cpu.p & C
    a = cpu.a & rotated
    return carry(nz(replace(cpu, a=a), a), value >= 0x80), rotated


def sre(cpu: Cpu, value: int) -> Result:
    shifted = value >> 1
    a = cpu.a ^ shifted
    return carry(nz(replace(cpu, a=a), a), bool(value & 1)), shifted


def add(cpu: Cpu, value: int) -> Cpu:
    total = cpu.a + value + (cpu.p & C)
    signed = (cpu.a ^ 0x80) - 0x80 + (value ^ 0x80) - 0x80 + (cpu.p & C)
    a = total & 0xFF
    return flags(nz(replace(cpu, a=a), a), C | V, c=total > 0xFF, v=not -128 <= signed <= 127)


def rra(cpu: Cpu, value: int) -> Result:
    rotated = value >> 1 | (cpu.p & C) << 7
    return add(carry(cpu, bool(value & 1)), rotated), rotated


def dcp(cpu: Cpu, value: int) -> Result:
    less = (value - 1) & 0xFF
    return carry(nz(cpu, (cpu.a - less) & 0xFF), cpu.a >= less), less


def isc(cpu: Cpu, value: int) -> Result:
    more = (value + 1) & 0xFF
    return add(cpu, more ^ 0xFF), more


def nop(cpu: Cpu, _: int) -> Result:
    return cpu, None


def anc(cpu: Cpu, value: int) -> Result:
    a = cpu.a & value
    return carry(nz(replace(cpu, a=a), a), a >= 0x80), None


def alr(cpu: Cpu, value: int) -> Result:
    masked = cpu.a & value
    return carry(nz(replace(cpu, a=masked >> 1), masked >> 1), bool(masked & 1)), None


def arr(cpu: Cpu, value: int) -> Result:
    a = (cpu.a & value) >> 1 | (cpu.p & C) << 7
    bit6, bit5 = a >> 6 & 1, a >> 5 & 1
    return flags(nz(replace(cpu, a=a), a), C | V, c=bool(bit6), v=bool(bit6 ^ bit5)), None


def sbx(cpu: Cpu, value: int) -> Result:
    masked = cpu.a & cpu.x
    x = (masked - value) & 0xFF
    return carry(nz(replace(cpu, x=x), x), masked >= value), None


def sbc(cpu: Cpu, value: int) -> Result:
    return add(cpu, value ^ 0xFF), None


def las(cpu: Cpu, value: int) -> Result:
    both = value & cpu.sp
    return nz(replace(cpu, a=both, x=both, sp=both), both), None


def ane(cpu: Cpu, value: int) -> Result:
    a = (cpu.a | 0xEE) & cpu.x & value
    return nz(replace(cpu, a=a), a), None


def lxa(cpu: Cpu, value: int) -> Result:
    both = (cpu.a | 0xEE) & value
    return nz(replace(cpu, a=both, x=both), both), None


# Opcodes by addressing mode, with their cycles when no page is crossed.
READ = {"imm": 2, "zp": 3, "zpx": 4, "zpy": 4, "abs": 4, "abx": 4, "aby": 4, "izx": 6, "izy": 5}
CHANGE = {"zp": 5, "zpx": 6, "abs": 6, "abx": 7, "aby": 7, "izx": 8, "izy": 8}
CHANGED_BY = ("zp", "zpx", "abs", "abx", "aby", "izx", "izy")

OPCODES: list[tuple[Definition, dict[int, str]]] = [
    (slo, dict(zip((0x07, 0x17, 0x0F, 0x1F, 0x1B, 0x03, 0x13), CHANGED_BY, strict=True))),
    (rla, dict(zip((0x27, 0x37, 0x2F, 0x3F, 0x3B, 0x23, 0x33), CHANGED_BY, strict=True))),
    (sre, dict(zip((0x47, 0x57, 0x4F, 0x5F, 0x5B, 0x43, 0x53), CHANGED_BY, strict=True))),
    (rra, dict(zip((0x67, 0x77, 0x6F, 0x7F, 0x7B, 0x63, 0x73), CHANGED_BY, strict=True))),
    (dcp, dict(zip((0xC7, 0xD7, 0xCF, 0xDF, 0xDB, 0xC3, 0xD3), CHANGED_BY, strict=True))),
    (isc, dict(zip((0xE7, 0xF7, 0xEF, 0xFF, 0xFB, 0xE3, 0xF3), CHANGED_BY, strict=True))),
    (lax, {0xA7: "zp", 0xB7: "zpy", 0xAF: "abs", 0xBF: "aby", 0xA3: "izx", 0xB3: "izy"}),
    (sax, {0x87: "zp", 0x97: "zpy", 0x8F: "abs", 0x83: "izx"}),
    (anc, {0x0B: "imm", 0x2B: "imm"}),
    (alr, {0x4B: "imm"}),
    (arr, {0x6B: "imm"}),
    (sbx, {0xCB: "imm"}),
    (sbc, {0xEB: "imm"}),
    (ane, {0x8B: "imm"}),
    (lxa, {0xAB: "imm"}),
    (las, {0xBB: "aby"}),
    (nop, dict.fromkeys((0x80, 0x82, 0x89, 0xC2, 0xE2), "imm")),
    (nop, dict.fromkeys((0x04, 0x44, 0x64), "zp")),
    (nop, dict.fromkeys((0x14, 0x34, 0x54, 0x74, 0xD4, 0xF4), "zpx")),
    (nop, {0x0C: "abs"} | dict.fromkeys((0x1C, 0x3C, 0x5C, 0x7C, 0xDC, 0xFC), "abx")),
]
IMPLIED_NOPS = (0x1A, 0x3A, 0x5A, 0x7A, 0xDA, 0xFA)
HALTS = (0x02, 0x12, 0x22, 0x32, 0x42, 0x52, 0x62, 0x72, 0x92, 0xB2, 0xD2, 0xF2)
STORES_HIGH = {0x9F: "aby", 0x93: "izy", 0x9E: "aby", 0x9C: "abx", 0x9B: "aby"}

CASES = [(opcode, mode, define) for define, modes in OPCODES for opcode, mode in modes.items()]
BASE, POINTER = 0x2345, 0x70


def index_of(mode: str, cpu: Cpu) -> int:
    return {"zpx": cpu.x, "abx": cpu.x, "zpy": cpu.y, "aby": cpu.y, "izy": cpu.y}.get(mode, 0)


def target_of(mode: str, cpu: Cpu) -> int:
    """Return the address that the operands below refer to."""
    if mode == "imm":
        return cpu.pc + 1
    if mode in ("zp", "zpx", "zpy"):
        return (POINTER + index_of(mode, cpu)) & 0xFF
    return BASE + index_of(mode, cpu)


def prepare_operands(processor: Processor, mode: str, cpu: Cpu) -> tuple[int, ...]:
    """Set the pointer for indirect modes, and return the instruction's operands."""
    if mode in ("izx", "izy"):
        at = (POINTER + (cpu.x if mode == "izx" else 0)) & 0xFF
        processor.poke(at, BASE & 0xFF)
        processor.poke((at + 1) & 0xFF, BASE >> 8)
    absolute = mode in ("abs", "abx", "aby")
    return (BASE & 0xFF, BASE >> 8) if absolute else (POINTER,)


@pytest.fixture(scope="module")
def processor() -> Processor:
    return Processor()


def random_cpu(chance: random.Random) -> Cpu:
    a, x, y, sp, p = (chance.randrange(256) for _ in range(5))
    return Cpu(0x1000, a, x, y, sp, p & (REAL_FLAGS & ~D) | UNUSED)


@pytest.mark.parametrize(
    ("opcode", "mode", "define"), CASES, ids=[f"{opcode:02X}-{d.__name__}-{m}" for opcode, m, d in CASES]
)
def test_opcode(processor: Processor, opcode: int, mode: str, define: Definition) -> None:
    chance = random.Random(opcode)
    for _ in range(60):
        cpu = random_cpu(chance)
        value = chance.choice([chance.randrange(256), cpu.a, cpu.a & cpu.x, 0x00, 0xFF])
        target = target_of(mode, cpu)
        operands = (value,) if mode == "imm" else prepare_operands(processor, mode, cpu)
        if mode != "imm":
            processor.poke(target, value)
        expected, written = define(cpu, value)
        step = processor.run(cpu, opcode, *operands)
        assert step.cpu == replace(expected, pc=cpu.pc + 1 + len(operands)), cpu
        assert step.writes[-1:] == ([] if written is None else [(target, written)]), cpu
        assert step.cycles == cycles_of(define, mode, cpu), cpu


def cycles_of(define: Definition, mode: str, cpu: Cpu) -> int:
    if define in (slo, rla, sre, rra, dcp, isc):
        return CHANGE[mode]
    crossed = mode in ("abx", "aby", "izy") and (BASE & 0xFF) + index_of(mode, cpu) > 0xFF
    return READ[mode] + crossed


@pytest.mark.parametrize("opcode", STORES_HIGH, ids=lambda opcode: f"{opcode:02X}")
def test_stores_and_with_the_high_byte_plus_one(processor: Processor, opcode: int) -> None:
    mode, chance = STORES_HIGH[opcode], random.Random(opcode)
    for _ in range(100):
        cpu = random_cpu(chance)
        source = {0x9E: cpu.x, 0x9C: cpu.y}.get(opcode, cpu.a & cpu.x)
        value = source & (BASE >> 8) + 1
        target = target_of(mode, cpu)
        if target >> 8 != BASE >> 8:
            target = value << 8 | target & 0xFF
        step = processor.run(cpu, opcode, *prepare_operands(processor, mode, cpu))
        assert step.writes == [(target, value)], cpu
        assert step.cpu.sp == (source if opcode == 0x9B else cpu.sp), cpu
        assert step.cycles == (6 if mode == "izy" else 5), cpu


@pytest.mark.parametrize("opcode", IMPLIED_NOPS)
def test_implied_nop_takes_two_cycles(processor: Processor, opcode: int) -> None:
    cpu = random_cpu(random.Random(opcode))
    step = processor.run(cpu, opcode)
    assert (step.cpu, step.cycles, step.writes) == (replace(cpu, pc=cpu.pc + 1), 2, [])


@pytest.mark.parametrize("opcode", HALTS)
def test_halted_processor_stays_until_reset(processor: Processor, opcode: int) -> None:
    step = processor.run(Cpu(), opcode)
    assert step.jammed
    assert step.cpu.pc == 0x1000
    repeated = processor.step(irq=True, nmi=True)
    assert (repeated.cpu.pc, repeated.cycles, repeated.writes) == (0x1000, 1, [])
    assert not processor.run(Cpu(), 0xEA).jammed


def test_arr_in_decimal_mode_corrects_both_digits(processor: Processor) -> None:
    for a in range(256):
        for carried in (0, C):
            plain = a >> 1 | carried << 7
            low_too_big, high_too_big = (a & 0x0F) + (a & 0x01) > 5, (a & 0xF0) + (a & 0x10) > 0x50
            low = plain + 6 * low_too_big & 0x0F
            high = plain + 0x60 * high_too_big & 0xF0
            step = processor.run(Cpu(a=a, p=UNUSED | I | D | carried), 0x6B, 0xFF)
            expected = N * carried | Z * (plain == 0) | V * (plain >> 6 & 1 ^ a >> 6 & 1) | C * high_too_big
            assert (step.cpu.a, step.cpu.p & (C | N | Z | V)) == (high | low, expected), (a, carried)


def test_all_undocumented_opcodes_are_covered() -> None:
    covered = {opcode for opcode, _, _ in CASES} | set(STORES_HIGH) | set(IMPLIED_NOPS) | set(HALTS)
    assert len(covered) == 256 - 151
