"""A meter for the processor time that background work uses."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sidflow_feedback.types import Milliseconds

WINDOW: Final[Milliseconds] = 60_000
"""The length of the rolling window over which the share is measured."""


class CpuMeter:
    """Keeps the processor time used in any rolling 60 s below a share.

    The caller reads the clock. All times are monotonic milliseconds.

    Parameters
    ----------
    limit
        The share that may be used, above 0 and at most 1.
    """

    def __init__(self, limit: float) -> None:
        self._allowance = limit * WINDOW
        self._slices: deque[tuple[Milliseconds, Milliseconds]] = deque()
        self._used: Milliseconds = 0.0

    def add(self, end: Milliseconds, used: Milliseconds) -> None:
        """Count work that took `used` milliseconds and ended at `end`."""
        self._slices.append((end, used))
        self._used += used
        self._forget(end)

    def share(self, now: Milliseconds) -> float:
        """Return the share used in the 60 s before `now`, 0 to 1."""
        self._forget(now)
        return self._used / WINDOW

    def wait(self, now: Milliseconds, wanted: Milliseconds) -> Milliseconds:
        """Return how long to wait before `wanted` more milliseconds keep the share below the limit."""
        self._forget(now)
        excess, free = self._used + wanted - self._allowance, now
        for end, used in self._slices:
            if excess <= 0:
                break
            excess -= used
            free = end + WINDOW
        return free - now

    def _forget(self, now: Milliseconds) -> None:
        while self._slices and self._slices[0][0] + WINDOW <= now:
            self._used -= self._slices.popleft()[1]
