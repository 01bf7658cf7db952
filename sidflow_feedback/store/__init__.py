"""The feedback store: what the listener did, how far each event has come, and the models learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from sidflow_feedback.events import Event, ImplicitEvent, RatingEvent
from sidflow_feedback.types import Milliseconds, Record, SyncStatus

LEASE: Final[Milliseconds] = 30_000
"""How long `processing` lasts before an event counts as abandoned by a crash and is pending again."""

SNAPSHOTS_KEPT: Final = 5


@dataclass(frozen=True, slots=True)
class AddReport:
    """What `FeedbackStore.add` did: uuids written now, and uuids that were there already."""

    stored: Sequence[str] = ()
    duplicates: Sequence[str] = ()


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
        """Write events; those whose uuid is there already are reported and cost the others nothing."""

    async def ratings(self, limit: int) -> list[RatingEvent]:
        """Return at most `limit` ratings, newest first; of the same time, the later added first."""

    async def implicit(self, limit: int) -> list[ImplicitEvent]:
        """Return at most `limit` implicit events, in the same order."""

    async def counts(self) -> StoreCounts:
        """Count events by kind and status."""

    async def claim(self, limit: int, *, owner: str, now: Milliseconds) -> list[Event]:
        """Move at most `limit` due events, ratings first, oldest first, from pending to processing.

        A claim of another owner that is older than `LEASE` is taken over.
        """

    async def settle(self, outcomes: Sequence[Outcome], *, now: Milliseconds) -> None:
        """Move claimed events on to what came of them."""

    async def save_snapshot(self, snapshot: Record) -> None:
        """Keep a model snapshot (a JSON object with a ``version``); the oldest beyond `SNAPSHOTS_KEPT` go."""

    async def snapshots(self) -> list[Record]:
        """Return the snapshots, newest first."""

    async def close(self) -> None:
        """Let go of the store. A second call does nothing; any other call raises `StoreClosedError`."""
