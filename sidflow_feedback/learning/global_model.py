"""The global model: asked for at the start, after failures, and from time to time for a newer one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from sidflow_feedback.errors import FeedbackError, InvalidRecordError, SyncError
from sidflow_feedback.learning.manifest import model_from_manifest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sidflow_feedback.clock import Clock
    from sidflow_feedback.learning.model import Model
    from sidflow_feedback.sync.transport import Transport

TIMEOUT: Final = 15.0
"""Seconds to wait for an answer."""

INTERVAL: Final = 6 * 3600.0
"""Seconds between two looks for a newer one."""

RETRY: Final = 60.0
"""Seconds to the next try after a failure; doubled with each one in a row, up to `INTERVAL`."""


class GlobalModel:
    """Follows the server's global model.

    Parameters
    ----------
    transport
        The way to the server.
    take
        Awaited with each model that is new; the one before stays in use when this raises `FeedbackError`.
    clock
        Times the requests.
    on_change
        Called after `problem` has changed.
    """

    def __init__(
        self,
        transport: Transport,
        take: Callable[[Model], Awaitable[None]],
        *,
        clock: Clock,
        on_change: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._take = take
        self._clock = clock
        self._on_change = on_change
        self._etag: str | None = None
        self._version: str | None = None
        self._wake = asyncio.Event()
        self.problem: str | None = None

    def hurry(self) -> None:
        """Look now, not when it is time: the network has come back."""
        self._wake.set()

    async def follow(self) -> None:
        """Look for the model, again and again, until canceled."""
        failures = 0
        while True:
            failures = 0 if await self._look() else failures + 1
            pause = min(INTERVAL, RETRY * 2 ** (failures - 1)) if failures else INTERVAL
            await self._clock.wait(self._wake, pause)
            self._wake.clear()

    async def _look(self) -> bool:
        """Ask once; return whether the answer was of use."""
        try:
            await self._ask()
        except FeedbackError as exc:
            self._tell(self._explained(exc))
            return False
        self._tell(None)
        return True

    async def _ask(self) -> None:
        response = await self._transport.fetch_model(etag=self._etag, timeout=TIMEOUT)
        if response.status == 304:
            return
        if response.status != 200 or response.body is None:
            raise SyncError(f"The server answered {response.status}.", status=response.status)
        model = model_from_manifest(response.body)
        if model.version != self._version:
            await self._take(model)
        # Only now: what was refused must be sent again, it may have been mended.
        self._etag, self._version = response.headers.get("etag"), model.version

    def _explained(self, exc: FeedbackError) -> str | None:
        if self._version is None:
            return f"There is no global model: {exc}"
        if isinstance(exc, InvalidRecordError):
            return f"A newer global model was refused ({exc}). {self._version} stays in use."
        return None  # To be offline is no trouble as long as there is a model.

    def _tell(self, problem: str | None) -> None:
        self.problem = problem
        self._on_change()
