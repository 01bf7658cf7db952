"""Supervision: background work that must live goes on after a failure, which is reported and counted."""

from __future__ import annotations

import asyncio
import contextlib
import random
import traceback
from typing import TYPE_CHECKING, Final

from sidflow_feedback.errors import cut_message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from sidflow_feedback.clock import Clock

FIRST_RETRY: Final = 1.0
MAX_RETRY: Final = 60.0
"""Limits of the pause before a retry, in seconds. The pause doubles each time, with full jitter."""

SHOWN: Final = 120.0
"""Seconds for which a failure counts as a problem: longer than any pause, so that it stays if it lasts."""


class Supervisor:
    """Runs work that nobody awaits. An exception that nobody foresaw ends none of it.

    Expected failures, such as a full disk, are the work's own affair: it catches them and says what to do.

    Parameters
    ----------
    clock
        Times the pauses.
    on_change
        Called after each failure. It must not raise.

    Attributes
    ----------
    failures
        Number of failures so far.
    """

    def __init__(self, clock: Clock, on_change: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._on_change = on_change
        self._message = ""
        self._last_failure = -float("inf")
        self.failures = 0

    @property
    def problem(self) -> str | None:
        """The latest failure, for the listener; None if there was none lately."""
        lately = self._clock.now() - self._last_failure < 1000 * SHOWN
        return self._message if lately else None

    async def keep(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Run a loop until it returns or is canceled. If it raises, start it again after a pause.

        Parameters
        ----------
        name
            What the loop does, as in "Training has failed".
        loop
            The loop, a coroutine function.
        """
        failures = 0
        while True:
            begun = self._clock.now()
            try:
                if failures:
                    await self._clock.sleep(retry_pause(failures - 1))
                return await loop()
            except Exception as exc:
                self.report(name, exc)
            lasted = (self._clock.now() - begun) / 1000
            failures = 1 if lasted > 2 * MAX_RETRY else failures + 1
            await asyncio.sleep(0)  # Even a clock that fails must let other work run.

    @contextlib.contextmanager
    def reporting(self, name: str) -> Iterator[None]:
        """Report an exception of the block, and go on after it."""
        try:
            yield
        except Exception as exc:
            self.report(name, exc)

    def report(self, name: str, exc: Exception) -> None:
        """Count a failure, show it to the listener, and print it with its traceback to the console."""
        self.failures += 1
        self._last_failure = self._clock.now()
        times = "" if self.failures == 1 else f" This was failure {self.failures} of the engine."
        self._message = f"{name} has failed: {cut_message(repr(exc))}. It goes on.{times}"
        traceback.print_exception(exc)
        self._on_change()


def retry_pause(failures: int, *, uniform: Callable[[float, float], float] = random.uniform) -> float:
    """Return the seconds to wait after this many failures: up to 1 s, doubled each time, at most 60 s."""
    return uniform(0, min(MAX_RETRY, FIRST_RETRY * 2.0 ** min(failures, 10)))
