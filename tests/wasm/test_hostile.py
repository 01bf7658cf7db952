"""Hostile files give sound or an error message, never a trap, a hang, or a memory leak.

`make test-fuzz` tries 10,000. A failure names its seed; `--hostile-seed` starts with it.
"""

import faulthandler
import random
from time import process_time
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from app.emulator import SidEmulator, SidError
from tests.wasm.hostile import hostile
from tests.wasm.psid import LOAD, clicker, psid

HANGS_AFTER, LONGEST_CALL = 300, 20
"""Seconds; a busy machine takes up to two for a quarter of a second's work."""

REPEATED = 300
PASSES = 4
"""A second pass may meet memory in other fragments and allocate more; a leak allocates more in every pass."""

MAX_MEMORY = 80 << 20
"""Bytes; three chips of both models at 192 kHz need about 57 MB."""

CHIPS: tuple[Literal[0, 6581, 8580], ...] = (0, 6581, 8580)


def exercise(emulator: SidEmulator, seed: int) -> tuple[NDArray[np.float32], str]:
    """Use the emulator with this file as a player would; return the sound or the message."""
    chance = random.Random(seed)
    emulator.override(chance.choice((None, "PAL", "NTSC")), chance.choice(CHIPS))
    emulator.show_scope(on=chance.random() < 0.2)
    try:
        emulator.load(hostile(seed))
        emulator.start(chance.randrange(3), chance.choice((8000, 44100, 44100, 44100, 192000)))
        emulator.mute(chance.randrange(9))
        return emulator.render(4096 * chance.choice((1, 1, 1, 4))), ""
    except SidError as refused:
        return np.empty(0, np.float32), str(refused)


def check(emulator: SidEmulator, seed: int) -> None:
    begun = process_time()
    faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
    sound, message = exercise(emulator, seed)
    assert process_time() - begun < LONGEST_CALL, f"seed {seed}: too long"
    assert np.isfinite(sound).all(), f"seed {seed}: {sound}"
    assert np.abs(sound).max(initial=0) <= 1, f"seed {seed}: too loud"
    explained = not message or (message.endswith(".") and "unexpectedly" not in message)
    assert explained, f"seed {seed}: {message}"


def test_hostile_files_give_sound_or_an_error_message(pytestconfig: pytest.Config) -> None:
    count, seed = pytestconfig.getoption("--hostile"), pytestconfig.getoption("--hostile-seed")
    first = random.SystemRandom().randrange(1 << 32) if seed is None else seed
    print(f"{count} hostile files, seeds from {first}")
    emulator = SidEmulator()
    try:
        for seed in range(first, first + count):
            check(emulator, seed)
        sizes = [emulator.memory_size]
        while len(sizes) < 2 or sizes[-1] > sizes[-2]:
            assert len(sizes) <= PASSES, f"every pass allocates more: {sizes}"
            for seed in range(first, first + min(count, REPEATED)):
                check(emulator, seed)
            sizes.append(emulator.memory_size)
    finally:
        faulthandler.cancel_dump_traceback_later()
    assert sizes[-1] <= MAX_MEMORY
    assert_plays(emulator)


def assert_plays(emulator: SidEmulator) -> None:
    emulator.override()
    emulator.mute()
    emulator.load(psid(clicker(), play=LOAD + 1))
    emulator.start()
    assert np.ptp(emulator.render(8192)) > 0.01


def test_seed_determines_the_file() -> None:
    assert hostile(7) == hostile(7) != hostile(8)


def test_hostile_files_are_varied() -> None:
    """Some play, some are refused at once, some are stopped; otherwise the test above would prove little."""
    emulator, endings = SidEmulator(), set()
    for seed in range(60):
        sound, message = exercise(emulator, seed)
        endings.add("sound" if len(sound) else message.split()[0:3][-1])
        if "sound" in endings and len(endings) > 4:
            return
    raise AssertionError(endings)
