"""Moving to another position of a song: skipping a part, and restoring a saved state."""

from pathlib import Path

import numpy as np
import pytest

from app.emulator import SAMPLE_RATE, SidEmulator, SidError
from app.paths import paths
from tests.wasm.programs import on_chips
from tests.wasm.psid import LOAD, RTS, psid
from tests.wasm.sound_comparison import Array, Sound

SETTLING = SAMPLE_RATE
"""Frames rendered and discarded after a skip, as in `static/js/sid/song.js`."""

HALT = 0x02

LIMIT_DB = -40.0
"""Limit for the difference from uninterrupted rendering, relative to the sound. The rest is mostly dither."""


def tunes() -> dict[str, bytes]:
    given = Path(__file__).parents[3] / "shared/tunes"
    file = given / "10_Orbyte.sid"
    if not file.exists():
        file = min((paths().vendor / "tunes").glob("*.sid"))
    three = on_chips(0xD400, 0xD420, 0xD440, chips=(6581, 8580, 6581))
    return {"three chips": three, file.stem: file.read_bytes()}


TUNES = tunes()


@pytest.fixture(scope="module")
def emulator() -> SidEmulator:
    return SidEmulator()


def start(emulator: SidEmulator, tune: bytes) -> None:
    emulator.load(tune)
    emulator.start()


def shifted(sound: Sound, frames: float) -> Array:
    turns = np.exp(-2j * np.pi * np.fft.rfftfreq(len(sound)) * frames)
    late: Array = np.fft.irfft(np.fft.rfft(sound) * turns, len(sound))
    return late


def difference(sound: Sound, reference: Sound) -> tuple[float, float]:
    """Return the smallest level of the difference in dB, and the shift of at most a frame that gives it."""
    window = np.hanning(len(sound))
    errors = {
        shift: float((((reference - shifted(sound, shift)) * window) ** 2).mean())
        for shift in np.arange(-1, 1.01, 0.05)
    }
    shift = min(errors, key=errors.__getitem__)
    return 10 * np.log10(errors[shift] / ((reference * window) ** 2).mean()), shift


@pytest.mark.parametrize("tune", TUNES.values(), ids=TUNES)
def test_skipping_sounds_like_uninterrupted_playback(emulator: SidEmulator, tune: bytes) -> None:
    start(emulator, tune)
    straight = emulator.render_seconds(14)[-2 * SAMPLE_RATE :]
    start(emulator, tune)
    emulator.render(5000)  # As during playback.
    emulator.skip(12 * SAMPLE_RATE - SETTLING - 5000)
    emulator.render(SETTLING)
    level, shift = difference(emulator.render_seconds(2), straight)
    assert level < LIMIT_DB
    assert abs(shift) <= 0.5


@pytest.mark.parametrize("tune", TUNES.values(), ids=TUNES)
def test_restored_state_continues_identically(emulator: SidEmulator, tune: bytes) -> None:
    start(emulator, tune)
    emulator.show_scope()
    emulator.render_seconds(1.1)
    state = emulator.save()
    first = emulator.render_seconds(2)
    waves = [bytes(emulator.wave(voice)) for voice in range(3)]
    registers = emulator.registers()
    emulator.mute(0, 1, 2)
    emulator.render_seconds(3)
    emulator.restore(state)
    level, shift = difference(emulator.render_seconds(2), first)
    assert level < LIMIT_DB
    assert shift == pytest.approx(0)
    assert [bytes(emulator.wave(voice)) for voice in range(3)] == waves
    assert emulator.registers() == registers


def test_saved_state_stays_small_over_many_starts(emulator: SidEmulator) -> None:
    for tune in 4 * list(TUNES.values()):
        start(emulator, tune)
        emulator.render_seconds(0.2)
    assert len(emulator.save()) < 1_400_000, "the saved memory is nearly full; memory beyond it isn't saved"


def test_skipping_past_a_failure_raises_the_error(emulator: SidEmulator) -> None:
    start(emulator, psid(bytes([RTS, HALT]), play=LOAD + 1))
    with pytest.raises(SidError, match="halted"):
        emulator.skip(SAMPLE_RATE)
    with pytest.raises(SidError):
        emulator.skip(1)
