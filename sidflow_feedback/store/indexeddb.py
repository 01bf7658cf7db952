"""The feedback store in the browser, which uses IndexedDB through ``indexeddb.js``."""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Any, Protocol, TypeVar

from sidflow_feedback.errors import (
    InvalidRecordError,
    StoreBlockedError,
    StoreClosedError,
    StoreError,
    StoreFencedError,
    StoreFullError,
)
from sidflow_feedback.events import Event, ImplicitEvent, RatingEvent, event_from_record, event_to_record
from sidflow_feedback.store import (
    LEASE,
    MAX_FORGOTTEN,
    MAX_IMPLICIT,
    MAX_REFUSED,
    MAX_SNAPSHOTS,
    AddReport,
    Batch,
    Books,
    Cursor,
    ForgetReport,
    Kind,
    Outcome,
    Positions,
    StoreCounts,
    StoredEvent,
    discrepancies,
)
from sidflow_feedback.types import Action, Milliseconds, Record, SyncStatus
from sidflow_feedback.vocabulary import EVENT_VERSION

RowT = TypeVar("RowT")
AnswerT = TypeVar("AnswerT")


class Database(Protocol):
    """The open database, a JavaScript object. Its methods take and return JSON texts."""

    def takeOver(self) -> Awaitable[None]: ...  # noqa: N802
    def add(self, events: str) -> Awaitable[str]: ...
    def merge(self, content: str, kept: int) -> Awaitable[str]: ...
    def newest(self, kind: str, limit: int, status: SyncStatus | None = None) -> Awaitable[str]: ...
    def before(self, kind: str, limit: int, actions: str, *cursor: float) -> Awaitable[str]: ...
    def rows(self, kind: str, after: int, limit: int) -> Awaitable[str]: ...
    def counts(self) -> Awaitable[str]: ...
    def audit(self) -> Awaitable[str]: ...
    def refuse(self, uuids: str, kept: int) -> Awaitable[None]: ...
    def due(
        self, limit: int, now: Milliseconds, lease: Milliseconds, version: int, own: bool
    ) -> Awaitable[str]: ...
    def claim(
        self,
        limit: int,
        owner: str,
        now: Milliseconds,
        lease: Milliseconds,
        version: int,
        own: bool,
        only: str,
    ) -> Awaitable[str]: ...
    def settle(self, outcomes: str, owner: str, now: Milliseconds) -> Awaitable[None]: ...
    def recover(self, now: Milliseconds, lease: Milliseconds) -> Awaitable[str]: ...
    def resend(self, uuids: str) -> Awaitable[str]: ...
    def lastPositions(self) -> Awaitable[str]: ...  # noqa: N802
    def prune(self, aged: int, cap: int) -> Awaitable[str]: ...
    def forget(self, uuids: str, kept: int) -> Awaitable[str]: ...
    def forgetTune(self, item_id: str, kept: int) -> Awaitable[str]: ...  # noqa: N802
    def wipe(self) -> Awaitable[None]: ...
    def saveSnapshot(self, snapshot: str, kept: int, learned: str) -> Awaitable[None]: ...  # noqa: N802
    def learned(self) -> Awaitable[str]: ...
    def snapshots(self) -> Awaitable[str]: ...
    def note(self, name: str) -> Awaitable[str]: ...
    def keepNote(self, name: str, record: str) -> Awaitable[None]: ...  # noqa: N802
    def close(self) -> None: ...


class DatabaseModule(Protocol):
    """The JavaScript module that opens the database."""

    def open(self, name: str) -> Awaitable[Database]: ...


class IndexedDbStore:
    """A `FeedbackStore` that persists. `IndexedDbStore.open` creates it."""

    def __init__(self, database: Database, on_fenced: Callable[[], None]) -> None:
        self._database: Database | None = database
        self._on_fenced = on_fenced

    @classmethod
    async def open(
        cls, module: DatabaseModule, name: str, *, on_fenced: Callable[[], None] = lambda: None
    ) -> IndexedDbStore:
        """Open the database `name`, and create it if it does not exist.

        From now on, the database takes no writes of stores that were opened before. Theirs raise
        `StoreFencedError` and call `on_fenced`, which must not raise.

        Raises
        ------
        StoreBlockedError
            Another tab keeps an older version of the database open.
        StoreError
            The browser has no IndexedDB or denies access to it (private mode, full disk), or a newer version
            of this page has upgraded the database.
        """
        try:
            database = await module.open(name)
            await database.takeOver()
            return cls(database, on_fenced)
        except Exception as exc:
            raise _opening_error(exc) from exc

    async def add(self, events: Sequence[Event]) -> AddReport:
        records = json.dumps([event_to_record(event) for event in events])
        return AddReport(**await self._call(lambda db: db.add(records)))

    async def merge(self, rows: Sequence[StoredEvent], snapshots: Sequence[Record]) -> AddReport:
        content = json.dumps({"rows": [row.to_record() for row in rows], "snapshots": list(snapshots)})
        return AddReport(**await self._call(lambda db: db.merge(content, MAX_SNAPSHOTS)))

    async def ratings(self, limit: int) -> list[RatingEvent]:
        records = await self._call(lambda db: db.newest("rating", limit))
        return [event for event in _read(event_from_record, records) if isinstance(event, RatingEvent)]

    async def implicit(self, limit: int) -> list[ImplicitEvent]:
        records = await self._call(lambda db: db.newest("implicit", limit))
        return [event for event in _read(event_from_record, records) if isinstance(event, ImplicitEvent)]

    async def newest(
        self,
        kind: Kind,
        *,
        limit: int,
        before: Cursor | None = None,
        actions: Sequence[Action] | None = None,
    ) -> Batch:
        chosen = json.dumps(None if actions is None else list(actions))
        return Batch(await self._text(lambda db: db.before(kind, limit, chosen, *(before or ()))))

    async def rows(self, kind: Kind, *, after: int = 0, limit: int = 500) -> list[StoredEvent]:
        while records := await self._call(functools.partial(_rows, kind, after, limit)):
            if rows := _read(StoredEvent.from_record, records):
                return rows
            after = records[-1]["id"]
        return []

    async def with_status(self, kind: Kind, status: SyncStatus, *, limit: int) -> list[StoredEvent]:
        return _read(StoredEvent.from_record, await self._call(lambda db: db.newest(kind, limit, status)))

    async def counts(self) -> StoreCounts:
        return _counts(await self._call(lambda db: db.counts()))

    async def audit(self) -> list[str]:
        audit = await self._call(lambda db: db.audit())
        return discrepancies(_counts(audit["kept"]), **audit["found"])

    async def refuse(self, uuids: Sequence[str]) -> None:
        await self._call(lambda db: db.refuse(json.dumps(list(uuids)), MAX_REFUSED))

    async def due(self, limit: int, *, now: Milliseconds, own: bool = False) -> list[Event]:
        found = await self._call(lambda db: db.due(limit, now, LEASE, EVENT_VERSION, own))
        return _read(event_from_record, found)

    async def claim(
        self,
        limit: int,
        *,
        owner: str,
        now: Milliseconds,
        own: bool = False,
        only: Sequence[str] | None = None,
    ) -> list[Event]:
        chosen = json.dumps(None if only is None else list(only))
        rows = await self._call(lambda db: db.claim(limit, owner, now, LEASE, EVENT_VERSION, own, chosen))
        events, damaged = [], []
        for row in rows:
            try:
                events.append(event_from_record(row))
            except InvalidRecordError as exc:
                damaged.append(Outcome(uuid=row["uuid"], status="failed", error=str(exc)))
        if damaged:  # Otherwise they would be claimed again and again, and keep other events from their turn.
            await self.settle(damaged, owner=owner, now=now)
        return events

    async def settle(self, outcomes: Sequence[Outcome], *, owner: str, now: Milliseconds) -> None:
        records = [asdict(outcome) for outcome in outcomes]
        for record in records:
            record["nextTry"] = record.pop("next_try")
        await self._call(lambda db: db.settle(json.dumps(records), owner, now))

    async def recover(self, *, now: Milliseconds) -> int:
        return int(await self._call(lambda db: db.recover(now, LEASE)))

    async def resend(self, uuids: Sequence[str] | None = None) -> int:
        chosen = json.dumps(None if uuids is None else list(uuids))
        return int(await self._call(lambda db: db.resend(chosen)))

    async def last_positions(self) -> Positions:
        positions: Positions = await self._call(lambda db: db.lastPositions())
        return positions

    async def prune(self, *, aged: int = 0) -> int:
        return int(await self._call(lambda db: db.prune(aged, MAX_IMPLICIT)))

    async def forget(self, uuids: Sequence[str]) -> ForgetReport:
        gone = json.dumps(list(uuids))
        found = await self._call(lambda db: db.forget(gone, MAX_FORGOTTEN))
        return ForgetReport(_read(StoredEvent.from_record, found["removed"]), found["postponed"])

    async def forget_item(self, item_id: str) -> list[StoredEvent]:
        gone = await self._call(lambda db: db.forgetTune(item_id, MAX_FORGOTTEN))
        return _read(StoredEvent.from_record, gone)

    async def wipe(self) -> None:
        await self._call(lambda db: db.wipe())

    async def save_snapshot(self, snapshot: Record, *, learned: Positions | None = None) -> None:
        record, positions = json.dumps(snapshot), json.dumps(learned)
        await self._call(lambda db: db.saveSnapshot(record, MAX_SNAPSHOTS, positions))

    async def learned(self) -> Positions | None:
        positions: Positions | None = await self._call(lambda db: db.learned())
        return positions

    async def snapshots(self) -> list[Record]:
        found: list[Record] = await self._call(lambda db: db.snapshots())
        return found

    async def note(self, name: str) -> Record | None:
        found: Record | None = await self._call(lambda db: db.note(name))
        return found

    async def keep_note(self, name: str, record: Record) -> None:
        await self._call(lambda db: db.keepNote(name, json.dumps(record)))

    async def close(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            database.close()

    async def _call(self, operation: Callable[[Database], Awaitable[str | None]]) -> Any:
        """Perform an operation and parse the JSON that it returns, if any."""
        answer = await self._text(operation)
        return None if answer is None else json.loads(answer)

    async def _text(self, operation: Callable[[Database], Awaitable[AnswerT]]) -> AnswerT:
        if self._database is None:
            raise StoreClosedError("The feedback store is closed. Open a new one.")
        try:
            return await operation(self._database)
        except Exception as exc:
            error = _operation_error(exc)
            if isinstance(error, StoreFencedError):
                self._on_fenced()
            raise error from exc


def _opening_error(exc: Exception) -> StoreError:
    match getattr(exc, "name", None):
        case "BlockedError":
            return StoreBlockedError(
                f"The browser's database can't be opened: {exc}. Close the other tabs of this page."
            )
        case "VersionError":
            return StoreError(
                f"The browser's database belongs to a newer version of this page: {exc}. Reload the page."
            )
    return StoreError(
        f"The browser can't open its database: {exc}. "
        "Tunes can be played, but nothing is stored. Leave private mode or free some disk space."
    )


def _operation_error(exc: Exception) -> StoreError:
    name = getattr(exc, "name", None)
    if name in ("BlockedError", "VersionError"):  # The connection was lost and could not be opened again.
        return _opening_error(exc)
    if name == "FencedError":
        return StoreFencedError(f"Nothing was stored: {exc}. Close this tab if it doesn't recover.")
    if name == "QuotaExceededError":
        return StoreFullError(
            "The browser has no more space for your ratings and plays. Free some disk space or delete old "
            "feedback. Events that are not stored yet are kept as long as possible."
        )
    return StoreError(f"The browser's database refused an operation: {exc}")


def _counts(record: Record) -> StoreCounts:
    return StoreCounts(**record | {"books": Books(**record["books"])})


def _rows(kind: Kind, after: int, limit: int, database: Database) -> Awaitable[str]:
    return database.rows(kind, after, limit)


def _read(reader: Callable[[Record], RowT], records: Sequence[Record]) -> list[RowT]:
    """Parse rows, and skip invalid ones, so that a damaged row doesn't hide the others."""
    rows = []
    for record in records:
        try:
            rows.append(reader(record))
        except InvalidRecordError:
            continue
    return rows
