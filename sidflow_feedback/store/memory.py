"""The feedback store in memory: for tests, the command line, and browsers without IndexedDB."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar

from sidflow_feedback.errors import StoreClosedError, StoreError
from sidflow_feedback.events import Event, ImplicitEvent, RatingEvent
from sidflow_feedback.store import LEASE, SNAPSHOTS_KEPT, AddReport, Counts, Outcome, StoreCounts
from sidflow_feedback.types import SYNC_STATUSES, Milliseconds, Record, SyncStatus

EventT = TypeVar("EventT", RatingEvent, ImplicitEvent)


@dataclass(slots=True)
class _Row:
    event: Event
    status: SyncStatus = "pending"
    attempts: int = 0
    error: str | None = None
    last_try: Milliseconds = 0
    next_try: Milliseconds = 0

    def due(self, now: Milliseconds) -> bool:
        if self.status == "processing":
            return now - self.last_try >= LEASE
        return self.status == "pending" and self.next_try <= now


class MemoryStore:
    """A `FeedbackStore` that forgets everything when the process ends."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}
        self._snapshots: list[Record] = []
        self._closed = False

    async def add(self, events: Sequence[Event]) -> AddReport:
        self._require_open()
        stored, duplicates = [], []
        for event in events:
            if event.uuid in self._rows:
                duplicates.append(event.uuid)
            else:
                self._rows[event.uuid] = _Row(event)
                stored.append(event.uuid)
        return AddReport(stored, duplicates)

    async def ratings(self, limit: int) -> list[RatingEvent]:
        self._require_open()
        return _newest((e for e in self._events() if isinstance(e, RatingEvent)), limit)

    async def implicit(self, limit: int) -> list[ImplicitEvent]:
        self._require_open()
        return _newest((e for e in self._events() if isinstance(e, ImplicitEvent)), limit)

    async def counts(self) -> StoreCounts:
        self._require_open()
        return StoreCounts(ratings=self._count(RatingEvent), implicit=self._count(ImplicitEvent))

    async def claim(self, limit: int, *, owner: str, now: Milliseconds) -> list[Event]:  # noqa: ARG002
        self._require_open()
        due = [row for row in self._rows.values() if row.due(now)]
        due.sort(key=lambda row: (row.event.kind != "rating", row.event.timestamp))
        for row in due[:limit]:
            row.status, row.last_try = "processing", now
            row.attempts += 1
        return [row.event for row in due[:limit]]

    async def settle(self, outcomes: Sequence[Outcome], *, now: Milliseconds) -> None:
        self._require_open()
        for outcome in outcomes:
            row = self._rows.get(outcome.uuid)
            if row is None or row.status != "processing":
                raise StoreError(
                    f"Event {outcome.uuid} can't become {outcome.status!r}: it is not being processed. "
                    "Claim it first."
                )
        for outcome in outcomes:
            row = self._rows[outcome.uuid]
            row.status, row.error = outcome.status, outcome.error
            row.last_try, row.next_try = now, outcome.next_try

    async def save_snapshot(self, snapshot: Record) -> None:
        self._require_open()
        self._snapshots = [copy.deepcopy(snapshot), *self._snapshots][:SNAPSHOTS_KEPT]

    async def snapshots(self) -> list[Record]:
        self._require_open()
        return copy.deepcopy(self._snapshots)

    async def close(self) -> None:
        self._closed = True

    def _events(self) -> Iterable[Event]:
        return (row.event for row in self._rows.values())

    def _count(self, kind: type[Event]) -> Counts:
        rows = [row for row in self._rows.values() if isinstance(row.event, kind)]
        return {status: sum(row.status == status for row in rows) for status in SYNC_STATUSES}

    def _require_open(self) -> None:
        if self._closed:
            raise StoreClosedError("The feedback store is closed. Open a new one to go on.")


def _newest(events: Iterable[EventT], limit: int) -> list[EventT]:
    latest_added_first = reversed(list(events))
    return sorted(latest_added_first, key=attrgetter("timestamp"), reverse=True)[:limit]
