"""The sync client: sends anonymised deltas, if and only if the listener has switched that on."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sidflow_feedback.errors import FeedbackError, InvalidRecordError, SyncError
from sidflow_feedback.events import Event
from sidflow_feedback.privacy import MAX_BYTES, MAX_EVENTS, AnonymisedBatch, AnonymisedDelta
from sidflow_feedback.store import FeedbackStore, Outcome
from sidflow_feedback.transport import Response, Transport
from sidflow_feedback.types import Milliseconds, Record, SyncStatus

TIMEOUT: Final = 15.0
"""Seconds after which a request is aborted."""

TRIES: Final = 3
"""Requests for one batch before it waits for the next cadence."""

FIRST_RETRY: Final = 2.0
"""Seconds before the first retry; doubled each time, with jitter."""

LONGEST_WAIT: Final = 86_400.0
"""Seconds that a server can keep us waiting at most."""

UNANSWERED_PAUSE: Final = 60.0
"""Seconds before an event is sent again that the server took no notice of."""

REFUSED: Final = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 422})
"""Answers that sending the same again can't change."""

_STATUS_OF_RESULT: Final[dict[str, SyncStatus]] = {
    "accepted": "synced",
    "duplicate": "synced",
    "rejected": "failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings:
    """Whether to sync, and how often. `cadence` in minutes, 5 to 1440."""

    enabled: bool = False
    cadence: float = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """What the listener sees of the sync. Times are epoch milliseconds."""

    enabled: bool = False
    running: bool = False
    last_time: Milliseconds | None = None
    last_error: str | None = None
    next_time: Milliseconds | None = None
    sent: int = 0


def _epoch() -> Milliseconds:
    return time.time() * 1000


class SyncClient:
    """Moves pending events to the server, a batch at a time.

    Parameters
    ----------
    store, transport
        Where events come from and where they go.
    base_version
        Returns the version of the global model that the listener's model is based on.
    on_change
        Called after each change of `state`.
    epoch, sleep
        Wall clock in epoch milliseconds, and waiting; injected so that a test can drive time.
    """

    def __init__(
        self,
        store: FeedbackStore,
        transport: Transport,
        *,
        base_version: Callable[[], str],
        on_change: Callable[[], None] = lambda: None,
        epoch: Callable[[], Milliseconds] = _epoch,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._transport = transport
        self._base_version = base_version
        self._on_change = on_change
        self._epoch = epoch
        self._sleep = sleep
        self._owner = str(uuid.uuid4())
        self._settings = SyncSettings()
        self._not_before: Milliseconds = 0
        self._sending = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.state = SyncState()

    def configure(self, settings: SyncSettings) -> None:
        """Take new settings; they hold at once. Switched off, nothing more is sent."""
        if settings == self._settings:
            return
        self._settings = settings
        self._stop()
        self._change(enabled=settings.enabled, next_time=None)
        if settings.enabled:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def aclose(self) -> None:
        """Stop sending."""
        task = self._task
        self._stop()
        if task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def sync_now(self) -> int:
        """Send everything that is due; return how many events the server has taken.

        Raises
        ------
        SyncError
            Sync is switched off, the server asked for a pause, could not be reached, or refused the batch.
        """
        self._require_permission()
        async with self._sending:
            self._change(running=True)
            try:
                sent = await self._send_due()
            except FeedbackError as exc:
                self._change(last_error=str(exc))
                raise
            finally:
                self._change(running=False)
            self._change(last_error=None, last_time=self._epoch(), sent=self.state.sent + sent)
            return sent

    def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    async def _run(self) -> None:
        while True:
            pause = self._settings.cadence * 60
            self._change(next_time=self._epoch() + pause * 1000)
            await self._sleep(pause)
            with contextlib.suppress(FeedbackError):  # `sync_now` has put it into the state.
                await self.sync_now()

    def _require_permission(self) -> None:
        if not self._settings.enabled:
            raise SyncError("Sync is switched off: nothing is sent. Switch it on in Preferences first.")
        wait = (self._not_before - self._epoch()) / 1000
        if wait > 0:
            raise SyncError(
                f"The server asked for a pause of another {max(1, round(wait))} s.", retry_after=wait
            )

    async def _send_due(self) -> int:
        sent = 0
        while events := await self._store.claim(MAX_EVENTS, owner=self._owner, now=self._epoch()):
            outcomes = await self._send(events)
            await self._store.settle(outcomes, now=self._epoch())
            sent += sum(outcome.status == "synced" for outcome in outcomes)
        return sent

    async def _send(self, events: Sequence[Event]) -> list[Outcome]:
        """Send one batch; what stays unsent goes back to pending."""
        deltas, outcomes = _anonymise(events)
        deltas, excess = _fitting(deltas, self._base_version())
        outcomes += [Outcome(uuid=delta.uuid, status="pending") for delta in excess]
        if not deltas:
            return outcomes
        batch = AnonymisedBatch(base_model_version=self._base_version(), deltas=deltas)
        try:
            results = await self._send_with_retries(batch)
        except SyncError as exc:
            await self._store.settle(outcomes + self._undelivered(deltas, exc), now=self._epoch())
            raise
        return outcomes + [self._outcome(delta.uuid, results.get(delta.uuid, {})) for delta in deltas]

    def _outcome(self, identity: str, result: Record) -> Outcome:
        status = _STATUS_OF_RESULT.get(str(result.get("status")))
        if status is not None:
            return Outcome(uuid=identity, status=status, error=result.get("reason"))
        next_try = self._epoch() + UNANSWERED_PAUSE * 1000
        error = "The server did not answer for this event."
        return Outcome(uuid=identity, status="pending", error=error, next_try=next_try)

    def _undelivered(self, deltas: Sequence[AnonymisedDelta], exc: SyncError) -> list[Outcome]:
        status: SyncStatus = "failed" if exc.status in REFUSED else "pending"
        next_try = self._epoch() + (exc.retry_after or 0) * 1000
        return [Outcome(uuid=d.uuid, status=status, error=str(exc), next_try=next_try) for d in deltas]

    async def _send_with_retries(self, batch: AnonymisedBatch) -> dict[str, Record]:
        for attempt in range(TRIES):
            self._require_permission()
            try:
                return await self._send_once(batch)
            except SyncError as exc:
                if exc.status in REFUSED or exc.retry_after is not None or attempt == TRIES - 1:
                    raise
                await self._sleep(FIRST_RETRY * 2**attempt * random.uniform(0.5, 1))
        raise AssertionError("the last attempt returns or raises")

    async def _send_once(self, batch: AnonymisedBatch) -> dict[str, Record]:
        response = await self._transport.send(batch, timeout=TIMEOUT)
        if response.status == 200:
            return _results(response)
        retry_after = _retry_after(response)
        self._not_before = self._epoch() + (retry_after or 0) * 1000
        message = f"The server answered {response.status}: {_reason(response)}"
        raise SyncError(message, status=response.status, retry_after=retry_after)

    def _change(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]
        self._on_change()


def _anonymise(events: Sequence[Event]) -> tuple[list[AnonymisedDelta], list[Outcome]]:
    deltas, outcomes = [], []
    for event in events:
        try:
            deltas.append(AnonymisedDelta.from_event(event))
        except InvalidRecordError as exc:
            outcomes.append(Outcome(uuid=event.uuid, status="failed", error=str(exc)))
    return deltas, outcomes


def _fitting(
    deltas: Sequence[AnonymisedDelta], base_version: str
) -> tuple[list[AnonymisedDelta], list[AnonymisedDelta]]:
    """Split into what fits one request and what does not."""
    count = len(deltas)
    while count > 1 and _size(deltas[:count], base_version) > MAX_BYTES:
        count //= 2
    return list(deltas[:count]), list(deltas[count:])


def _size(deltas: Sequence[AnonymisedDelta], base_version: str) -> int:
    return len(AnonymisedBatch(base_model_version=base_version, deltas=deltas).to_json().encode())


def _results(response: Response) -> dict[str, Record]:
    results = (response.body or {}).get("results")
    if not isinstance(results, list):
        raise SyncError("What answered is no sync server, or a broken one. It is tried again later.")
    return {str(result.get("uuid")): result for result in results if isinstance(result, dict)}


def _reason(response: Response) -> str:
    error = (response.body or {}).get("error")
    return str(error.get("message")) if isinstance(error, dict) else "it gave no reason"


def _retry_after(response: Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return min(float(value), LONGEST_WAIT) if value.isdecimal() else None
