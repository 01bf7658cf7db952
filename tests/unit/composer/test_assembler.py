"""The assembler against py65: its disassembler for every opcode, its CPU for whole programs."""

import pytest
from py65.devices.mpu6502 import MPU
from py65.disassembler import Disassembler

from app.composer.assembler import OPCODES, AssemblyError, assemble

OPERANDS = {
    "imp": "",
    "imm": "#$12",
    "zp": "$12",
    "zpx": "$12,x",
    "zpy": "$12,y",
    "abs": "$1234",
    "absx": "$1234,x",
    "absy": "$1234,y",
    "ind": "($1234)",
    "indx": "($12,x)",
    "indy": "($12),y",
    "rel": "$1000",
}


def run(source: str) -> MPU:
    program = assemble(source)
    memory = [0] * 0x10000
    memory[program.origin : program.origin + len(program.code)] = program.code
    cpu = MPU(memory=memory, pc=program.origin)
    for _ in range(10_000):
        if memory[cpu.pc] == 0:
            return cpu
        cpu.step()
    raise AssertionError("the program does not reach a brk")


def test_all_documented_instructions_are_known() -> None:
    assert len(OPCODES) == len(set(OPCODES.values())) == 151


@pytest.mark.parametrize(("mnemonic", "mode"), sorted(OPCODES))
def test_instruction_disassembles_to_its_source(mnemonic: str, mode: str) -> None:
    program = assemble(f"* = $1000\n {mnemonic} {OPERANDS[mode]}")
    assert program.code[0] == OPCODES[mnemonic, mode]
    memory = [0] * 0x10000
    memory[0x1000 : 0x1000 + len(program.code)] = program.code
    size, text = Disassembler(MPU(memory=memory)).instruction_at(0x1000)
    assert size == len(program.code)
    expected = f"{mnemonic} {OPERANDS[mode]}".strip()
    assert text.lower() in (expected, f"{expected} a")


def test_program_multiplies() -> None:
    cpu = run("""
        factor = $10            ; zero page
        * = $0800
                lda #13
                sta factor
                ldx #0
                ldy #11
        again:  txa
                clc
                adc factor
                tax
                dey
                bne again
                stx result
                brk
        result: .byte 0
    """)
    assert cpu.memory[0x10] == 13
    assert cpu.x == 143
    assert cpu.memory[cpu.pc + 1] == 143


def test_program_sums_a_table_through_a_pointer_and_a_subroutine() -> None:
    cpu = run("""
        ptr = $fb
        * = $c000
                lda #<table
                sta ptr
                lda #>table
                sta ptr+1
                ldy #table_end-table-1
                lda #0
        loop:   jsr add
                dey
                bpl loop
                brk
        add:    clc
                adc (ptr),y
                rts
        table:  .byte 1, $02, %11, 250-50
        table_end:
    """)
    assert cpu.a == 206


def test_data_directives_and_expressions() -> None:
    program = assemble("* = $1000\nstart: .word start, end-1\n .fill 2\n .byte <end, >end, *-start\nend:")
    assert program.code == bytes.fromhex("0010 0810 0000 09 10 06")
    assert program.symbols["end"] == 0x1009


def test_forward_name_is_absolute_even_if_small() -> None:
    assert assemble("lda later\nlater = 5").code == b"\xad\x05\x00"
    assert assemble("later = 5\nlda later").code == b"\xa5\x05"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("nop\n lda missing", "line 2: missing is not defined"),
        ("a1:\na1:", "line 2: a1 is defined twice"),
        ("lda", "no lda with addressing mode imp"),
        ("sta #1", "no sta with addressing mode imm"),
        ("foo $12", "no foo with"),
        ("lda #256", "256 doesn't fit"),
        (".byte 1-2", "-1 doesn't fit"),
        ("lda 1*2", "can't parse expression"),
        ("near:\n .fill 200\n bne near", "line 3: branch of -202 bytes is out of reach"),
        ("nop\n* = $1000", "the origin must be set before"),
        ("123 nop", "can't parse"),
    ],
)
def test_bad_source_is_rejected_with_line_and_reason(source: str, reason: str) -> None:
    with pytest.raises(AssemblyError, match=r"^line \d+: ") as caught:
        assemble(source)
    assert reason in str(caught.value)
