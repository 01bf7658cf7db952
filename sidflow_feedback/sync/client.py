"""The sync client: sends anonymized feedback, if and only if the listener has switched that on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from sidflow_feedback.clock import Clock
from sidflow_feedback.errors import FeedbackError, SyncError
from sidflow_feedback.store import FeedbackStore
from sidflow_feedback.supervision import Supervisor
from sidflow_feedback.sync.deltas import AnonymizedBatch
from sidflow_feedback.sync.schedule import Schedule
from sidflow_feedback.sync.transport import FAULTS, Response, Transport
from sidflow_feedback.sync.upload_queue import Results, SyncSettings, UploadQueue
from sidflow_feedback.types import Milliseconds

REQUEST_TIMEOUT: Final = 15.0
"""Seconds after which a request is aborted."""

MIN_CLOCK_ERROR: Final[Milliseconds] = 300_000
"""A difference from the server's clock that is worth telling. Smaller ones are common, and cost nothing."""

MAX_REFUSED: Final = 2
"""Events that the server may refuse one after another before the next cadence: it may refuse all of them."""

SCHEDULE_NOTE: Final = "sync-schedule"

UPLOAD_NOTE: Final = "last-upload"


_KEPT: Final = ("last_time", "last_error", "last_ratings", "last_plays")
"""What of the state outlives the engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """The state of sync, for the page. Times are epoch milliseconds.

    Attributes
    ----------
    tries
        Number of consecutive requests that were not answered.
    sent
        Number of events that the server has taken since the engine started.
    last_time, last_error
        When the last upload was complete, and what has gone wrong since; also of earlier engines.
    last_ratings, last_plays
        Number of events that the server took with that upload.
    clock_error
        By how much the clock here is ahead of the server's, in milliseconds; None if that is less than
        `MIN_CLOCK_ERROR`, or unknown.
    epsilon
        Privacy loss of each event; None if values are sent without noise.
    spent, budget
        Total privacy loss so far, and its limit.
    """

    enabled: bool = False
    running: bool = False
    last_time: Milliseconds | None = None
    last_error: str | None = None
    next_time: Milliseconds | None = None
    tries: int = 0
    sent: int = 0
    last_ratings: int = 0
    last_plays: int = 0
    clock_error: Milliseconds | None = None
    epsilon: float | None = None
    spent: float = 0.0
    budget: float = 100


class _AbortedError(SyncError):
    """The request was aborted because settings changed or something was deleted."""


class SyncClient:
    """Sends batches from the upload queue to the server, at the times that the schedule gives.

    Parameters
    ----------
    store
        Holds the events, the schedule, and the privacy budget.
    transport
        Carries batches to the server.
    clock
        Times the requests.
    on_change
        Called after each change of `state`.
    on_date
        Called with the server's time, in epoch milliseconds, when our server has answered.
    timeout
        Seconds after which a request is aborted.
    supervisor
        Keeps the client alive. By default, it has its own.
    """

    def __init__(
        self,
        store: FeedbackStore,
        transport: Transport,
        *,
        clock: Clock,
        on_change: Callable[[], None] = lambda: None,
        on_date: Callable[[Milliseconds], None] = lambda _date: None,
        timeout: float = REQUEST_TIMEOUT,
        supervisor: Supervisor | None = None,
    ) -> None:
        self._store = store
        self._transport = transport
        self._queue = UploadQueue(store, clock)
        self._clock = clock
        self._on_date = on_date
        self._on_change = on_change
        self._timeout = timeout
        self._supervisor = supervisor or Supervisor(clock)
        self._settings = SyncSettings()
        self._schedule = Schedule()
        self._schedule_changed = asyncio.Event()
        self._sending = asyncio.Lock()
        self._withdrawals = 0
        self._request: asyncio.Future[Response] | None = None
        self._task: asyncio.Task[None] | None = None
        self._state = SyncState()

    @property
    def state(self) -> SyncState:
        """The current state."""
        left = self._schedule.remaining(self._clock.now())
        next_time = None if self._schedule.next_time is None else self._clock.epoch() + 1000 * left
        return replace(self._state, next_time=next_time, tries=self._schedule.tries)

    def configure(self, settings: SyncSettings) -> None:
        """Apply new settings at once; a request that they don't allow is aborted."""
        before, self._settings = self._settings, settings
        if settings.epsilon != before.epsilon:
            self._queue.drop()  # Must not be sent again with noise that the listener no longer wants.
        if not settings.enabled or settings.epsilon != before.epsilon:
            self._abort()
        if not settings.enabled:
            self._schedule.stop()
        elif settings.cadence != before.cadence or not before.enabled:
            self._schedule.start(settings.cadence, self._clock.now())
        self._announce_schedule()
        self._change(enabled=settings.enabled, epsilon=settings.epsilon, budget=settings.budget)
        if self._task is None:
            self._keep(self._restore_and_run)
        elif settings.enabled and self._task.done():
            self._keep(self._run)

    def _keep(self, loop: Callable[[], Awaitable[None]]) -> None:
        self._task = asyncio.get_running_loop().create_task(self._supervisor.keep("Sharing", loop))

    async def aclose(self) -> None:
        """Stop sending, and abort a request in progress."""
        self._settings = replace(self._settings, enabled=False)
        self._abort()
        self._announce_schedule()
        if self._task is not None:
            await self._task

    def on_online(self) -> None:
        """Retry soon what could not be sent, because the browser reports that it is online.

        However often it does, `RequestBound` holds.
        """
        self._schedule.retry_now(self._clock.now())
        self._announce_schedule()

    async def sync_now(self) -> int:
        """Send all events that are due; return how many of them the server has taken.

        Raises
        ------
        SyncError
            Sync is off, the server asked for a pause, could not be reached, or refused the batch.
        PrivacyError
            The listener's budget is spent, or the noise can't be generated with these settings.
        StoreError
            The store refused an operation.
        """
        async with self._sending:
            self._require_permission()
            self._change(running=True)
            try:
                ratings, plays = await self._send_due()
                self._schedule.rest(self._clock.now())
                self._change(
                    last_error=None, last_time=self._clock.epoch(), last_ratings=ratings, last_plays=plays
                )
                return ratings + plays
            except Exception as exc:
                self._reschedule(exc)
                raise
            finally:
                await self._save()
                self._change(running=False)

    async def next_payload(self) -> str | None:
        """Return the body of the next request as it would be sent now; None if there is nothing to send.

        It is available while sync is off, too, so that listeners can look before they turn it on.

        Raises
        ------
        PrivacyError
            The listener's budget is spent, or the noise can't be generated with these settings.
        """
        batch = await self._queue.preview(self._settings)
        return None if batch is None else batch.to_json()

    @contextlib.asynccontextmanager
    async def forgetting(self) -> AsyncIterator[None]:
        """Suspend sending while the caller deletes everything from the store."""
        async with self.withdrawing():
            yield
            self._queue.forget()
            self._change(spent=0.0, last_time=None, last_error=None, last_ratings=0, last_plays=0)

    @contextlib.asynccontextmanager
    async def withdrawing(self) -> AsyncIterator[None]:
        """Suspend sending while the caller deletes events; batches from before are not sent again."""
        self._withdrawals += 1
        try:
            self._abort()
            async with self._sending:
                self._queue.drop()
                yield
        finally:
            self._withdrawals -= 1

    async def _restore_and_run(self) -> None:
        was_enabled = self._settings.enabled
        with contextlib.suppress(FeedbackError):
            await self._restore(was_enabled=was_enabled)
        await self._run()

    async def _restore(self, *, was_enabled: bool) -> None:
        """Continue with the schedule of the engine before this one, if sync was on, and read what it kept."""
        kept, now = await self._store.note(SCHEDULE_NOTE), self._clock.now()
        if kept is not None:
            self._schedule = Schedule.from_record(kept, epoch=self._clock.epoch(), now=now)
            self._schedule.resume(now) if was_enabled else self._schedule.stop()
            if self._settings.enabled:
                self._schedule.start(self._settings.cadence, now)
            self._announce_schedule()
        last = await self._store.note(UPLOAD_NOTE)
        if last is not None and self._state.last_time is None:
            self._change(**{name: last.get(name, getattr(self._state, name)) for name in _KEPT})
        await self._queue.read_budget()
        self._change(spent=self._queue.spent)

    async def _run(self) -> None:
        while self._settings.enabled:
            self._schedule_changed.clear()
            await self._clock.wait(self._schedule_changed, self._schedule.remaining(self._clock.now()))
            if self._settings.enabled and not self._schedule.remaining(self._clock.now()):
                with contextlib.suppress(FeedbackError):  # `sync_now` has recorded it.
                    await self.sync_now()

    def _require_permission(self) -> None:
        if not self._settings.enabled:
            raise SyncError("Sharing is off, so nothing is sent. Turn it on in Preferences first.")
        wait = self._schedule.requested_pause(self._clock.now())
        if wait > 0:
            raise SyncError(f"The server asked for a pause of another {max(1, round(wait))} s.")

    async def _send_due(self) -> tuple[int, int]:
        """Send all that is due; return how many ratings and how many plays the server has taken."""
        ratings, plays, refusal, refused = 0, 0, None, 0
        while True:
            settings = self._settings
            batch = await self._queue.next_batch(settings)
            self._change(spent=self._queue.spent)
            if batch is None:
                if refusal is not None and not ratings + plays:
                    raise refusal
                return ratings, plays
            try:
                results = await self._deliver(batch, settings)
            except SyncError as exc:
                await self._queue.resolve(batch, exc)
                refusal, refused = exc, refused + (len(batch.deltas) == 1)
                if exc.code not in FAULTS or refused >= MAX_REFUSED:
                    raise
                continue  # The queue has halved the batch, or has removed the event at fault.
            taken, refused = await self._queue.resolve(batch, results), 0
            rated = sum(delta.uuid in taken for delta in batch.deltas if delta.ratings is not None)
            ratings, plays = ratings + rated, plays + len(taken) - rated
            self._change(sent=self._state.sent + len(taken))

    async def _deliver(self, batch: AnonymizedBatch, settings: SyncSettings) -> Results:
        """Send a batch that was made with `settings`; return the server's result for each event."""
        changed = not self._settings.enabled or self._settings.epsilon != settings.epsilon
        if changed or self._withdrawals:
            raise self._aborted()
        request = asyncio.ensure_future(self._transport.send(batch, timeout=self._timeout))
        self._request = request
        try:
            await asyncio.wait([request])
        finally:
            request.cancel()
            self._request = None
        if request.cancelled():
            raise self._aborted()
        try:
            return self._results(request.result())
        except FeedbackError:
            raise
        except Exception as exc:
            self._supervisor.report("Sharing", exc)
            raise SyncError(f"The request failed in a way that was not expected: {exc!r}.") from exc

    def _results(self, response: Response) -> Results:
        if response.status != 200:
            if response.error_code is not None:
                self._compare_clocks(response.date)
            raise SyncError(
                f"The server answered {response.status}: {response.error_message}",
                status=response.status,
                retry_after=response.retry_after(self._clock.epoch()),
                code=response.error_code,
            )
        results = (response.body or {}).get("results")
        if not isinstance(results, list):
            raise SyncError("The answer did not come from a working sync server. It is retried later.")
        self._compare_clocks(response.date)
        return {str(result.get("uuid")).lower(): result for result in results if isinstance(result, dict)}

    def _compare_clocks(self, date: Milliseconds | None) -> None:
        """Compare the clock here with the server's, which must have answered itself."""
        if date is None:
            return
        error = self._clock.epoch() - date
        self._change(clock_error=error if abs(error) >= MIN_CLOCK_ERROR else None)
        self._on_date(date)

    def _aborted(self) -> _AbortedError:
        reason = "the settings have changed" if self._settings.enabled else "sharing was turned off"
        if self._withdrawals:
            reason = "something was deleted"
        return _AbortedError(f"Sending was stopped: {reason}.")

    def _abort(self) -> None:
        if self._request is not None:
            self._request.cancel()

    def _reschedule(self, exc: Exception) -> None:
        """Plan the next request after a failure."""
        if isinstance(exc, _AbortedError) and not self._withdrawals:
            return
        if isinstance(exc, SyncError) and exc.code not in FAULTS:
            self._schedule.retry(self._clock.now(), exc.retry_after)
        else:
            self._schedule.rest(self._clock.now())
        self._change(last_error=str(exc) if isinstance(exc, FeedbackError) else repr(exc))

    async def _save(self) -> None:
        """Keep the schedule and the outcome of the last upload for the engine after this one."""
        self._announce_schedule()
        with contextlib.suppress(FeedbackError):  # The schedule still applies until this engine ends.
            kept = self._schedule.to_record(epoch=self._clock.epoch(), now=self._clock.now())
            await self._store.keep_note(SCHEDULE_NOTE, kept)
            await self._store.keep_note(UPLOAD_NOTE, {name: getattr(self._state, name) for name in _KEPT})

    def _announce_schedule(self) -> None:
        self._schedule_changed.set()
        self._change()

    def _change(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]
        self._on_change()
