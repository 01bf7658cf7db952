"""The transfer: an export or import that is under way, in steps between which the engine does other work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from sidflow_feedback.errors import TransferError
from sidflow_feedback.types import TransferPhase, TransferProgress

NOTICE_INTERVAL: Final = 0.5
"""Minimum number of seconds between two notices of the progress."""

SLICE: Final = 0.03
"""Seconds of work after which other work gets its turn."""

PAUSE: Final = 0.005
"""Seconds of that turn. Less than 4 ms would be one of Pyodide's own messages, which the browser delivers
before those of the pages and of its database: they waited for the end of an import then."""

Step: TypeAlias = Callable[[TransferPhase, int, int], Awaitable[None]]
"""Awaited after each step with its phase, the events that are done, and all events, 0 if unknown."""


async def no_notice(_phase: TransferPhase, _done: int, _total: int) -> None:
    """Let other work happen; report nothing."""
    await asyncio.sleep(0)


class Transfers:
    """Lets one export or import run at a time, publishes its progress, and cancels it.

    Parameters
    ----------
    publish
        Called with the progress, and with None when there is no transfer any more.
    """

    def __init__(self, publish: Callable[[TransferProgress | None], None]) -> None:
        self._publish = publish
        self._running = False
        self._canceled = False
        self._progress: TransferProgress | None = None
        self._noticed = self._paused = 0.0

    def cancel(self) -> None:
        """Let the transfer that is under way, if any, fail at its next step."""
        self._canceled = self._running

    def announce(self) -> None:
        """Publish the last progress, or None: pages may still show that of an engine that has died."""
        self._publish(self._progress)

    @contextmanager
    def begin(self) -> Iterator[Step]:
        """Begin a transfer.

        Raises
        ------
        TransferError
            Another one is under way; or, from a step, the transfer was canceled.
        """
        if self._running:
            raise TransferError("Another export or import is under way. Wait for it, or cancel it first.")
        self._running, self._canceled, self._noticed = True, False, 0.0
        try:
            yield self._step
        finally:
            self._running, self._progress = False, None
            self.announce()

    async def _step(self, phase: TransferPhase, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._noticed >= NOTICE_INTERVAL:
            self._noticed = now
            self._progress = {"phase": phase, "done": done, "total": total}
            self.announce()
        if now - self._paused >= SLICE:
            await asyncio.sleep(PAUSE)
            self._paused = time.monotonic()
        if self._canceled:
            raise TransferError("Canceled.")
