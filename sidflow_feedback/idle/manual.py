"""Idle time by hand: a clock for tests and simulations, on which hours pass in milliseconds."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidflow_feedback.types import Milliseconds

_SETTLE = 16
"""Turns of the event loop between two points in time: tasks woken by one must run before the next."""


class ManualIdle:
    """An `IdleClock` whose time stands still until `advance` is called.

    Parameters
    ----------
    grant
        Milliseconds of each slot; None: slots are granted one by one, by `grant`.
    every
        Seconds of waiting before each such slot.
    """

    def __init__(self, *, grant: Milliseconds | None = None, every: float = 0.02) -> None:
        self.withheld: str | None = None
        self._grant_all = grant
        self._every = every
        self._now: Milliseconds = 0.0
        self._order = count()
        self._sleepers: list[tuple[Milliseconds, int, asyncio.Future[None]]] = []
        self._askers: list[asyncio.Future[Milliseconds]] = []

    @property
    def waiting(self) -> int:
        """How many callers wait for a slot now."""
        return sum(not asker.done() for asker in self._askers)

    def now(self) -> Milliseconds:
        """Return virtual milliseconds since the clock was made."""
        return self._now

    def spend(self, milliseconds: Milliseconds) -> None:
        """Let time pass as work does: nobody wakes meanwhile."""
        self._now += milliseconds

    async def slot(self) -> Milliseconds:
        """Wait for the next slot; return its milliseconds."""
        if self._grant_all is not None:
            await self.sleep(self._every)
            return self._grant_all
        asker: asyncio.Future[Milliseconds] = asyncio.get_running_loop().create_future()
        self._askers.append(asker)
        return await asker

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been advanced by `seconds`."""
        sleeper = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + 1000 * seconds, next(self._order), sleeper))
        await sleeper

    async def grant(self, milliseconds: Milliseconds) -> None:
        """Give a slot to all who wait for one, and let them use it."""
        askers, self._askers = self._askers, []
        for asker in askers:
            if not asker.done():
                asker.set_result(milliseconds)
        await self._settle()

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass: wake each sleeper at its time, in order."""
        await self._settle()
        end = self._now + 1000 * seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, sleeper = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not sleeper.done():
                sleeper.set_result(None)
                await self._settle()
        self._now = max(self._now, end)

    async def _settle(self) -> None:
        for _ in range(_SETTLE):
            await asyncio.sleep(0)
