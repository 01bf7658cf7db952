"""Tunes that need the C64's ROMs, with ROMs made for these tests, and with real ones where there are some."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from app.emulator import SidEmulator, SidError
from app.roms import NO_ROMS, Roms, read_roms
from tests.wasm.programs import rsid
from tests.wasm.psid import psid
from tests.wasm.roms import BASIC, BEEP, KERNAL, MARK, MARKED, ROMS, basic_tune
from tests.wasm.sound_comparison import RATE, Sound


def calling(address: int, before: str = "") -> bytes:
    return rsid(f"* = $1000\n{before}\n lda #$20\n jsr {address}\n good: jmp good")


@cache
def shared_emulator() -> SidEmulator:
    return SidEmulator()


def played(tune: bytes, roms: Roms = ROMS, song: int = 1, seconds: float = 1) -> Sound:
    emulator = shared_emulator()
    emulator.use_roms(roms)
    emulator.load(tune)
    emulator.start(song, RATE)
    return emulator.render_seconds(seconds)


def pitch(sound: Sound) -> float:
    spectrum = np.abs(np.fft.rfft((sound - sound.mean()) * np.hanning(len(sound))))
    return float(np.argmax(spectrum)) * RATE / len(sound)


def same(one: Sound, other: Sound) -> bool:
    """Compare two renders of one emulator, in which the dither of the filters goes on."""
    return bool(np.abs(one - other).max() < 2e-4)


def test_rom_routine_plays() -> None:
    assert pitch(played(calling(BEEP))) == pytest.approx(0x2000 * 985_248 / 2**24, rel=0.01)


@pytest.mark.parametrize(
    ("call", "missing", "name"),
    [(0xF4A5, "kernal", "KERNAL"), (0xA871, "basic", "BASIC")],
)
def test_missing_rom_is_named(call: int, missing: str, name: str) -> None:
    roms = Roms({kind: image for kind, image in ROMS.images.items() if kind != missing})
    with pytest.raises(SidError) as stopped:
        played(calling(call), roms)
    assert f"calls the C64's {name} ROM at ${call:04X}" in str(stopped.value)
    assert "Preferences under C64 ROMs" in str(stopped.value)


def test_halt_inside_a_given_rom_is_not_a_missing_rom() -> None:
    with pytest.raises(SidError, match=r"halted the processor with the instruction at \$E000"):
        played(calling(0xE000))


def test_characters_are_seen_where_the_vic_reads_them() -> None:
    before = f"sei\n lda #$33\n sta $01\n lda $d123\n ldx #$37\n stx $01\n cmp #{MARK}\n bne bad\n"
    played(calling(BEEP, before + "jmp ok\n bad: .byte 2\n ok:"))
    with pytest.raises(SidError, match="halted"):
        played(calling(BEEP, before + "jmp ok\n bad: .byte 2\n ok:"), Roms({"kernal": KERNAL}))


def test_tune_finds_what_the_start_of_the_kernal_leaves() -> None:
    played(calling(BEEP, f"lda {MARKED}\n cmp #{MARK}\n beq ok\n .byte 2\n ok:"))


def test_basic_program_runs_its_song() -> None:
    first, second = (pitch(played(basic_tune(), song=song)) for song in (1, 2))
    assert first == pytest.approx(0x2000 * 985_248 / 2**24, rel=0.01)
    assert second / first == pytest.approx(0x21 / 0x20, rel=0.01)


@pytest.mark.parametrize(
    ("roms", "names"),
    [
        (NO_ROMS, "KERNAL and BASIC ROM"),
        (Roms({"kernal": KERNAL}), "BASIC ROM"),
        (Roms({"basic": BASIC}), "KERNAL ROM"),
    ],
)
def test_basic_program_without_its_roms_is_refused(roms: Roms, names: str) -> None:
    with pytest.raises(SidError) as refused:
        played(basic_tune(), roms)
    assert f"which needs the C64's {names}. Add your own copy in Preferences" in str(refused.value)


def test_basic_program_is_described_without_roms() -> None:
    found = shared_emulator().inspect(basic_tune())
    assert found.problem == ""
    assert found.tune is not None
    assert found.tune.songs == 2


def test_basic_program_with_an_init_address_is_refused() -> None:
    with pytest.raises(SidError, match="must leave the init address at zero"):
        shared_emulator().load(basic_tune(init=0x0801))


@pytest.mark.parametrize(
    ("roms", "name"),
    [
        (Roms({"kernal": bytes(0x2000), "basic": BASIC}), "KERNAL"),
        (Roms({"kernal": KERNAL, "basic": bytes(0x2000)}), "BASIC"),
    ],
)
def test_roms_that_do_not_start_are_reported(roms: Roms, name: str) -> None:
    with pytest.raises(SidError, match=f"didn't start with your {name} ROM"):
        played(basic_tune(), roms)


def test_renders_with_the_same_roms_are_identical() -> None:
    first = played(basic_tune())
    with pytest.raises(SidError):
        played(basic_tune(), NO_ROMS)
    assert same(first, played(basic_tune()))


def test_roms_are_not_part_of_a_saved_state() -> None:
    played(calling(0xFFD2), NO_ROMS)
    before = len(shared_emulator().save())
    played(calling(BEEP))
    assert len(shared_emulator().save()) - before < len(KERNAL)


def test_other_tunes_sound_the_same_with_roms() -> None:
    tune = psid(bytes([0xA9, 0x0F, 0x8D, 0x18, 0xD4, 0x60]))
    assert same(played(tune, NO_ROMS), played(tune))


REAL = os.environ.get("C64_ROMS", "")


@pytest.mark.skipif(
    not REAL, reason="C64_ROMS names no folder of real ROMs, which can't be part of the project"
)
def test_real_roms_run_a_basic_program() -> None:
    """10 POKE54296,15:POKE54278,240:POKE54273,32:POKE54276,33"""
    pokes = b":".join(b"\x97%d,%d" % pair for pair in ((54296, 15), (54278, 240), (54273, 32), (54276, 33)))
    line = b"\x0a\x00" + pokes + b"\x00"
    program = (0x0801 + 2 + len(line)).to_bytes(2, "little") + line + b"\x00\x00"
    sound = played(basic_tune(program), read_roms(Path(REAL)), seconds=2)
    assert pitch(sound[RATE:]) == pytest.approx(0x2000 * 985_248 / 2**24, rel=0.01)
