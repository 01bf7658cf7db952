"""The feedback store: what the listener did, how far each event has come, and the models learned."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, Protocol, TypeAlias

from sidflow_feedback.errors import InvalidRecordError, StoreError
from sidflow_feedback.events import Event, ImplicitEvent, RatingEvent, event_from_record, event_to_record
from sidflow_feedback.types import Milliseconds, Record, SyncStatus
from sidflow_feedback.vocabulary import SYNC_STATUSES

LEASE: Final[Milliseconds] = 30_000
"""How long `processing` lasts before an event counts as abandoned by a crash and is pending again."""

SNAPSHOTS_KEPT: Final = 5

IMPLICIT_KEPT: Final = 5000
"""Most implicit events kept: years of listening, a few megabytes."""

SYNCED_KEPT: Final[Milliseconds] = 30 * 24 * 3600 * 1000
"""How long an implicit event that was synced is kept, from when it happened. Ratings stay: they are learned
from."""

FORGOTTEN_KEPT: Final = 1000
"""Uuids of forgotten events that a store remembers, lest one comes back that was on its way to it."""

MAX_NUMBER: Final = 2**53 - 1
"""Largest number of a row: what JavaScript holds exactly."""

Kind: TypeAlias = Literal["rating", "implicit"]
KINDS: Final[tuple[Kind, ...]] = ("rating", "implicit")


@dataclass(frozen=True, slots=True)
class AddReport:
    """What `FeedbackStore.add` did: uuids written now, and uuids that were there already, or were forgotten.

    `pruned` is the number of old plays that had to go because the disk is full.
    """

    stored: Sequence[str] = ()
    duplicates: Sequence[str] = ()
    pruned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event with how far it has come.

    Attributes
    ----------
    position
        Grows in the order in which events were stored.
    attempts
        How often it was claimed for sync.
    last_try, next_try
        Epoch milliseconds, 0 where there was none.
    """

    event: Event
    position: int = 0
    status: SyncStatus = "pending"
    attempts: int = 0
    error: str | None = None
    last_try: Milliseconds = 0
    next_try: Milliseconds = 0

    def to_record(self) -> Record:
        """Return the row as a JSON object."""
        return event_to_record(self.event) | {
            "syncStatus": self.status,
            "attempts": self.attempts,
            "lastError": self.error,
            "lastTry": self.last_try,
            "nextTry": self.next_try,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> StoredEvent:
        """Read a row.

        Raises
        ------
        InvalidRecordError
            A field has a value that it can't have.
        """
        status = record.get("syncStatus")
        if status not in SYNC_STATUSES:
            raise InvalidRecordError(
                "syncStatus", f"must be one of {', '.join(SYNC_STATUSES)}, not {status!r}"
            )
        numbers = {field: record.get(field) for field in ("id", "attempts", "lastTry", "nextTry")}
        for field_, number in numbers.items():
            if number is not None and not _is_number(number):
                raise InvalidRecordError(field_, "must be a number from 0")
        error = record.get("lastError")
        return cls(
            event=event_from_record(record),
            position=int(numbers["id"] or 0),
            status=status,
            attempts=int(numbers["attempts"] or 0),
            error=None if error is None else str(error),
            last_try=numbers["lastTry"] or 0,
            next_try=numbers["nextTry"] or 0,
        )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MAX_NUMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one event that was claimed for sync.

    Attributes
    ----------
    status
        ``synced``, ``failed`` (final) or ``pending`` (to be tried again at `next_try`).
    next_try
        Epoch milliseconds.
    """

    uuid: str
    status: SyncStatus
    error: str | None = None
    next_try: Milliseconds = 0

    def __post_init__(self) -> None:
        if self.status == "processing":
            raise StoreError(f"Event {self.uuid} can't be settled as 'processing': `claim` does that.")


class Batch:
    """Events as they were read, parsed only while they are iterated over: that is what costs.

    So who has to spare the processor can do it in small steps. A row that makes no sense is left out.

    Parameters
    ----------
    text
        A JSON array of rows.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __iter__(self) -> Iterator[Event]:
        for record in self._records:
            with suppress(InvalidRecordError):
                yield event_from_record(record)

    @property
    def last(self) -> Cursor | None:
        """Where the last row stands, None when there is none."""
        if not self._records:
            return None
        return self._records[-1]["timestamp"], self._records[-1]["id"]

    @cached_property
    def _records(self) -> list[Record]:
        records: list[Record] = json.loads(self._text)
        return records


Cursor: TypeAlias = tuple[Milliseconds, int]
"""Timestamp and position of a row."""

Counts: TypeAlias = Mapping[SyncStatus, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCounts:
    """Events in the store by kind and sync status."""

    ratings: Counts = field(default_factory=dict)
    implicit: Counts = field(default_factory=dict)


class FeedbackStore(Protocol):
    """Where events and model snapshots are kept.

    Each method is one transaction: it resolves when that has completed, or raises `StoreError` and has
    changed nothing. Times are epoch milliseconds and come from the caller.
    """

    async def add(self, events: Sequence[Event]) -> AddReport:
        """Write events; those whose uuid is there already are reported and cost the others nothing.

        One that was forgotten is not written again, and reported as one that is there.
        """

    async def ratings(self, limit: int) -> list[RatingEvent]:
        """Return at most `limit` ratings, newest first; of the same time, the later added first."""

    async def implicit(self, limit: int) -> list[ImplicitEvent]:
        """Return at most `limit` implicit events, in the same order."""

    async def newest(self, kind: Kind, *, limit: int, before: Cursor | None = None) -> Batch:
        """Return at most `limit` events, in the same order, from behind the row at `before`."""

    async def counts(self) -> StoreCounts:
        """Count events by kind and status."""

    async def due(self, limit: int, *, now: Milliseconds) -> list[Event]:
        """Return what `claim` would, and claim nothing."""

    async def claim(
        self, limit: int, *, owner: str, now: Milliseconds, only: Sequence[str] | None = None
    ) -> list[Event]:
        """Move at most `limit` due events, ratings first, oldest first, from pending to processing.

        With `only`, no others than those with these uuids. A claim of another owner that is older than
        `LEASE` is taken over.
        """

    async def settle(self, outcomes: Sequence[Outcome], *, owner: str, now: Milliseconds) -> None:
        """Record the outcomes of events that `owner` has claimed.

        Raises
        ------
        StoreError
            An event isn't being processed, or another owner has claimed it. Nothing is recorded then: an
            engine whose lease has run out must not overwrite the work of its successor.
        """

    async def recover(self, *, now: Milliseconds) -> int:
        """Give back to pending what was claimed longer than `LEASE` ago; attempts stay. Return how many."""

    async def rows(self, kind: Kind, *, after: int = 0, limit: int = 500) -> list[StoredEvent]:
        """Return at most `limit` rows in the order in which they came, from behind position `after`."""

    async def with_status(self, kind: Kind, status: SyncStatus, *, limit: int) -> list[StoredEvent]:
        """Return at most `limit` rows of one status, newest first."""

    async def merge(self, rows: Sequence[StoredEvent], snapshots: Sequence[Record]) -> AddReport:
        """Write rows that were exported, and snapshots (oldest first) where nothing has been learned yet.

        What is there already stays as it is.
        """

    async def prune(self, *, now: Milliseconds) -> int:
        """Remove implicit events that were synced and are older than `SYNCED_KEPT`; return how many.

        Of more than `IMPLICIT_KEPT`, synced ones go first, then the oldest, likes and dislikes last.
        """

    async def forget(self, uuids: Sequence[str]) -> list[StoredEvent]:
        """Delete these events, also such as are yet to come, and return those that were there.

        With them go the snapshots that may have learned from them: those whose ``read`` is not before one of
        them that says more than that a tune was begun.
        """

    async def forget_item(self, item_id: str) -> list[StoredEvent]:
        """Delete all events of a tune, whatever the song, in the same way."""

    async def wipe(self) -> None:
        """Forget everything."""

    async def save_snapshot(self, snapshot: Record) -> None:
        """Keep a model snapshot (a JSON object with a ``version``); the oldest beyond `SNAPSHOTS_KEPT` go."""

    async def snapshots(self) -> list[Record]:
        """Return the snapshots, newest first."""

    async def note(self, name: str) -> Record | None:
        """Return what was kept under this name, None where nothing was."""

    async def keep_note(self, name: str, record: Record) -> None:
        """Keep a small JSON object under a name, in place of the one before."""

    async def close(self) -> None:
        """Let go of the store. A second call does nothing; any other call raises `StoreClosedError`."""
