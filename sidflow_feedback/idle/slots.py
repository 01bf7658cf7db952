"""Background work in idle slots: in short slices, with a small share of the processor, and pausable."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from sidflow_feedback.idle.meter import CpuMeter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidflow_feedback.idle import IdleClock, Steps
    from sidflow_feedback.types import Milliseconds

T = TypeVar("T")

SLICE: Final[Milliseconds] = 8.0
"""The longest slice of work. A frame of a 60 Hz screen takes 16.7 ms."""

CPU_SHARE: Final = 0.05
"""The share of the processor that may be used in any rolling 60 s."""

# The targets are below the limits, because a step sometimes takes longer than the steps before it.
_TARGET_SLICE: Final[Milliseconds] = 0.5 * SLICE
TARGET_SHARE: Final = 0.85 * CPU_SHARE
_COST_DECAY = 0.9


class Slots:
    """Runs work that is divided into small steps (a generator) in the idle slots of a clock.

    A slice has at least one step. It has more if they are expected to end in time, judging by the most
    expensive of the recent steps of their kind. So a slow processor performs fewer steps in a slice, not
    longer slices. The first step of each kind gets a slice of its own.

    Parameters
    ----------
    clock
        Grants the slots.
    meter
        Limits the share of the processor. Pass the same meter to all instances that share one limit. By
        default, the instance has its own.
    """

    def __init__(self, clock: IdleClock, meter: CpuMeter | None = None) -> None:
        self._clock = clock
        self._meter = meter or CpuMeter(TARGET_SHARE)
        self._costs: dict[str | None, Milliseconds] = {}
        self._open = asyncio.Event()
        self._open.set()

    @property
    def paused(self) -> bool:
        """Whether slices are on hold."""
        return not self._open.is_set()

    @property
    def cpu_share(self) -> float:
        """Share of the processor used in the last 60 s, 0 to 1."""
        return self._meter.share(self._clock.now())

    def pause(self) -> None:
        """Start no slice until `resume`."""
        self._open.clear()

    def resume(self) -> None:
        """Continue after `pause`."""
        self._open.set()

    def charge(self, milliseconds: Milliseconds) -> None:
        """Count work that was done outside `run` and ends now."""
        self._meter.add(self._clock.now(), milliseconds)

    @contextmanager
    def charged(self) -> Iterator[None]:
        """Count the time until the context ends: an upper bound of its work, because it includes waiting."""
        begun = self._clock.now()
        try:
            yield
        finally:
            self.charge(self._clock.now() - begun)

    async def turn(self, milliseconds: Milliseconds) -> Milliseconds:
        """Wait for a slot and until `milliseconds` more keep within the share; return the slot's length.

        The caller must `charge` what it then does outside `run`, for example in another thread.
        """
        while True:
            await self._open.wait()
            wait = self._meter.wait(self._clock.now(), milliseconds)
            if wait > 0:
                await self._clock.sleep(wait / 1000)
                continue
            slot = await self._clock.slot()
            self.charge(slot.cost)
            if not self.paused:
                return slot.length

    async def run(self, work: Steps[T]) -> T:
        """Perform all steps of `work`; return its result."""
        kind: str | None = None
        while True:
            granted = await self.turn(SLICE)
            outcome = self._slice(work, kind, min(granted, _TARGET_SLICE))
            if isinstance(outcome, StopIteration):
                result: T = outcome.value
                return result
            kind = outcome

    def _slice(self, work: Steps[T], kind: str | None, budget: Milliseconds) -> StopIteration | str | None:
        """Perform the steps of one slice; return the kind of the next step, or the end of the work."""
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
