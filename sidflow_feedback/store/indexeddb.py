"""The feedback store in the browser: IndexedDB, by way of ``static/js/feedback/store.js``."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from sidflow_feedback.errors import InvalidRecordError, StoreClosedError, StoreError
from sidflow_feedback.events import Event, ImplicitEvent, RatingEvent, event_from_record, event_to_record
from sidflow_feedback.store import LEASE, SNAPSHOTS_KEPT, AddReport, Outcome, StoreCounts
from sidflow_feedback.types import Milliseconds, Record

DATABASE_NAME = "sidflow-feedback"


class Database(Protocol):
    """The open database as the JavaScript module hands it over: JSON texts in and out."""

    def add(self, events: str) -> Awaitable[str]: ...
    def newest(self, kind: str, limit: int) -> Awaitable[str]: ...
    def counts(self) -> Awaitable[str]: ...
    def claim(self, limit: int, owner: str, now: Milliseconds, lease: Milliseconds) -> Awaitable[str]: ...
    def settle(self, outcomes: str, now: Milliseconds) -> Awaitable[None]: ...
    def saveSnapshot(self, snapshot: str, kept: int) -> Awaitable[None]: ...  # noqa: N802
    def snapshots(self) -> Awaitable[str]: ...
    def close(self) -> None: ...


class DatabaseModule(Protocol):
    """The JavaScript module that opens the database."""

    def open(self, name: str) -> Awaitable[Database]: ...


class IndexedDbStore:
    """A `FeedbackStore` that outlives the page. Made by `IndexedDbStore.open`."""

    def __init__(self, database: Database) -> None:
        self._database: Database | None = database

    @classmethod
    async def open(cls, module: DatabaseModule, name: str = DATABASE_NAME) -> IndexedDbStore:
        """Open the database `name`, making it where it does not exist.

        Raises
        ------
        StoreError
            The browser has no IndexedDB, or refuses it (private mode, full disk).
        """
        try:
            return cls(await module.open(name))
        except Exception as exc:
            raise StoreError(
                f"The browser can't open its database: {exc}. "
                "Playing works, but nothing is remembered; leave private mode or free disk space."
            ) from exc

    async def add(self, events: Sequence[Event]) -> AddReport:
        records = [event_to_record(event) for event in events]
        report = json.loads(await self._call(lambda db: db.add(json.dumps(records))))
        return AddReport(report["stored"], report["duplicates"])

    async def ratings(self, limit: int) -> list[RatingEvent]:
        return [e for e in await self._newest("rating", limit) if isinstance(e, RatingEvent)]

    async def implicit(self, limit: int) -> list[ImplicitEvent]:
        return [e for e in await self._newest("implicit", limit) if isinstance(e, ImplicitEvent)]

    async def counts(self) -> StoreCounts:
        return StoreCounts(**json.loads(await self._call(lambda db: db.counts())))

    async def claim(self, limit: int, *, owner: str, now: Milliseconds) -> list[Event]:
        return _events(await self._call(lambda db: db.claim(limit, owner, now, LEASE)))

    async def settle(self, outcomes: Sequence[Outcome], *, now: Milliseconds) -> None:
        records = [asdict(outcome) for outcome in outcomes]
        for record in records:
            record["nextTry"] = record.pop("next_try")
        await self._call(lambda db: db.settle(json.dumps(records), now))

    async def save_snapshot(self, snapshot: Record) -> None:
        await self._call(lambda db: db.saveSnapshot(json.dumps(snapshot), SNAPSHOTS_KEPT))

    async def snapshots(self) -> list[Record]:
        found: list[Record] = json.loads(await self._call(lambda db: db.snapshots()))
        return found

    async def close(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            database.close()

    async def _newest(self, kind: str, limit: int) -> list[Event]:
        return _events(await self._call(lambda db: db.newest(kind, limit)))

    async def _call(self, operation: Callable[[Database], Awaitable[Any]]) -> Any:
        if self._database is None:
            raise StoreClosedError("The feedback store is closed. Open a new one to go on.")
        try:
            return await operation(self._database)
        except Exception as exc:
            raise StoreError(f"The browser's database refused an operation: {exc}") from exc


def _events(text: str) -> list[Event]:
    """Read rows; one that an older version wrote and that makes no sense now must not hide the others."""
    events = []
    for record in json.loads(text):
        try:
            events.append(event_from_record(record))
        except InvalidRecordError:
            continue
    return events
