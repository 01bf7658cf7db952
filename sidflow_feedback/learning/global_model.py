"""The global model: requested at the start, and then at intervals in case there is a newer one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from sidflow_feedback.errors import FeedbackError, InvalidRecordError, SyncError
from sidflow_feedback.learning.manifest import model_from_manifest
from sidflow_feedback.sync.request_bound import RequestBound
from sidflow_feedback.vocabulary import NO_MODEL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sidflow_feedback.clock import Clock
    from sidflow_feedback.learning.model import Model
    from sidflow_feedback.sync.transport import Transport

REQUEST_TIMEOUT: Final = 15.0
"""Seconds after which a request is aborted."""

INTERVAL: Final = 6 * 3600.0
"""Seconds between two requests."""

FIRST_RETRY: Final = 60.0
"""Seconds before the retry of a failed request, doubled with each consecutive failure, up to `INTERVAL`."""


class GlobalModel:
    """Keeps up with the server's global model.

    Parameters
    ----------
    transport
        Carries the requests.
    adopt
        Awaited with each new model. If it raises `FeedbackError`, the previous model stays in use.
    clock
        Times the requests.
    on_change
        Called after each change of `problem`.

    Attributes
    ----------
    problem
        Why there is no global model, or why the newest one is not in use; otherwise None.
    """

    def __init__(
        self,
        transport: Transport,
        adopt: Callable[[Model], Awaitable[None]],
        *,
        clock: Clock,
        on_change: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._adopt = adopt
        self._clock = clock
        self._on_change = on_change
        self._etag: str | None = None
        self._version: str | None = None
        self._wake = asyncio.Event()
        self._bound = RequestBound()
        self.problem: str | None = None

    def retry_now(self) -> None:
        """Send the next request as soon as `RequestBound` allows, because the network is back."""
        self._wake.set()

    async def follow(self) -> None:
        """Request the model at intervals, until canceled."""
        failures = 0
        while True:
            try:
                await self._request()
                failures, self.problem = 0, None
            except Exception as exc:  # Whatever it is, the next request may succeed.
                failures, self.problem = failures + 1, self._explain(exc)
            self._on_change()
            pause = min(INTERVAL, FIRST_RETRY * 2.0 ** min(failures - 1, 10)) if failures else INTERVAL
            await self._clock.wait(self._wake, pause)
            if (seconds := (self._bound.earliest - self._clock.now()) / 1000) > 0:
                await self._clock.sleep(seconds)
            self._wake.clear()

    async def _request(self) -> None:
        self._bound.count(self._clock.now())
        response = await self._transport.fetch_model(etag=self._etag, timeout=REQUEST_TIMEOUT)
        if response.status == 304:
            return
        if response.status != 200 or response.body is None:
            raise SyncError(
                f"The server answered {response.status}: {response.error_message}", status=response.status
            )
        model = model_from_manifest(response.body)
        if model.version != self._version:
            await self._adopt(model)
        # Must come last: the server has to send a model again that was not adopted.
        self._etag, self._version = response.headers.get("etag"), model.version

    def _explain(self, exc: Exception) -> str | None:
        if not isinstance(exc, FeedbackError):
            return f"The model that everyone starts from could not be used: {exc!r}."
        if self._version is None:
            return f"{NO_MODEL}{exc}"
        if isinstance(exc, InvalidRecordError):
            return f"The server's newest model can't be used ({exc}). The one before stays in use."
        return None  # Being offline is no problem as long as there is a model.
