"""The 6510's documented opcodes: compared with py65 on random programs; where py65 is wrong, by rules.

Differences between py65 and the chip, and how the tests handle them:

- Decimal mode: py65 takes Z, N, and V from half-corrected digits, an NMOS chip Z from the binary sum. The
  programs run with D clear when ADC or SBC is next; decimal arithmetic has its own tests below.
- Bits 4 and 5 of P: py65 keeps them as flags, a chip has them only in the copies on the stack. They are
  compared on the stack and nowhere else.
- Read-modify-write: a chip writes the old value first, py65 doesn't. The last write to an address counts.
- DEC with an absolute address: py65 counts 3 cycles, a chip takes 6. The difference is added.
"""

import random

import pytest
from py65.devices.mpu6502 import MPU

from tests.wasm.cpu_module import REAL_FLAGS, UNUSED, B, C, Cpu, D, I, N, Processor, V, Z, visible

DOCUMENTED = [code for code, (name, _) in enumerate(MPU.disassemble) if name != "???"]
ADC, SBC = 0x69, 0xE9
ADDS = {code for code, (name, _) in enumerate(MPU.disassemble) if name in ("ADC", "SBC")}
MISSING_CYCLES = {0xCE: 3}  # DEC $nnnn in py65
PROGRAMS, LENGTH = 60, 200


class WriteLog(list[int]):
    """64 KB of RAM for py65 that records the writes to it."""

    def __init__(self, ram: bytes) -> None:
        super().__init__(ram)
        self.writes: dict[int, int] = {}

    def __setitem__(self, address: int, value: int) -> None:  # type: ignore[override]
        super().__setitem__(address, value)
        self.writes[address] = value


@pytest.fixture(scope="module")
def processor() -> Processor:
    return Processor()


def random_cpu(chance: random.Random) -> Cpu:
    a, x, y, sp, p = (chance.randrange(256) for _ in range(5))
    return Cpu(chance.randrange(0x10000), a, x, y, sp, p & REAL_FLAGS | UNUSED)


def reference(ram: bytes, cpu: Cpu) -> tuple[MPU, WriteLog]:
    memory = WriteLog(ram)
    mpu = MPU(memory)
    mpu.pc, mpu.a, mpu.x, mpu.y, mpu.sp, mpu.p = cpu.pc, cpu.a, cpu.x, cpu.y, cpu.sp, cpu.p | B
    return mpu, memory


def registers(mpu: MPU) -> Cpu:
    return Cpu(mpu.pc, mpu.a, mpu.x, mpu.y, mpu.sp, mpu.p)


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_random_programs_match_py65(processor: Processor, seed: int) -> None:
    chance = random.Random(seed)
    ram, cpu = chance.randbytes(0x10000), random_cpu(chance)
    mpu, memory = reference(ram, cpu)
    processor.fill(ram)
    for position in range(LENGTH):
        opcode = next_opcode(chance, memory[cpu.pc], position)
        if opcode in ADDS:
            cpu = Cpu(cpu.pc, cpu.a, cpu.x, cpu.y, cpu.sp, cpu.p & ~D)
        memory[cpu.pc] = opcode
        mpu.p = cpu.p | B
        memory.writes.clear()
        cycles = mpu.processorCycles
        mpu.step()
        step = processor.run(cpu, opcode)
        where = f"opcode {opcode:02X} from {cpu}, instruction {position}"
        assert visible(step.cpu) == visible(registers(mpu)), where
        assert step.cycles == mpu.processorCycles - cycles + MISSING_CYCLES.get(opcode, 0), where
        assert dict(step.writes) == memory.writes, where
        cpu = step.cpu
    assert processor.ram() == bytes(memory)


def next_opcode(chance: random.Random, found: int, position: int) -> int:
    """Return a documented opcode: a random one at first, later the one in memory if it is documented."""
    if position < LENGTH // 2:
        return chance.choice(DOCUMENTED)
    return found if found in DOCUMENTED else chance.choice(DOCUMENTED)


def test_random_programs_reach_every_documented_opcode() -> None:
    reached: set[int] = set()
    for seed in range(PROGRAMS):
        chance = random.Random(seed)
        chance.randbytes(0x10000), random_cpu(chance)
        reached |= {next_opcode(chance, 0, position) for position in range(LENGTH)}
    assert reached == set(DOCUMENTED)
    assert len(DOCUMENTED) == 151


def bcd(number: int) -> int:
    return number // 10 << 4 | number % 10


@pytest.mark.parametrize("carry", [0, 1])
def test_decimal_addition_of_all_pairs(processor: Processor, carry: int) -> None:
    for a in range(100):
        for b in range(0, 100, 3):
            step = processor.run(Cpu(a=bcd(a), p=UNUSED | I | D | carry), ADC, bcd(b))
            total = a + b + carry
            assert step.cpu.a == bcd(total % 100), (a, b)
            assert bool(step.cpu.p & C) == (total > 99), (a, b)
            assert bool(step.cpu.p & Z) == ((bcd(a) + bcd(b) + carry) % 256 == 0), (a, b)


@pytest.mark.parametrize("carry", [0, 1])
def test_decimal_subtraction_of_all_pairs(processor: Processor, carry: int) -> None:
    for a in range(100):
        for b in range(0, 100, 3):
            step = processor.run(Cpu(a=bcd(a), p=UNUSED | I | D | carry), SBC, bcd(b))
            difference = a - b - (1 - carry)
            binary = bcd(a) - bcd(b) - (1 - carry)
            assert step.cpu.a == bcd(difference % 100), (a, b)
            assert bool(step.cpu.p & C) == (difference >= 0), (a, b)
            assert bool(step.cpu.p & Z) == (binary % 256 == 0), (a, b)
            assert bool(step.cpu.p & N) == bool(binary & 0x80), (a, b)


@pytest.mark.parametrize(
    ("a", "operand", "carry", "result", "flags"),
    [
        # Non-decimal digits, from the published algorithm of an NMOS chip's decimal ADC.
        (0x0F, 0x01, 0, 0x16, 0),
        (0xFF, 0x00, 0, 0x65, C),
        (0x9A, 0x00, 0, 0x00, C | N),
        (0x79, 0x00, 1, 0x80, N | V),
        (0x24, 0x56, 0, 0x80, N | V),
        (0x93, 0x82, 0, 0x75, C | V),
        (0x99, 0x01, 0, 0x00, C | N),
    ],
)
def test_decimal_addition_flags(
    processor: Processor, a: int, operand: int, carry: int, result: int, flags: int
) -> None:
    step = processor.run(Cpu(a=a, p=UNUSED | I | D | carry), ADC, operand)
    assert (step.cpu.a, step.cpu.p & REAL_FLAGS) == (result, flags | I | D)


def test_interrupt_pushes_the_state_and_follows_its_vector(processor: Processor) -> None:
    for vector, irq in ((0xFFFE, True), (0xFFFA, False)):
        processor.poke(vector, 0x34, 0x12)
        processor.set(Cpu(pc=0x2345, sp=0xFD, p=UNUSED | C))
        step = processor.step(irq=irq, nmi=not irq)
        assert step.cycles == 7
        assert step.writes == [(0x1FD, 0x23), (0x1FC, 0x45), (0x1FB, UNUSED | C)]
        assert (step.cpu.pc, step.cpu.p & REAL_FLAGS) == (0x1234, C | I)


def test_masked_irq_waits_until_the_instruction_after_cli(processor: Processor) -> None:
    processor.poke(0xFFFE, 0x00, 0x30)
    processor.poke(0x1000, 0x58, 0xEA)  # CLI NOP
    processor.set(Cpu(p=UNUSED | I))
    assert [processor.step(irq=True).cpu.pc for _ in range(3)] == [0x1001, 0x1002, 0x3000]


def test_irq_during_sei_is_still_taken(processor: Processor) -> None:
    processor.poke(0xFFFE, 0x00, 0x30)
    processor.poke(0x1000, 0x78)  # SEI
    processor.set(Cpu(p=UNUSED))
    processor.step()
    step = processor.step(irq=True)
    assert step.cpu.pc == 0x3000
    assert step.writes[-1] == (0x1FD, UNUSED | I)


def test_brk_pushes_the_break_flag_and_skips_a_byte(processor: Processor) -> None:
    processor.poke(0xFFFE, 0x00, 0x30)
    step = processor.run(Cpu(sp=0xFF), 0x00, 0xFF)
    assert step.writes == [(0x1FF, 0x10), (0x1FE, 0x02), (0x1FD, UNUSED | I | B)]


def test_indirect_jump_reads_its_target_within_one_page(processor: Processor) -> None:
    processor.poke(0x20FF, 0x34)
    processor.poke(0x2000, 0x12)
    processor.poke(0x2100, 0x99)
    assert processor.run(Cpu(), 0x6C, 0xFF, 0x20).cpu.pc == 0x1234


def test_read_modify_write_writes_the_old_value_first(processor: Processor) -> None:
    processor.poke(0x40, 0x81)
    assert processor.run(Cpu(), 0x06, 0x40).writes == [(0x40, 0x81), (0x40, 0x02)]  # ASL $40
