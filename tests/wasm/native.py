"""The native player as the reference for tunes made by tests."""

import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from app.emulator import SidEmulator
from tests.wasm.sound_comparison import RATE, Array, Likeness, Sound, compare, sidplayfp, step_times

SECONDS, SKIPPED = 4, RATE // 2
STEP_RATE = 192_000
"""Fine enough to distinguish processor cycles by the slope of a step."""

PAL_CLOCK = 985_248.6


@cache
def _emulator() -> SidEmulator:
    return SidEmulator()


def ours(tune: bytes, seconds: int = SECONDS, rate: int = RATE) -> Sound:
    """Render a tune with the emulator."""
    _emulator().load(tune)
    _emulator().start(sample_rate=rate)
    return _emulator().render_seconds(seconds)


def theirs(tune: bytes, folder: Path, seconds: int = SECONDS, rate: int = RATE) -> Sound:
    """Render a tune with the native player."""
    if not shutil.which("sidplayfp"):
        pytest.skip("the native player sidplayfp is not installed")
    file = folder / "tune.sid"
    file.write_bytes(tune)
    return sidplayfp(file, seconds, folder / "native.wav", rate=rate)[: seconds * rate]


def likeness(tune: bytes, folder: Path, *, same_level: bool = True) -> Likeness:
    """Compare both renders after the first half second; without `same_level`, normalize the loudness."""
    sound, reference = ours(tune)[SKIPPED:], theirs(tune, folder)[SKIPPED:]
    if not same_level:
        reference = reference * (np.std(sound) / np.std(reference))
    return compare(sound, reference)


def step_intervals(tune: bytes, folder: Path) -> tuple[Array, Array]:
    """Return the cycles between the steps of the sound, for the emulator and for the native player."""
    sounds = ours(tune, 2, STEP_RATE), theirs(tune, folder, 2, STEP_RATE)
    first, second = (np.diff(step_times(sound[STEP_RATE // 2 :])) * PAL_CLOCK / STEP_RATE for sound in sounds)
    return first, second
