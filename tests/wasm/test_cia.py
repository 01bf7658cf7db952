"""What a program sees of the CIAs, cycle by cycle, compared with the native player."""

from functools import cache
from pathlib import Path

import pytest

from tests.wasm.probes import answers

NOP = " nop\n"


def read_near_underflow(latch: int) -> str:
    """Read the ICR 12 cycles after starting a timer; the number of NMIs is in bits 2 and 3."""
    return f"""
        lda #0
        sta count
        sta $dd05
        lda $dd0d
        lda #{latch}
        sta $dd04
        lda #$81
        sta $dd0d
        lda #$19
        sta $dd0e
{4 * NOP}
        lda $dd0d
{8 * NOP}
        pha
        lda #$7f
        sta $dd0d
        asl count
        asl count
        pla
        ora count
"""


def timer(control: int, latch: int, then: str, at: int = 0xDD04) -> str:
    """Start timer A of CIA 2 and go on."""
    return f"""
        lda #0
        sta $dd0e
        sta $dd0f
        lda #{latch & 0xFF}
        sta {at}
        lda #{latch >> 8}
        sta {at + 1}
        lda #{control}
        sta $dd0e
{then}
"""


def clock(hours: int, then: str) -> str:
    """Set CIA 1's clock to a tenth before the next hour, and wait until it is there."""
    return f"""
        lda #$80
        sta $dc0e
        lda #0
        sta $dc0f
        lda #{hours}
        sta $dc0b
        lda #$59
        sta $dc0a
        sta $dc09
        lda #$09
        sta $dc08
wait@:  lda $dc08
        bne wait@
{then}
"""


FORCE_LOAD = " lda #50\n sta $dd04\n lda #$11\n sta $dd0e\n"

LATCHED_LINE = """
        sei
        lda #0
        sta count
        lda $dc0d
        lda #10
        sta $dc04
        lda #0
        sta $dc05
        lda #$81
        sta $dc0d
        lda #$19
        sta $dc0e
        nop
        nop
        nop
        nop
        nop
        nop
        nop
        lda #$7f
        sta $dc0d
        cli
        nop
        nop
        sei
        lda count
"""

MASK_AFTERWARDS = f"""
        lda #0
        sta count
        lda #$7f
        sta $dd0d
        lda $dd0d
{timer(0x19, 5, 10 * NOP)}
        lda #$81
        sta $dd0d
        nop
        nop
        lda #$7f
        sta $dd0d
        lda count
"""

ALARM = """
        lda #$7f
        sta $dc0d
        lda #$80
        sta $dc0e
        sta $dc0f
        lda #$01
        sta $dc0b
        lda #0
        sta $dc0a
        sta $dc09
        lda #2
        sta $dc08
        lda #0
        sta $dc0f
        lda #$01
        sta $dc0b
        lda #0
        sta $dc0a
        sta $dc09
        sta $dc08
        lda $dc0d
wait@:  lda $dc0d
        beq wait@
        ora $dc08
"""

HELD = """
        lda $dc0b
        lda $dc08
        sta count
        lda $dc0b
        ldx #0
        ldy #0
wait@:  nop
        nop
        nop
        dey
        bne wait@
        dex
        bne wait@
        lda $dc08
        sec
        sbc $dc08
        and #$80
"""

PROBES = {
    **{f"read-near-underflow-{latch}": read_near_underflow(latch) for latch in range(6, 15)},
    **{f"count-{n}": timer(0x11, 0x1234, n * NOP + " lda $dd04") for n in range(4)},
    **{f"one-shot-{n}": timer(0x19, 7, n * NOP + " lda $dd0e\n eor $dd04") for n in range(2, 6)},
    **{f"force-load-{n}": timer(0x11, 200, f"{FORCE_LOAD}{n * NOP} lda $dd04") for n in range(3)},
    "latch-of-running-timer": timer(0x11, 200, " lda #0\n sta $dd05\n lda $dd04"),
    "stop": timer(0x11, 200, " lda #0\n sta $dd0e\n lda $dd04"),
    "shortest": timer(0x11, 0, " lda $dd0d\n nop\n lda $dd0d\n ora $dd04"),
    "counts-cnt": timer(0x31, 200, 20 * NOP + " lda $dd04"),
    "b-counts-cnt": timer(0, 200, " lda #$31\n sta $dd0f\n nop\n nop\n lda $dd06", 0xDD06),
    "b-counts-a": timer(0, 3, " lda #90\n sta $dd06\n lda #0\n sta $dd07\n lda #$51\n sta $dd0f\n lda #$11\n"
                        f" sta $dd0e\n{20 * NOP} lda $dd06"),
    "toggles-port": timer(0x17, 9, 3 * NOP + " lda $dd01\n and #$40"),
    "toggled-port": timer(0x17, 9, 8 * NOP + " lda $dd01\n and #$40"),
    "serial-register": " lda #$5a\n sta $dd0c\n lda $dd0c",
    "port": " lda #$3c\n sta $dd02\n lda #$15\n sta $dd00\n lda $dd00",
    "direction": " lda #$3c\n sta $dd02\n lda $dd02",
    "serial-interrupt": timer(0x51, 3, f" lda $dd0d\n lda #$55\n sta $dd0c\n{60 * NOP} lda $dd0d\n and #$08"),
    "line-stays-pulled": LATCHED_LINE,
    "mask-after-underflow": MASK_AFTERWARDS,
    "morning": clock(0x09, " lda $dc0b"),
    "noon": clock(0x11, " lda $dc0b"),
    "afternoon": clock(0x92, " lda $dc0b"),
    "alarm": ALARM,
    "held": HELD,
}  # fmt: skip


@cache
def heard(folder: Path) -> tuple[list[int], list[int]]:
    return answers(list(PROBES.values()), folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cia")


@pytest.mark.parametrize("probe", PROBES)
def test_program_sees_the_same_as_with_the_native_player(folder: Path, probe: str) -> None:
    first, second = heard(folder)
    at = list(PROBES).index(probe)
    assert first[at] == second[at]
