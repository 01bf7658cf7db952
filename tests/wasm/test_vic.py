"""The cycles that the VIC takes, and its raster interrupt, compared with the native player."""

from functools import cache
from pathlib import Path

import pytest

from tests.wasm.probes import answers, our_answers


def cycles_taken(setup: str, loops: int = 8) -> str:
    """Return a probe for the cycles that some loops take from line 20 on, modulo 256."""
    return f"""
        lda #0
        sta $dd0e
        lda #$ff
        sta $dd04
        sta $dd05
top@:   lda $d011
        bpl top@
low@:   lda $d011
        bmi low@
line@:  lda $d012
        cmp #20
        bne line@
{setup}
        lda #$11
        sta $dd0e
        ldx #{loops}
outer@: ldy #0
inner@: dey
        bne inner@
        dex
        bne outer@
        lda #0
        sta $dd0e
        sta $d015
        sta $d017
        lda #$0b
        sta $d011
        lda $dd04
"""


def sprites(enable: int, expand: int = 0, y: int = 60) -> str:
    """Return code that switches sprites on at `y`."""
    rows = "".join(f" sta {0xD001 + 2 * i}\n" for i in range(8))
    return f" lda #{y}\n{rows} lda #{expand}\n sta $d017\n lda #{enable}\n sta $d015\n"


TEXT = " lda #{}\n sta $d011\n"
ONLY_LINE_48 = """
wait@:  lda $d012
        cmp #$30
        bne wait@
        lda #$1b
        sta $d011
        lda #$0b
        sta $d011
"""
COMPARE_NOW = """
        lda #0
        sta $d01a
        sta $d012
        lda #$0b
        sta $d011
line@:  lda $d012
        cmp #100
        bne line@
        lda #$0f
        sta $d019
        lda #100
        sta $d012
        nop
        lda $d019
        and #1
"""

PROBES = {
    "dark": cycles_taken(""),
    **{f"sprites-{mask:02x}": cycles_taken(sprites(mask)) for mask in (0x01, 0x80, 0x05, 0x11, 0x55, 0xFF)},
    "expanded": cycles_taken(sprites(0x18, 0x08)),
    "at-the-bottom": cycles_taken(sprites(0x03, 0, 250), 15),
    "text": cycles_taken(TEXT.format(0x1B)),
    "scrolled": cycles_taken(TEXT.format(0x1F)),
    "text-and-sprites": cycles_taken(sprites(0x81) + TEXT.format(0x1B)),
    "compare-with-this-line": COMPARE_NOW,
}
SWITCHED_ON = [cycles_taken(""), cycles_taken(ONLY_LINE_48), cycles_taken(ONLY_LINE_48.replace("$30", "$31"))]


@cache
def heard(folder: Path) -> tuple[list[int], list[int]]:
    return answers(list(PROBES.values()), folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vic")


@pytest.mark.parametrize("probe", PROBES)
def test_program_sees_the_same_as_with_the_native_player(folder: Path, probe: str) -> None:
    first, second = heard(folder)
    at = list(PROBES).index(probe)
    assert first[at] == second[at]


def test_display_is_on_for_a_frame_if_it_was_on_in_line_48() -> None:
    """As on the chip; the native player looks at the end of the line only."""
    dark, in_line_48, later = our_answers(SWITCHED_ON)
    assert (dark - in_line_48) % 256 == 22 * 43 % 256  # 22 lines of text, 43 cycles each.
    assert later == dark
