"""The feedback store: events, their sync status, and snapshots of the listener's model."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, Protocol, TypeAlias

from sidflow_feedback.errors import InvalidRecordError, StoreError, cut_message
from sidflow_feedback.events import Event, ImplicitEvent, RatingEvent, event_from_record, event_to_record
from sidflow_feedback.types import Action, Milliseconds, Record, Standing, SyncStatus
from sidflow_feedback.vocabulary import STANDINGS, SYNC_STATUSES

LEASE: Final[Milliseconds] = 30_000
"""How long a claim holds. After that, its owner counts as crashed, and the event is due again."""

MAX_PAUSE: Final[Milliseconds] = 60_000
"""The longest pause before an event is tried again. A next try that is further away was planned by a clock
that was wrong, so it doesn't count."""

DISORDER: Final[Milliseconds] = 5000
"""By how much the times of events may differ from the order of their arrival, although the clock is right: a
few seconds, because ratings and implicit events are written one after the other."""

MAX_SNAPSHOTS: Final = 5
"""Snapshots that are kept; the oldest is deleted first."""

MAX_IMPLICIT: Final = 5000
"""Implicit events that are kept: years of listening, or a few megabytes."""

SYNCED_RETENTION: Final[Milliseconds] = 30 * 24 * 3600 * 1000
"""How long a synced play or skip is kept, see `retention`. Ratings, likes, and dislikes are kept for
training."""

MAX_FORGOTTEN: Final = 1000
"""Uuids of forgotten events that the store remembers, so that an event that arrives late stays forgotten."""

MAX_REFUSED: Final = 1000
"""Uuids of refused events that the store remembers, so that one that arrives again is counted once."""

MAX_NUMBER: Final = 2**53 - 1
"""The largest number in a row: JavaScript can't represent larger integers exactly."""

Kind: TypeAlias = Literal["rating", "implicit"]
KINDS: Final[tuple[Kind, ...]] = ("rating", "implicit")

Positions: TypeAlias = Mapping[Kind, int]
"""A position in the rows of each kind."""


@dataclass(frozen=True, slots=True)
class AddReport:
    """The result of `FeedbackStore.add`.

    Attributes
    ----------
    stored
        Uuids of events that were written.
    duplicates
        Uuids of events that were already there or have been forgotten.
    pruned
        Number of old plays that were removed because the disk is full.
    """

    stored: Sequence[str] = ()
    duplicates: Sequence[str] = ()
    pruned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event and its sync status.

    Attributes
    ----------
    position
        Increases in the order in which events were stored.
    attempts
        How often the event was claimed for sync.
    error
        Why the last attempt failed.
    last_try, next_try
        Epoch milliseconds; 0 if there is none.
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
            A field has an invalid value.
        """
        status = record.get("syncStatus")
        if status not in SYNC_STATUSES:
            raise InvalidRecordError(
                "syncStatus", f"must be one of {', '.join(SYNC_STATUSES)}, not {status!r}"
            )
        numbers = {field: record.get(field) for field in ("id", "attempts", "lastTry", "nextTry")}
        for field_, number in numbers.items():
            if number is not None and not _is_number(number):
                raise InvalidRecordError(field_, f"must be a number from 0 to {MAX_NUMBER}")
        error = record.get("lastError")
        return cls(
            event=event_from_record(record),
            position=int(numbers["id"] or 0),
            status=status,
            attempts=int(numbers["attempts"] or 0),
            error=None if error is None else cut_message(error),
            last_try=numbers["lastTry"] or 0,
            next_try=numbers["nextTry"] or 0,
        )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MAX_NUMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of sync for one claimed event.

    Attributes
    ----------
    status
        ``synced``, ``failed`` (final), or ``pending`` (to be tried again at `next_try`).
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
    """Events as they were read from the store.

    Their timestamps are their places in the order in which events happened, whatever the clock showed, and
    comparable between kinds: the time of an event, unless the clock was set back before it. Then it comes
    just after the one before. Imported events have their time.

    They are parsed during iteration, in small steps, because parsing is the expensive part. Invalid rows are
    skipped.

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
                yield event_from_record({**record, "timestamp": record.get("order", record.get("timestamp"))})

    @property
    def top(self) -> int:
        """The highest position of its rows; 0 if there are none."""
        return max((record["id"] for record in self._records), default=0)

    @property
    def last(self) -> Cursor | None:
        """The cursor of the last row; None if there are no rows."""
        if not self._records:
            return None
        return self._records[-1]["timestamp"], self._records[-1]["id"]

    @cached_property
    def _records(self) -> list[Record]:
        records: list[Record] = json.loads(self._text)
        return records


Cursor: TypeAlias = tuple[Milliseconds, int]
"""The timestamp and position of a row."""

Counts: TypeAlias = Mapping[Standing, int]


def _no_counts() -> Counts:
    return dict.fromkeys(STANDINGS, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What has become of all events whose uuids the store has seen since it was last wiped.

    An event is recorded once, whether it came from a page or from an archive. At any time, ``recorded`` is
    the number of stored events plus the other three.

    Attributes
    ----------
    undone
        The listener has taken them back or deleted them, some before they were stored.
    refused
        They can never be stored.
    pruned
        The store has removed them because of their age, or for space.
    """

    recorded: int = 0
    undone: int = 0
    refused: int = 0
    pruned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCounts:
    """The number of events of each kind and standing, and the books."""

    ratings: Counts = field(default_factory=_no_counts)
    implicit: Counts = field(default_factory=_no_counts)
    books: Books = field(default_factory=Books)

    @property
    def stored(self) -> int:
        """The number of events in the store."""
        return sum(self.ratings.values()) + sum(self.implicit.values())


def discrepancies(kept: StoreCounts, ratings: Counts, implicit: Counts) -> list[str]:
    """Compare counters and books with the numbers of rows; return each difference in words."""
    found = [
        f"{kind}: {counted[standing]} are {standing}, the counter says {counter[standing]}"
        for kind, counter, counted in (
            ("ratings", kept.ratings, ratings),
            ("implicit", kept.implicit, implicit),
        )
        for standing in STANDINGS
        if counted[standing] != counter[standing]
    ]
    books, stored = kept.books, sum(ratings.values()) + sum(implicit.values())
    gone = books.undone + books.refused + books.pruned
    if books.recorded != stored + gone or min(books.undone, books.refused, books.pruned) < 0:
        found.append(f"{stored} events are stored, but the books say {books}")
    return found


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """The result of `FeedbackStore.forget`.

    Attributes
    ----------
    removed
        The events that were there.
    postponed
        Uuids of events that were not there, and that a full disk has no room to remember. Ask for them again,
        or they are stored when they arrive.
    """

    removed: Sequence[StoredEvent] = ()
    postponed: Collection[str] = ()


class FeedbackStore(Protocol):
    """Stores events and model snapshots.

    Each method is one transaction: it either returns after the transaction has completed, or it raises
    `StoreError` and has changed nothing. Times are epoch milliseconds and come from the caller.
    """

    async def add(self, events: Sequence[Event]) -> AddReport:
        """Write events. Duplicates don't affect the other events.

        An event that has been forgotten is not written, and is reported as a duplicate.
        """

    async def ratings(self, limit: int) -> list[RatingEvent]:
        """Return at most `limit` ratings, newest first. Of equal timestamps, the last added comes first."""

    async def implicit(self, limit: int) -> list[ImplicitEvent]:
        """Return at most `limit` implicit events, in the same order."""

    async def newest(
        self,
        kind: Kind,
        *,
        limit: int,
        before: Cursor | None = None,
        actions: Sequence[Action] | None = None,
    ) -> Batch:
        """Return at most `limit` events in the same order, starting after the row at `before`.

        If `actions` are given, only events with one of them are returned.
        """

    async def counts(self) -> StoreCounts:
        """Count events by kind and standing, and return the books."""

    async def audit(self) -> list[str]:
        """Count all rows one by one; return what counters and books get wrong, in words."""

    async def refuse(self, uuids: Sequence[str]) -> None:
        """Enter events that can never be stored in the books, each once."""

    async def due(self, limit: int, *, now: Milliseconds, own: bool = False) -> list[Event]:
        """Return what `claim` would return, without claiming it."""

    async def claim(
        self,
        limit: int,
        *,
        owner: str,
        now: Milliseconds,
        own: bool = False,
        only: Sequence[str] | None = None,
    ) -> list[Event]:
        """Move at most `limit` due events to processing and return them: ratings first, oldest first.

        Events are due if they are pending and their next try has come, or if they were claimed longer than
        `LEASE` ago. A next try more than `MAX_PAUSE` ahead, or a claim in the future, was made by a clock
        that was wrong: they are due, too. Plays are never due, because they say nothing about taste; events
        of own files (`OWN_FILE`) only with `own`. If `only` is given, only events with these uuids are
        claimed.
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
        """Return events claimed longer than `LEASE` ago, or in the future, to pending, with their attempts.

        Returns
        -------
        int
            How many.
        """

    async def resend(self, uuids: Sequence[str] | None = None) -> int:
        """Return these failed events to pending, or all of them; return how many."""

    async def rows(self, kind: Kind, *, after: int = 0, limit: int = 500) -> list[StoredEvent]:
        """Return at most `limit` rows with positions above `after`, in ascending order."""

    async def with_status(self, kind: Kind, status: SyncStatus, *, limit: int) -> list[StoredEvent]:
        """Return at most `limit` rows of one status, newest first."""

    async def merge(self, rows: Sequence[StoredEvent], snapshots: Sequence[Record]) -> AddReport:
        """Write exported rows, and snapshots (oldest first) if the store has none.

        Events that are already there stay as they are.
        """

    async def last_positions(self) -> Positions:
        """Return the position of the row that was stored last, of each kind; 0 if there is none."""

    async def prune(self, *, aged: int = 0) -> int:
        """Remove synced plays and skips at positions up to `aged`, and events beyond `MAX_IMPLICIT`.

        Of the latter, synced plays and skips go first, then the oldest, and likes and dislikes last.

        Returns
        -------
        int
            How many were removed.
        """

    async def forget(self, uuids: Sequence[str]) -> ForgetReport:
        """Delete these events, even if they have yet to arrive.

        Snapshots that may have learned from them are deleted, too, see `save_snapshot`. Starts of tunes teach
        nothing.
        """

    async def forget_item(self, item_id: str) -> list[StoredEvent]:
        """Delete all events of an item, with all its songs, in the same way."""

    async def wipe(self) -> None:
        """Delete everything."""

    async def save_snapshot(self, snapshot: Record, *, learned: Positions | None = None) -> None:
        """Store a snapshot, a JSON object with a ``version``; delete the oldest beyond `MAX_SNAPSHOTS`.

        Parameters
        ----------
        learned
            The positions up to which it may have learned from events; None if that isn't known.
        """

    async def learned(self) -> Positions | None:
        """Return what is known of the newest snapshot, see `save_snapshot`; None without snapshots, too."""

    async def snapshots(self) -> list[Record]:
        """Return the snapshots, newest first."""

    async def note(self, name: str) -> Record | None:
        """Return the note with this name; None if there is none."""

    async def keep_note(self, name: str, record: Record) -> None:
        """Store a note, a small JSON object, and replace the previous note with this name."""

    async def close(self) -> None:
        """Close the store. A second call does nothing; any other method then raises `StoreClosedError`."""
