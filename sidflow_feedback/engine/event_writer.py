"""The event writer: queues events as they arrive and commits them to the store in batches."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sidflow_feedback.clock import Clock
from sidflow_feedback.errors import InvalidRecordError, StoreError
from sidflow_feedback.events import Event, event_from_record
from sidflow_feedback.store import AddReport, FeedbackStore
from sidflow_feedback.supervision import Supervisor, retry_pause
from sidflow_feedback.types import Record

FLUSH_DELAY: Final = 0.5
"""Seconds from the arrival of the first event of a batch to its flush."""

BATCH_SIZE: Final = 25
"""A batch of this many events is flushed at once."""

MAX_TRIES: Final = 5
"""Failed writes of an event before it is rejected, provided that the store accepts another event."""

CommitListener = Callable[[Sequence[Event]], None]
Acknowledge = Callable[[Sequence[str]], None]


@dataclass(slots=True)
class _Queue:
    """Events of one kind, in order of arrival."""

    events: list[Event] = field(default_factory=list)
    failures: int = 0

    @property
    def batch(self) -> list[Event]:
        """The events to write next. After a failure it is one, so that a bad event can't block the others."""
        return self.events[: 1 if self.failures else BATCH_SIZE]


class EventWriter:
    """Writes events to a `FeedbackStore` in batches and notifies listeners of what was committed.

    Ratings and implicit events have separate queues. An event stays in its queue until the store has
    committed it. The page's outbox keeps it as long, so nothing is lost if the engine ends.

    Parameters
    ----------
    store
        Where the events go.
    on_acknowledged
        Called with the uuids of events that are in the store, whether they are new or not. The outbox can
        delete them.
    on_refused
        Called with the uuid of each record that can never be stored, and the reason.
    clock
        Times the flushes and the retries.
    supervisor
        Keeps the writer alive. By default, it has its own.

    Attributes
    ----------
    last_error
        Why the last flush failed; None if it succeeded.
    pruned
        Number of old events that the store has removed to free space.
    """

    def __init__(
        self,
        store: FeedbackStore,
        *,
        on_acknowledged: Acknowledge,
        on_refused: Callable[[str, str], None],
        clock: Clock,
        supervisor: Supervisor | None = None,
    ) -> None:
        self._store = store
        self._acknowledge = on_acknowledged
        self._refuse = on_refused
        self._clock = clock
        self._supervisor = supervisor or Supervisor(clock)
        self._queues = {"rating": _Queue(), "implicit": _Queue()}
        self._queued: set[str] = set()
        self._listeners: list[CommitListener] = []
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.last_error: str | None = None
        self.pruned = 0

    def subscribe(self, listener: CommitListener) -> None:
        """Call `listener` with the new events of each committed batch."""
        self._listeners.append(listener)

    def receive(self, records: Iterable[Record]) -> None:
        """Queue events. Invalid records are refused, and events that are already queued are skipped."""
        for record in records:
            try:
                event = event_from_record(record)
            except Exception as exc:  # Whatever a record does to its reader, the others must arrive.
                if not isinstance(exc, InvalidRecordError):
                    self._supervisor.report("Reading an event", exc)
                identity = record.get("uuid") if isinstance(record, Mapping) else None
                self._refuse(str(identity), str(exc))
                continue
            if event.uuid not in self._queued:
                self._queued.add(event.uuid)
                self._queues[event.kind].events.append(event)
        if self.waiting:
            self._arrived.set()
        if self._has_full_batch:
            self._full.set()

    @property
    def waiting(self) -> int:
        """Number of queued events."""
        return len(self._queued)

    @property
    def _has_full_batch(self) -> bool:
        return any(len(queue.events) >= BATCH_SIZE for queue in self._queues.values())

    def flush_soon(self) -> None:
        """Flush without waiting for a full batch, because the page may be about to close."""
        if self.waiting:
            self._full.set()

    def discard(self) -> None:
        """Empty the queues without storing the events."""
        for queue in self._queues.values():
            self._leave_queue(queue, queue.events)

    def start(self) -> None:
        """Start flushing in the background."""
        if self._task is None:
            keeping = self._supervisor.keep("Storing events", self._run)
            self._task = asyncio.get_running_loop().create_task(keeping)

    async def aclose(self) -> None:
        """Stop, after one last attempt to commit the queued events."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        with contextlib.suppress(StoreError):
            await self.flush()

    async def flush(self) -> None:
        """Commit all queued events now.

        Raises
        ------
        StoreError
            The store refused a batch. Its events stay queued; the other queue was committed nevertheless.
        """
        async with self._flushing:
            failures = [await self._drain(queue) for queue in self._queues.values()]
        for failure in filter(None, failures):
            raise failure

    async def _run(self) -> None:
        failures = 0
        while True:
            await self._arrived.wait()
            await self._clock.wait(self._full, FLUSH_DELAY)
            try:
                await self.flush()
                failures, self.last_error = 0, None
            except StoreError as exc:
                self.last_error = str(exc)
                await self._clock.sleep(retry_pause(failures))
                failures += 1

    async def _drain(self, queue: _Queue) -> StoreError | None:
        try:
            while queue.events:
                await self._write(queue)
        except StoreError as exc:
            return exc
        return None

    async def _write(self, queue: _Queue) -> None:
        batch = queue.batch
        suspect = queue.failures >= MAX_TRIES - 1 and await self._another_commits(queue)
        try:
            await self._commit(queue, batch)
        except StoreError as exc:
            queue.failures += 1
            if not suspect:
                raise
            self._leave_queue(queue, batch)
            self._refuse(batch[0].uuid, f"could not be stored in {MAX_TRIES} tries: {exc}")

    async def _another_commits(self, queue: _Queue) -> bool:
        """Return whether the store accepts another event, so that only the first one can be at fault."""
        for event in queue.events[1:BATCH_SIZE]:
            with contextlib.suppress(StoreError):
                await self._commit(queue, [event])
                return True
        return False

    async def _commit(self, queue: _Queue, batch: Sequence[Event]) -> None:
        report = await self._add(batch)
        self._leave_queue(queue, batch)
        self.pruned += report.pruned
        stored = set(report.stored)
        self._acknowledge([event.uuid for event in batch])
        self._notify([event for event in batch if event.uuid in stored])

    async def _add(self, batch: Sequence[Event]) -> AddReport:
        try:
            return await self._store.add(batch)
        except StoreError:
            raise
        except Exception as exc:  # It must count as a try, or its event would block the others forever.
            self._supervisor.report("Storing events", exc)
            raise StoreError(f"The store has failed: {exc!r}") from exc

    def _leave_queue(self, queue: _Queue, batch: Sequence[Event]) -> None:
        leaving = {event.uuid for event in batch}
        queue.events = [event for event in queue.events if event.uuid not in leaving]
        queue.failures = 0
        self._queued -= leaving
        if not self.waiting:
            self._arrived.clear()
        if not self._has_full_batch:
            self._full.clear()

    def _notify(self, events: Sequence[Event]) -> None:
        for listener in self._listeners if events else ():
            with self._supervisor.reporting("Learning of stored events"):
                listener(events)
