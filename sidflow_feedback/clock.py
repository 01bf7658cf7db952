"""The clock: monotonic time, wall-clock time, and waiting. The engine has no other source of time."""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from itertools import count
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from sidflow_feedback.types import Milliseconds

NEW_YEAR_2026: Final[Milliseconds] = 1_767_225_600_000.0
"""January 1, 2026, 00:00 UTC in epoch milliseconds."""

_SETTLE_TURNS: Final = 32
"""Turns of the event loop after which every task that isn't waiting for time has stopped running."""


class Clock(Protocol):
    """Tells the time and waits. Implementations inherit from this class."""

    def now(self) -> Milliseconds:
        """Return the monotonic time in milliseconds, from an arbitrary starting point."""
        ...

    def epoch(self) -> Milliseconds:
        """Return the wall-clock time in milliseconds since January 1, 1970 (UTC). It can jump either way."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for a finite number of seconds."""
        ...

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """Wait until `event` is set, but no longer than `seconds`; infinity means no time limit."""
        if seconds == math.inf:
            await event.wait()
            return
        waits = (asyncio.ensure_future(event.wait()), asyncio.ensure_future(self.sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


class SteadyTime:
    """Wall-clock time that never jumps: that of its creation, continued by the monotonic clock.

    It can be wrong by as much as the wall clock was, but as much all the time. So use it to measure how long
    something has lasted, where other engines must understand the times.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.epoch() - clock.now()

    def epoch(self) -> Milliseconds:
        """Return the time in milliseconds since January 1, 1970 (UTC)."""
        return self._offset + self._clock.now()


class SystemClock(Clock):
    """The clock of the machine."""

    def now(self) -> Milliseconds:
        """Return `time.monotonic` in milliseconds."""
        return time.monotonic() * 1000

    def epoch(self) -> Milliseconds:
        """Return `time.time` in milliseconds."""
        return time.time() * 1000

    async def sleep(self, seconds: float) -> None:
        """Wait with `asyncio.sleep`."""
        await asyncio.sleep(seconds)


class ManualClock(Clock):
    """A clock for tests and simulations. Its time stands still until `advance` is called.

    Parameters
    ----------
    epoch
        Wall-clock time at the start, in epoch milliseconds.
    """

    def __init__(self, *, epoch: Milliseconds = NEW_YEAR_2026) -> None:
        self._now: Milliseconds = 0.0
        self._start = epoch
        self._order = count()
        self._sleepers: list[tuple[Milliseconds, int, asyncio.Future[None]]] = []

    @property
    def pauses(self) -> list[float]:
        """The seconds that each sleeper still has to wait, in ascending order."""
        return sorted((due - self._now) / 1000 for due, _, sleeper in self._sleepers if not sleeper.done())

    def now(self) -> Milliseconds:
        """Return the virtual milliseconds since the clock was created."""
        return self._now

    def epoch(self) -> Milliseconds:
        """Return the virtual wall-clock time in epoch milliseconds."""
        return self._start + self._now

    def jump(self, milliseconds: Milliseconds) -> None:
        """Set the wall clock forward, or back. No time passes."""
        self._start += milliseconds

    def spend(self, milliseconds: Milliseconds) -> None:
        """Let time pass as computation does: no sleeper wakes in the meantime."""
        self._now += milliseconds

    async def sleep(self, seconds: float) -> None:
        """Wait until `advance` has moved the clock by `seconds`."""
        sleeper = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + 1000 * seconds, next(self._order), sleeper))
        await sleeper

    async def advance(self, seconds: float) -> None:
        """Move the clock forward and wake each sleeper at its time, in order."""
        await self.settle()
        end = self._now + 1000 * seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, sleeper = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not sleeper.done():
                sleeper.set_result(None)
                await self.settle()
        self._now = max(self._now, end)

    async def settle(self) -> None:
        """Run all tasks until each of them waits for something other than the event loop."""
        for _ in range(_SETTLE_TURNS):
            await asyncio.sleep(0)
