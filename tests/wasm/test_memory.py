"""Memory stays flat however long a tune plays: half a minute, or two hours with `make test-memory`."""

import pytest

from app.emulator import SidEmulator
from tests.wasm.programs import on_chips

CHUNK = 10
"""Seconds of sound per call."""


def test_long_play_needs_no_more_memory(pytestconfig: pytest.Config) -> None:
    emulator = SidEmulator()
    emulator.load(on_chips(0xD400, 0xD420, 0xD440, chips=(6581, 8580, 6581)))
    emulator.start()
    emulator.show_scope()
    emulator.render_seconds(CHUNK)
    emulator.save()
    before, state = emulator.memory_size, len(emulator.save())
    for _ in range(pytestconfig.getoption("--sound-seconds") // CHUNK):
        emulator.render_seconds(CHUNK)
    assert emulator.memory_size == before
    assert len(emulator.save()) == state
