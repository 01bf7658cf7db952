"""Idle time: when background work may use the processor, and for how long."""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol, TypeAlias, TypeVar

from sidflow_feedback.clock import Clock
from sidflow_feedback.types import Milliseconds

T = TypeVar("T")

Steps: TypeAlias = Generator[str | None, None, T]
"""Work that is divided into small steps. Each `next` performs one step and yields the kind of the step that
follows; steps of one kind cost about the same. The generator returns the result of the work."""


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

    async def slot(self) -> Milliseconds:
        """Wait until the machine is idle. Return how many milliseconds may be used from now on."""
        ...
