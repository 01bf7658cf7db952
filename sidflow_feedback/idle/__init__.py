"""Idle time: when the trainer may use the processor, and for how long."""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol, TypeAlias, TypeVar

from sidflow_feedback.types import Milliseconds

T = TypeVar("T")

Steps: TypeAlias = Generator[str | None, None, T]
"""Work that is cut into small steps: one each time it is advanced. It yields the kind of the step to come,
which says what that costs, and returns its result."""


class IdleClock(Protocol):
    """A clock that also grants idle slots.

    In the browser the page grants them (`requestIdleCallback` exists only there); in tests a hand does.

    Attributes
    ----------
    withheld
        Why there are no slots for the time being (the battery is low), None while there are.
    """

    withheld: str | None

    def now(self) -> Milliseconds:
        """Monotonic time in milliseconds."""

    async def slot(self) -> Milliseconds:
        """Wait until the machine is idle; return how many milliseconds may be used from now on."""

    async def sleep(self, seconds: float) -> None:
        """Wait without using the processor."""
