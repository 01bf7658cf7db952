"""Broken, false, or endless files: they give a clear message, and the emulator stays usable."""

import numpy as np
import pytest

from app.composer.assembler import assemble
from app.emulator import SidEmulator, SidError
from tests.wasm.psid import LOAD, RTS, clicker, psid

GOOD = psid(clicker(), play=LOAD + 1)
FOREVER = bytes([0x4C, 0x00, 0x10])  # JMP $1000


@pytest.fixture(scope="module")
def emulator() -> SidEmulator:
    return SidEmulator()


def still_plays(emulator: SidEmulator) -> bool:
    emulator.load(GOOD)
    emulator.start()
    return bool(np.ptp(emulator.render(8192)) > 0.01)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"", "incomplete or not a SID file"),
        (GOOD[:4], "incomplete or not a SID file"),
        (GOOD[:0x75], "incomplete or not a SID file"),
        (GOOD[:0x78], "ends before its music"),
        (GOOD[:0x7C], "ends before its music"),
        (b"MThd" + GOOD[4:], "not a SID file, whatever its name"),
        (b"RSID" + GOOD[4:], "must leave load address, play address, and speed at zero"),
        (psid(clicker(), version=0), "version 0"),
        (psid(clicker(), version=5), "version 5"),
        (psid(clicker(), data_offset=0xFFFF), "ends before its music"),
        (psid(clicker(), load=0xFFF8), "past the end"),
        (psid(b"\x00", load=0), "ends before its music"),
        (psid(b"\x00\x10", load=0), "ends before its music"),
        (psid(clicker(), flags=0x15), "Sidplayer"),
        (b"PSID" + bytes(131073), "too large for a SID file"),
    ],
)
def test_broken_file_is_refused_with_a_reason(emulator: SidEmulator, file: bytes, message: str) -> None:
    with pytest.raises(SidError, match=message.replace("$", r"\$")) as refused:
        emulator.load(file)
    assert str(refused.value).endswith(".")
    assert still_plays(emulator)


def test_failed_load_leaves_no_tune(emulator: SidEmulator) -> None:
    emulator.load(GOOD)
    with pytest.raises(SidError):
        emulator.load(b"PSID")
    with pytest.raises(SidError, match="No tune is loaded"):
        emulator.start()
    with pytest.raises(SidError, match="No tune is loaded"):
        emulator.render(10)


def test_rendering_before_a_start_is_refused(emulator: SidEmulator) -> None:
    emulator.load(GOOD)
    with pytest.raises(SidError, match="Start a song first"):
        emulator.render(10)


@pytest.mark.parametrize(
    ("song", "rate", "message"), [(2, 44100, "Song 2"), (1, 7999, "7999"), (1, 192001, "192001")]
)
def test_impossible_starts_are_refused(emulator: SidEmulator, song: int, rate: int, message: str) -> None:
    emulator.load(GOOD)
    with pytest.raises(SidError, match=message):
        emulator.start(song, rate)
    assert still_plays(emulator)


def test_init_that_never_returns_is_stopped(emulator: SidEmulator) -> None:
    emulator.load(psid(FOREVER))
    with pytest.raises(SidError, match=r"init routine at \$1000 didn't return"):
        emulator.start()
    assert still_plays(emulator)


def test_init_may_take_ten_seconds(emulator: SidEmulator) -> None:
    """Three nested loops of 40 * 196 * 1283 cycles."""
    outer = "ldx #40\nlong: lda #196\nsta 2\n{}\ndex\nbne long\nrts"
    wait = outer.format("middle: ldy #0\ninner: dey\nbne inner\ndec 2\nbne middle")
    code = assemble(f"* = {LOAD}\n{wait}").code
    emulator.load(psid(code + clicker()[1:], play=LOAD + len(code)))
    emulator.start()
    assert np.ptp(emulator.render(8192)) > 0.01


def test_play_that_never_returns_is_stopped(emulator: SidEmulator) -> None:
    emulator.load(psid(bytes([RTS]) + bytes([0x4C, 0x01, 0x10]), play=LOAD + 1))
    emulator.start()
    with pytest.raises(SidError, match="play routine didn't return 5 times"):
        emulator.render_seconds(60)
    assert still_plays(emulator)


def test_play_that_hangs_occasionally_continues(emulator: SidEmulator) -> None:
    """Every 64th call hangs: it is cut off, and the following calls work."""
    code = bytes([RTS, 0xEE, 0x00, 0x03, 0xAD, 0x00, 0x03, 0x29, 0x3F, 0xF0, 0xFE, RTS])
    emulator.load(psid(code, play=LOAD + 1))
    emulator.start()
    assert len(emulator.render_seconds(30)) == 30 * 44100


def start_and_render(emulator: SidEmulator) -> None:
    emulator.start()
    emulator.render_seconds(1)


@pytest.mark.parametrize("where", ["init", "play"])
def test_halted_processor_is_reported(emulator: SidEmulator, where: str) -> None:
    code = b"\x02" if where == "init" else bytes([RTS, 0x02])
    emulator.load(psid(code, play=LOAD + len(code) - 1))
    with pytest.raises(SidError, match="halted the processor"):
        start_and_render(emulator)
    assert still_plays(emulator)


def test_tune_without_play_address_and_interrupt_is_refused(emulator: SidEmulator) -> None:
    emulator.load(psid(bytes([RTS]), play=0))
    with pytest.raises(SidError, match="no play address"):
        emulator.start()


@pytest.mark.parametrize("pages", [(0xFF, 0), (0, 0)])
def test_tune_that_fills_memory_is_refused(emulator: SidEmulator, pages: tuple[int, int]) -> None:
    full = bytes([RTS]) * (0xD000 - 0x400)
    emulator.load(psid(full, load=0x400, init=0x400, play=0x400, pages=pages))
    with pytest.raises(SidError, match="no free page"):
        emulator.start()
