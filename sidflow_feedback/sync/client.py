"""The sync client: sends anonymized deltas, if and only if the listener has switched that on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sidflow_feedback.clock import Clock
from sidflow_feedback.errors import FeedbackError, SyncError
from sidflow_feedback.events import Event
from sidflow_feedback.store import FeedbackStore, Outcome
from sidflow_feedback.sync.deltas import AnonymizedBatch
from sidflow_feedback.sync.schedule import Schedule
from sidflow_feedback.sync.transport import Response, Transport
from sidflow_feedback.sync.upload_queue import SyncSettings, UploadQueue
from sidflow_feedback.types import Milliseconds, Record, SyncStatus

TIMEOUT: Final = 15.0
"""Seconds after which a request is aborted."""

UNANSWERED_PAUSE: Final = 60.0
"""Seconds before an event is sent again that the server took no notice of."""

REFUSED: Final = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 422})
"""Answers that sending the same again can't change."""

SCHEDULE_NOTE: Final = "sync-schedule"

_STATUS_OF_RESULT: Final[dict[str, SyncStatus]] = {
    "accepted": "synced",
    "duplicate": "synced",
    "rejected": "failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """What the listener sees of the sync. Times are epoch milliseconds.

    Attributes
    ----------
    tries
        Requests in a row that were not answered.
    sent
        Events that the server has taken since the engine started.
    epsilon, spent, budget
        Privacy loss of each event (None: values go as they are), of all so far, and at most.
    """

    enabled: bool = False
    running: bool = False
    last_time: Milliseconds | None = None
    last_error: str | None = None
    next_time: Milliseconds | None = None
    tries: int = 0
    sent: int = 0
    epsilon: float | None = None
    spent: float = 0.0
    budget: float = 100


class _AbortedError(SyncError):
    """The listener has changed their mind while a request was under way."""


class SyncClient:
    """Moves pending events to the server, a batch at a time.

    When it does is up to `Schedule`. A batch that was not answered is sent again as it was, with the same id,
    until it is; a restart makes a new one of the same events.

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
    timeout
        Seconds after which a request is aborted.
    """

    def __init__(
        self,
        store: FeedbackStore,
        transport: Transport,
        *,
        base_version: Callable[[], str],
        clock: Clock,
        on_change: Callable[[], None] = lambda: None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._store = store
        self._transport = transport
        self._outgoing = UploadQueue(store, base_version)
        self._on_change = on_change
        self._clock = clock
        self._timeout = timeout
        self._settings = SyncSettings()
        self._schedule = Schedule()
        self._sending = asyncio.Lock()
        self._withdrawals = 0
        self._request: asyncio.Future[Response] | None = None
        self._replanned = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.state = SyncState()

    def configure(self, settings: SyncSettings) -> None:
        """Take new settings; they hold at once, also for a request under way."""
        before, self._settings = self._settings, settings
        if settings.epsilon != before.epsilon:
            self._outgoing.drop()  # Must not go out again with another noise than is wanted now.
        if not settings.enabled or settings.epsilon != before.epsilon:
            self._abort()
        if not settings.enabled:
            self._schedule.stop()
        elif settings.cadence != before.cadence or not before.enabled:
            self._schedule.start(settings.cadence, self._clock.epoch())
        self._replan()
        self._change(enabled=settings.enabled, epsilon=settings.epsilon, budget=settings.budget)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._recall_and_run())
        elif settings.enabled and self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def aclose(self) -> None:
        """Stop sending; a request under way is aborted."""
        self._settings = replace(self._settings, enabled=False)
        self._abort()
        self._replan()
        if self._task is not None:
            await self._task

    def on_online(self) -> None:
        """Try again at once what could not be sent: the browser says that it is online."""
        self._schedule.hurry(self._clock.epoch())
        self._replan()

    async def sync_now(self) -> int:
        """Send everything that is due; return how many events the server has taken.

        Raises
        ------
        SyncError
            Sync is switched off, the server asked for a pause, could not be reached, or refused the batch.
        PrivacyError
            The listener's budget is spent, or noise can't be made as they asked for it.
        """
        async with self._sending:
            self._require_permission()
            self._change(running=True)
            try:
                sent = await self._send_due()
                self._schedule.rest(self._clock.epoch())
                self._change(last_error=None, last_time=self._clock.epoch())
                return sent
            except FeedbackError as exc:
                self._plan_after(exc)
                raise
            finally:
                await self._keep_schedule()
                self._change(running=False)

    async def next_payload(self) -> str | None:
        """Return the next request's body as it would go now, also while sync is off; None if there is none.

        Raises
        ------
        PrivacyError
            The listener's budget is spent, or noise can't be made as they asked for it.
        """
        batch = await self._outgoing.preview(self._clock.epoch(), self._settings)
        return batch.to_json() if batch.deltas else None

    @contextlib.asynccontextmanager
    async def forgetting(self) -> AsyncIterator[None]:
        """Send nothing meanwhile, and remember nothing from before: for who deletes what is stored."""
        async with self.withdrawing():
            yield
            self._outgoing.forget()
            self._change(spent=0.0)

    @contextlib.asynccontextmanager
    async def withdrawing(self) -> AsyncIterator[None]:
        """Send nothing meanwhile, and no batch that was made before: for who deletes some events."""
        self._withdrawals += 1
        try:
            self._abort()
            async with self._sending:
                self._outgoing.drop()
                yield
        finally:
            self._withdrawals -= 1

    async def _recall_and_run(self) -> None:
        resumes = self._settings.enabled
        with contextlib.suppress(FeedbackError):
            await self._recall(resumes=resumes)
        await self._run()

    async def _run(self) -> None:
        while self._settings.enabled:
            await self._pause()
            if self._settings.enabled and not self._schedule.remaining(self._clock.epoch()):
                with contextlib.suppress(FeedbackError):  # `sync_now` has put it into the state.
                    await self.sync_now()

    async def _pause(self) -> None:
        """Wait for the next time, or until that is another one."""
        self._replanned.clear()
        await self._clock.wait(self._replanned, self._schedule.remaining(self._clock.epoch()))

    async def _recall(self, *, resumes: bool) -> None:
        """Take up the plan of the engine before this one, if it was to send too, and the account of noise."""
        kept, now = await self._store.note(SCHEDULE_NOTE), self._clock.epoch()
        if kept is not None:
            self._schedule = Schedule.from_record(kept)
            self._schedule.resume(now) if resumes else self._schedule.stop()
            if self._settings.enabled:
                self._schedule.start(self._settings.cadence, now)
            self._replan()
        await self._outgoing.account()
        self._change(spent=self._outgoing.spent)

    def _plan_after(self, exc: FeedbackError) -> None:
        if isinstance(exc, _AbortedError) and not self._withdrawals:
            return
        if isinstance(exc, SyncError) and exc.status not in REFUSED:
            self._schedule.retry(self._clock.epoch(), exc.retry_after)
        else:
            self._schedule.rest(self._clock.epoch())
        self._change(last_error=str(exc))

    def _replan(self) -> None:
        self._replanned.set()
        self._change(next_time=self._schedule.next_time, tries=self._schedule.tries)

    async def _keep_schedule(self) -> None:
        self._replan()
        with contextlib.suppress(FeedbackError):  # It holds all the same, as long as this engine.
            await self._store.keep_note(SCHEDULE_NOTE, self._schedule.to_record())

    def _require_permission(self) -> None:
        if not self._settings.enabled:
            raise SyncError("Sync is switched off: nothing is sent. Switch it on in Preferences first.")
        wait = self._schedule.asked_pause(self._clock.epoch())
        if wait > 0:
            raise SyncError(f"The server asked for a pause of another {max(1, round(wait))} s.")

    async def _send_due(self) -> int:
        sent = 0
        while events := await self._outgoing.claim(self._clock.epoch()):
            outcomes = await self._send(events)
            await self._settle(outcomes)
            taken = sum(outcome.status == "synced" for outcome in outcomes)
            sent += taken
            self._change(sent=self.state.sent + taken)
        return sent

    async def _send(self, events: Sequence[Event]) -> list[Outcome]:
        """Send one batch; what stays unsent goes back to pending."""
        settings = self._settings
        try:
            batch, outcomes = await self._outgoing.batch_of(events, settings)
        except FeedbackError as exc:
            await self._settle([_undelivered(event.uuid, exc) for event in events])
            raise
        self._change(spent=self._outgoing.spent)
        if not batch.deltas:
            return outcomes
        try:
            results = await self._deliver(batch, settings)
        except SyncError as exc:
            await self._settle(outcomes + [_undelivered(identity, exc) for identity in batch.uuids])
            raise
        return outcomes + [self._outcome(identity, results.get(identity, {})) for identity in batch.uuids]

    async def _settle(self, outcomes: Sequence[Outcome]) -> None:
        await self._store.settle(outcomes, owner=self._outgoing._owner, now=self._clock.epoch())
        self._outgoing.settled(outcomes)

    def _outcome(self, identity: str, result: Record) -> Outcome:
        status = _STATUS_OF_RESULT.get(str(result.get("status")))
        if status is not None:
            return Outcome(uuid=identity, status=status, error=result.get("reason"))
        next_try = self._clock.epoch() + UNANSWERED_PAUSE * 1000
        error = "The server did not answer for this event."
        return Outcome(uuid=identity, status="pending", error=error, next_try=next_try)

    async def _deliver(self, batch: AnonymizedBatch, settings: SyncSettings) -> dict[str, Record]:
        changed = not self._settings.enabled or self._settings.epsilon != settings.epsilon
        if changed or self._withdrawals:
            raise self._aborted()
        self._outgoing.hold(batch)
        response = await self._answer(batch)
        if response.status != 200:
            if response.status in REFUSED:
                self._outgoing.drop()
            raise SyncError(
                f"The server answered {response.status}: {_reason(response)}",
                status=response.status,
                retry_after=response.retry_after(self._clock.epoch()),
            )
        results = _results(response)
        self._outgoing.drop()
        return results

    async def _answer(self, batch: AnonymizedBatch) -> Response:
        request = asyncio.ensure_future(self._transport.send(batch, timeout=self._timeout))
        self._request = request
        try:
            await asyncio.wait([request])
        finally:
            request.cancel()
            self._request = None
        if request.cancelled():
            raise self._aborted()
        return request.result()

    def _aborted(self) -> _AbortedError:
        reason = "the settings have changed" if self._settings.enabled else "sync was switched off"
        if self._withdrawals:
            reason = "something was deleted"
        return _AbortedError(f"Sending was stopped: {reason}.")

    def _abort(self) -> None:
        if self._request is not None:
            self._request.cancel()

    def _change(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]
        self._on_change()


def _undelivered(identity: str, exc: FeedbackError) -> Outcome:
    refused = isinstance(exc, SyncError) and exc.status in REFUSED
    return Outcome(uuid=identity, status="failed" if refused else "pending", error=str(exc))


def _results(response: Response) -> dict[str, Record]:
    results = (response.body or {}).get("results")
    if not isinstance(results, list):
        raise SyncError("What answered is no sync server, or a broken one. It is tried again later.")
    return {str(result.get("uuid")): result for result in results if isinstance(result, dict)}


def _reason(response: Response) -> str:
    error = (response.body or {}).get("error")
    return str(error.get("message")) if isinstance(error, dict) else "it gave no reason"
