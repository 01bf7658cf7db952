"""Idle time: when background work may use the processor, and for how long."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

from sidflow_feedback.clock import Clock
from sidflow_feedback.types import Milliseconds

T = TypeVar("T")

Steps: TypeAlias = Generator[str | None, None, T]
"""Work that is divided into small steps. Each `next` performs one step and yields the kind of the step that
follows; steps of one kind cost about the same. The generator returns the result of the work."""


def finish(work: Steps[T]) -> T:
    """Do all steps at once; return the result of the work."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result


class Slot(NamedTuple):
    """Idle time that was granted.

    Attributes
    ----------
    length
        How long the caller may use the processor from now on.
    cost
        The processor time that asking for the slot took.
    """

    length: Milliseconds
    cost: Milliseconds = 0.0


class IdleClock(Clock, Protocol):
    """A clock that also grants idle slots.

    In the browser, the page grants them, because `requestIdleCallback` exists only there. In tests, the test
    grants them.

    Attributes
    ----------
    withheld
        Why no slots are granted at the moment, for example because the battery is low; otherwise None.
    """

    withheld: str | None

    async def slot(self) -> Slot:
        """Wait until the machine is idle. Return the idle time from now on."""
        ...
