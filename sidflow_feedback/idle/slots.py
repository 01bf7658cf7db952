"""Background work in idle slots: short slices, a small share of the processor, pause between two slices."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from sidflow_feedback.idle.meter import CpuMeter

if TYPE_CHECKING:
    from sidflow_feedback.idle import IdleClock, Steps
    from sidflow_feedback.types import Milliseconds

T = TypeVar("T")

SLICE: Final[Milliseconds] = 8.0
"""Longest slice of work; a frame of a 60 Hz screen takes 16.7 ms."""

CPU_SHARE: Final = 0.05
"""Of the processor, over any rolling 60 s."""

# The aims are lower than the bounds, because now and then a step takes longer than those before it.
_SLICE_AIM: Milliseconds = 0.5 * SLICE
SHARE_AIM: Final = 0.9 * CPU_SHARE
_COST_DECAY = 0.9


class Slots:
    """Runs work that is cut into small steps (a generator) in the idle slots of a clock.

    A slice is at least one step, and further ones as long as they would still end in time, going by the most
    costly of the last steps of their kind. So a slow processor makes fewer steps in a slice, not longer
    slices. The first step of its kind gets a slice of its own.

    Parameters
    ----------
    clock
        Grants the slots.
    meter
        Of what may be used in all; shared by those who may use it together. One of its own, unless given.
    """

    def __init__(self, clock: IdleClock, meter: CpuMeter | None = None) -> None:
        self._clock = clock
        self._meter = meter or CpuMeter(SHARE_AIM)
        self._costs: dict[str | None, Milliseconds] = {}
        self._open = asyncio.Event()
        self._open.set()

    @property
    def paused(self) -> bool:
        """Whether no slice is started."""
        return not self._open.is_set()

    @property
    def cpu_share(self) -> float:
        """Share of the processor used in the last 60 s, 0 to 1."""
        return self._meter.share(self._clock.now())

    def pause(self) -> None:
        """Start no slice until `resume`."""
        self._open.clear()

    def resume(self) -> None:
        """Go on where `pause` interrupted."""
        self._open.set()

    def charge(self, milliseconds: Milliseconds) -> None:
        """Count what was done for the work outside its slices, until now."""
        self._meter.add(self._clock.now(), milliseconds)

    async def turn(self, milliseconds: Milliseconds) -> Milliseconds:
        """Wait for a slot, and until so much more keeps the share; return what the slot grants.

        What is then done outside of `run`, in another thread for instance, is to be charged.
        """
        while True:
            await self._open.wait()
            wait = self._meter.wait(self._clock.now(), milliseconds)
            if wait > 0:
                await self._clock.sleep(wait / 1000)
                continue
            granted = await self._clock.slot()
            if not self.paused:
                return granted

    async def run(self, work: Steps[T]) -> T:
        """Advance `work` to its end; return what it returns."""
        kind: str | None = None
        while True:
            granted = await self.turn(SLICE)
            outcome = self._slice(work, kind, min(granted, _SLICE_AIM))
            if isinstance(outcome, StopIteration):
                result: T = outcome.value
                return result
            kind = outcome

    def _slice(self, work: Steps[T], kind: str | None, budget: Milliseconds) -> StopIteration | str | None:
        """Make the steps of a slice; return the kind of the step that comes next, or the end of the work."""
        start = now = self._clock.now()
        try:
            while True:
                upcoming = next(work)
                before, now = now, self._clock.now()
                self._costs[kind] = max(now - before, _COST_DECAY * self._costs.get(kind, 0.0))
                kind = upcoming
                if now + self._costs.get(kind, SLICE) > start + budget:
                    return kind
        except StopIteration as end:
            now = self._clock.now()
            return end
        finally:
            self._meter.add(now, now - start)
