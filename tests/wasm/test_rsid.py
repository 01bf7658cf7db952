"""RSID tunes, which are programs that run a C64 by themselves, compared with the native player.

Digis are compared at equal loudness: this version of reSIDfp has another constant part of the voices,
which the volume register turns into sound (docs/benchmarks.md, Levels).
"""

from pathlib import Path

import pytest

from app.emulator import SidEmulator, SidError
from tests.wasm import programs
from tests.wasm.native import likeness, ours
from tests.wasm.programs import PAL, header_flags, rsid
from tests.wasm.sound_comparison import RATE, step_times

CHIPS = (6581, 8580)


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize(
    "source",
    [programs.RASTER, programs.RASTER_BEHIND_ROM, programs.multispeed(2), programs.multispeed(4)],
    ids=["raster", "behind-rom", "twice-a-frame", "four-times-a-frame"],
)
def test_interrupt_tunes_sound_like_the_native_player(tmp_path: Path, source: str, chip: int) -> None:
    found = likeness(rsid(source, flags=header_flags(PAL, chip)), tmp_path)
    assert found.spectrum < 0.8, found
    assert found.pitch < 2, found
    assert found.onsets > 0.95, found


@pytest.mark.parametrize("chip", CHIPS)
def test_volume_register_samples_sound_like_the_native_player(tmp_path: Path, chip: int) -> None:
    tune = rsid(programs.SAMPLE_DIGI, flags=header_flags(PAL, chip))
    found = likeness(tune, tmp_path, same_level=False)
    assert found.spectrum < 0.8, found
    assert found.pitch < 2, found


def test_digi_is_loud_on_a_6581_and_faint_on_an_8580() -> None:
    loud, faint = (ours(rsid(programs.SAMPLE_DIGI, flags=header_flags(PAL, chip)), 2).std() for chip in CHIPS)
    assert loud > 0.05
    assert loud > 8 * faint > 0.005


def test_info_reports_that_the_tune_drives_itself() -> None:
    info = SidEmulator().load(rsid(programs.RASTER, flags=header_flags(2, 8580)))
    assert (info.format, info.version, info.speed) == ("RSID", 2, "own")
    assert (info.clock, info.chip, info.load_address, info.play_address) == ("NTSC", 8580, 0x1000, 0)


def after_power_on(expected: str) -> bytes:
    """Return a tune that halts unless `expected` holds."""
    return rsid(f"* = $1000\n{expected}\n good: jmp good\n bad: .byte 2")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("song in A", "cmp #0\n bne bad"),
        ("all ROM visible", "lda $01\n and #7\n cmp #7\n bne bad"),
        ("interrupts allowed", "php\n pla\n and #4\n bne bad"),
        ("raster compared with line 311", "lda $d011\n bpl low\n low: lda $d01a\n and #15\n bne bad"),
        ("PAL", "lda $02a6\n cmp #1\n bne bad"),
        ("IRQ vector", "lda $0315\n cmp #$ea\n bne bad\n lda $0314\n cmp #$31\n bne bad"),
        ("timer A runs", "lda $dc0e\n and #1\n beq bad\n lda $dc04\n cmp $dc04\n beq bad"),
        ("timer B does not", "lda $dc0f\n and #1\n bne bad\n lda $dd0e\n and #1\n bne bad"),
        ("CIA 1 interrupts", "wait: lda $0400\n beq wait\n"),
    ],
)
def test_c64_is_in_its_power_on_state(name: str, expected: str) -> None:
    if name == "CIA 1 interrupts":
        tune = rsid(
            "* = $1000\n lda #<irq\n sta $0314\n lda #>irq\n sta $0315\n good: jmp good\n"
            "irq: lda $d418\n lda level\n eor #15\n sta level\n sta $d418\n jmp $ea31\n level: .byte 0"
        )
        assert ours(tune, 1).std() > 0.01
    else:
        ours(after_power_on(expected), 1)


def test_tune_may_put_its_code_in_the_place_of_the_program_that_calls_it() -> None:
    """The program has its endless loop at $0403; here, 750 steps a second come from there."""
    tune = rsid(f"""
* = $1000
{programs.QUIET}
        ldx #32
copy:   lda code,x
        sta $0403,x
        dex
        bpl copy
        jmp $0403
code:   ldy #0
wait:   dey
        bne wait
        lda $02
        eor #$0f
        sta $02
        sta $d418
        jmp $0403
""")
    assert 700 < len(step_times(ours(tune, 2)[RATE // 2 :])) / 1.5 < 800


def test_nmi_comes_before_an_irq_is_entered_or_after_its_first_instruction() -> None:
    """Two timers run down at almost the same time; the NMI's handler halts if it interrupts at `irq`."""
    tune = rsid(f"""
* = $1000
{programs.QUIET}
        lda #$35
        sta $01
        lda #<irq
        sta $fffe
        lda #>irq
        sta $ffff
        lda #<nmi
        sta $fffa
        lda #>nmi
        sta $fffb
        lda #0
        sta $dc05
        sta $dd05
        lda #$81
        sta $dc0d
        sta $dd0d
        lda #100
        sta $dc04
        cli
again:  inc latch
        lda latch
        and #31
        clc
        adc #80
        sta $dd04
        lda #$19
        sta $dc0e
        sta $dd0e
        ldx #40
wait:   dex
        bne wait
        jmp again
latch:  .byte 0
irq:    inc $02
        lda $dc0d
        rti
nmi:    tsx
        lda $0102,x
        cmp #<irq
        bne good
        lda $0103,x
        cmp #>irq
        bne good
        .byte 2
good:   lda $dd0d
        rti
""")
    ours(tune, 1, 8000)


def test_failed_expectation_halts() -> None:
    with pytest.raises(SidError, match="halted"):
        ours(after_power_on("cmp #1\n bne bad"), 1)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (rsid(programs.RASTER, version=1), "it is of version 1 of its format, which doesn't exist"),
        (rsid(programs.RASTER.replace("$1000", "$0700")), "loads at $0700"),
        (rsid(programs.RASTER.replace("$1000", "$a000")), "init address $A000 lies under ROM"),
        (rsid(programs.RASTER.replace("$1000", "$d000")), "init address $D000 lies under ROM"),
        (rsid(programs.RASTER, speed=1), "must leave load address, play address, and speed at zero"),
    ],
)
def test_invalid_rsid_is_refused(file: bytes, message: str) -> None:
    with pytest.raises(SidError) as refused:
        SidEmulator().load(file)
    assert message in str(refused.value)
    assert str(refused.value).endswith(".")
