"""Excerpts of tunes that nobody composed, which cost a known time on a clock by hand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import numpy as np

from sidflow_feedback.analysis.analyzer import PIECE, Progress
from sidflow_feedback.analysis.features import Samples
from sidflow_feedback.analysis.trace import PAL_CLOCK
from sidflow_feedback.idle.manual import ManualIdleClock

RATE = 8000


@dataclass
class PretendedSound:
    """Renders noise for 20 s by default; each piece is a second of it.

    The work is another thread's: it goes on while the engine waits.
    """

    clock: ManualIdleClock
    start: float = 40.0
    piece: float = 25.0
    seconds: int = 20
    end: float | None = None
    has_sound: bool = True
    problem: str | None = None
    trace: bytes = bytes(8)
    spent: list[tuple[float, float]] = field(default_factory=list)
    begun: list[object] = field(default_factory=list)
    _done: int = 0

    async def begin(self, tune: object, song: int, seconds: float) -> Progress:
        assert seconds == 20
        self.begun.append((tune, song))
        self._done = 0
        return await self._work(self.start)

    async def advance(self, milliseconds: float) -> Progress:
        assert milliseconds == PIECE
        self._done += 1
        return await self._work(self.piece)

    async def take(self) -> tuple[Samples, int, bytes, int]:
        await asyncio.sleep(0)
        noise = np.random.default_rng(1).normal(0, 0.1, self._done * RATE)
        return noise.astype(np.float32), RATE, self.trace, PAL_CLOCK

    async def _work(self, milliseconds: float) -> Progress:
        await self.clock.sleep(milliseconds / 1000)
        self.spent.append((self.clock.now(), milliseconds))
        return Progress(
            busy=milliseconds,
            done=self._done >= self.seconds,
            has_sound=self.has_sound,
            end=self.end if self._done >= self.seconds else None,
            problem=self.problem,
        )
