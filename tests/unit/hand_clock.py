"""Time that is turned by hand."""

from __future__ import annotations

import asyncio


class HandClock:
    """Seconds since the start of a test, and sleepers that wake when `advance` comes by."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def epoch(self) -> float:
        """Return the time in milliseconds."""
        return self.now * 1000

    async def sleep(self, seconds: float) -> None:
        waker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + seconds, waker))
        await waker

    @property
    def pauses(self) -> list[float]:
        """How many seconds each sleeper still has, shortest first."""
        return sorted(at - self.now for at, waker in self._sleepers if not waker.done())

    async def advance(self, seconds: float) -> None:
        """Let time pass; who wakes on the way acts at his own time."""
        end = self.now + seconds
        await settle()
        while due := [sleeper for sleeper in self._sleepers if sleeper[0] <= end]:
            first = min(due, key=lambda sleeper: sleeper[0])
            self._sleepers.remove(first)
            at, waker = first
            self.now = max(self.now, at)
            if not waker.done():
                waker.set_result(None)
                await settle()
        self.now = end


async def settle() -> None:
    """Let everything run that has no need of time."""
    for _ in range(50):
        await asyncio.sleep(0)
