"""What a renderer's process does. It imports nothing of the server: it starts fast and stays small."""

import os
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...emulator import SAMPLE_RATE, SidEmulator
from ...process_limits import limit_memory, limit_processor_time
from ...roms import Roms

FRAME_BYTES: Final = 2

NICENESS: Final = 5
"""On a busy machine, rendering gets a third of the processor time that answering requests gets."""

SETTLE_FRAMES: Final = SAMPLE_RATE // 2
"""Frames to render and drop after a skip, in which the filters settle."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a renderer may use.

    Attributes
    ----------
    seconds
        Processor time of a request. An init that doesn't return is stopped after about 1 s.
    waiting
        Time of a request by the clock, on a machine that has other things to do.
    memory
        Bytes of the process; it is ended above that.
    emulator_memory
        Bytes of its emulators: above that, those used least recently are given up. An emulator takes 28 MB,
        and 57 MB at most.
    idle
        Seconds without a request after which the process ends.
    """

    seconds: float = 10
    waiting: float = 60
    memory: int = 512_000_000
    emulator_memory: int = 128_000_000
    idle: float = 30


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Job:
    """Sound to render.

    Attributes
    ----------
    name
        Of the rendering, so that the renderer can go on where it was.
    data, song
        The tune.
    first, count
        Frames from the beginning of the song.
    """

    name: str
    data: bytes
    song: int
    first: int
    count: int


class _Emulators:
    """The emulators of a renderer's process, each where its rendering has come to."""

    def __init__(self, memory: int, roms: Roms) -> None:
        self._memory, self._roms = memory, roms
        self._known: OrderedDict[str, tuple[SidEmulator, int]] = OrderedDict()

    def render(self, job: Job) -> bytes:
        """Render a job, from the beginning of the song if its emulator isn't there any more."""
        emulator, at = self._known.pop(job.name, (None, -1))
        if emulator is None or at != job.first:
            emulator = emulator or self._new()
            emulator.load(job.data)
            emulator.start(job.song)
            _skip(emulator, job.first)
        sound = np.clip(emulator.render(job.count), -1, 1)
        self._known[job.name] = emulator, job.first + job.count
        return (sound * 32767).astype("<i2").tobytes()

    def _new(self) -> SidEmulator:
        """Return the emulator that was used least recently if they are too large already, else a new one."""
        while sum(emulator.memory_size for emulator, _ in self._known.values()) > self._memory:
            self._known.popitem(last=False)
        emulator = SidEmulator()
        emulator.use_roms(self._roms)
        return emulator


def _skip(emulator: SidEmulator, frames: int) -> None:
    settle = min(frames, SETTLE_FRAMES)
    emulator.skip(frames - settle)
    emulator.render(settle)


_emulators: _Emulators


def start_process(limits: Limits, roms: Roms) -> None:
    """Prepare this process to render."""
    global _emulators
    limit_memory(limits.memory)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    _emulators = _Emulators(limits.emulator_memory, roms)


def render(job: Job, seconds: float) -> bytes:
    """Render a job; the system ends this process if that takes more than `seconds` of the processor."""
    limit_processor_time(seconds)
    return _emulators.render(job)
