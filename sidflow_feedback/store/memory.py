"""The feedback store in memory, for tests and simulations."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace

from sidflow_feedback.errors import StoreClosedError, StoreError
from sidflow_feedback.events import Event, ImplicitEvent, RatingEvent
from sidflow_feedback.store import (
    DISORDER,
    KINDS,
    LEASE,
    MAX_FORGOTTEN,
    MAX_IMPLICIT,
    MAX_PAUSE,
    MAX_REFUSED,
    MAX_SNAPSHOTS,
    AddReport,
    Batch,
    Books,
    Counts,
    Cursor,
    ForgetReport,
    Kind,
    Outcome,
    Positions,
    StoreCounts,
    StoredEvent,
    discrepancies,
)
from sidflow_feedback.types import Action, Milliseconds, Record, Standing, SyncStatus
from sidflow_feedback.vocabulary import OWN_FILE, STANDINGS


class MemoryStore:
    """A `FeedbackStore` whose content is lost when the process ends."""

    def __init__(self) -> None:
        self._rows: dict[str, StoredEvent] = {}
        self._owners: dict[str, str] = {}
        self._snapshots: list[tuple[Record, Positions | None]] = []
        self._notes: dict[str, Record] = {}
        self._forgotten: list[str] = []
        self._refused: list[str] = []
        self._books = Books()
        self._last_position = 0
        self._orders: dict[str, Milliseconds] = {}
        self._last_order: Milliseconds = 0
        self._closed = False

    async def add(self, events: Sequence[Event]) -> AddReport:
        self._require_open()
        kept = [event for event in events if event.uuid not in self._forgotten]
        for event in kept:
            self._orders.setdefault(event.uuid, self._next_order(event))
        report = self._insert([StoredEvent(event=event) for event in kept])
        gone = [event.uuid for event in events if event.uuid in self._forgotten]
        return replace(report, duplicates=[*report.duplicates, *gone])

    async def merge(self, rows: Sequence[StoredEvent], snapshots: Sequence[Record]) -> AddReport:
        self._require_open()
        for row in rows:
            self._orders.setdefault(row.event.uuid, row.event.timestamp)
            self._last_order = max(self._last_order, row.event.timestamp)
        report = self._insert([_released(row) if row.status == "processing" else row for row in rows])
        for snapshot in [] if self._snapshots else snapshots:
            self._keep(snapshot, self._last_positions())
        return report

    async def ratings(self, limit: int) -> list[RatingEvent]:
        self._require_open()
        return [row.event for row in self._newest("rating") if isinstance(row.event, RatingEvent)][:limit]

    async def implicit(self, limit: int) -> list[ImplicitEvent]:
        self._require_open()
        return [row.event for row in self._newest("implicit") if isinstance(row.event, ImplicitEvent)][:limit]

    async def newest(
        self,
        kind: Kind,
        *,
        limit: int,
        before: Cursor | None = None,
        actions: Sequence[Action] | None = None,
    ) -> Batch:
        self._require_open()
        rows = [
            row
            for row in self._newest(kind)
            if (before is None or _cursor(row) < before)
            and (actions is None or (isinstance(row.event, ImplicitEvent) and row.event.action in actions))
        ][:limit]
        return Batch(json.dumps([self._ordered_record(row) for row in rows]))

    async def rows(self, kind: Kind, *, after: int = 0, limit: int = 500) -> list[StoredEvent]:
        self._require_open()
        return [row for row in self._of(kind) if row.position > after][:limit]

    async def with_status(self, kind: Kind, status: SyncStatus, *, limit: int) -> list[StoredEvent]:
        self._require_open()
        return [row for row in self._newest(kind) if row.status == status][:limit]

    async def counts(self) -> StoreCounts:
        self._require_open()
        return StoreCounts(ratings=self._count("rating"), implicit=self._count("implicit"), books=self._books)

    async def audit(self) -> list[str]:
        self._require_open()
        return discrepancies(await self.counts(), self._count("rating"), self._count("implicit"))

    async def refuse(self, uuids: Sequence[str]) -> None:
        self._require_open()
        unseen = self._unseen(uuids)
        self._refused = [*self._refused, *unseen][-MAX_REFUSED:]
        self._enter(recorded=len(unseen), refused=len(unseen))

    async def due(self, limit: int, *, now: Milliseconds, own: bool = False) -> list[Event]:
        self._require_open()
        return [row.event for row in self._due(now, own)[:limit]]

    async def claim(
        self,
        limit: int,
        *,
        owner: str,
        now: Milliseconds,
        own: bool = False,
        only: Sequence[str] | None = None,
    ) -> list[Event]:
        self._require_open()
        due = [row for row in self._due(now, own) if only is None or row.event.uuid in only]
        for row in due[:limit]:
            self._owners[row.event.uuid] = owner
            self._put(replace(row, status="processing", last_try=now, attempts=row.attempts + 1))
        return [row.event for row in due[:limit]]

    async def settle(self, outcomes: Sequence[Outcome], *, owner: str, now: Milliseconds) -> None:
        self._require_open()
        rows = [self._claimed(outcome, owner) for outcome in outcomes]
        for row, outcome in zip(rows, outcomes, strict=True):
            self._put(
                replace(
                    row, status=outcome.status, error=outcome.error, last_try=now, next_try=outcome.next_try
                )
            )

    async def recover(self, *, now: Milliseconds) -> int:
        self._require_open()
        abandoned = [row for row in self._rows.values() if _is_abandoned(row, now)]
        for row in abandoned:
            self._put(_released(row))
        return len(abandoned)

    async def resend(self, uuids: Sequence[str] | None = None) -> int:
        self._require_open()
        chosen = [row for row in self._rows.values() if row.status == "failed"]
        chosen = [row for row in chosen if uuids is None or row.event.uuid in uuids]
        for row in chosen:
            self._put(replace(row, status="pending", next_try=0))
        return len(chosen)

    async def last_positions(self) -> Positions:
        self._require_open()
        return self._last_positions()

    async def prune(self, *, aged: int = 0) -> int:
        self._require_open()
        removed = self._remove(lambda row: _is_synced_play(row) and row.position <= aged)
        excess = len(list(self._of("implicit"))) - MAX_IMPLICIT
        for test in (_is_synced_play, _is_play, lambda _row: True):
            removed += (count := self._remove(test, max(0, excess)))
            excess -= count
        self._enter(pruned=removed)
        return removed

    async def forget(self, uuids: Sequence[str]) -> ForgetReport:
        self._require_open()
        return ForgetReport(self._forget(uuids))

    async def forget_item(self, item_id: str) -> list[StoredEvent]:
        self._require_open()
        return self._forget(
            [row.event.uuid for row in self._rows.values() if row.event.track.item_id == item_id]
        )

    async def wipe(self) -> None:
        self._require_open()
        self._rows.clear()
        self._forgotten.clear()
        self._refused.clear()
        self._books = Books()
        self._snapshots.clear()
        self._notes.clear()

    async def save_snapshot(self, snapshot: Record, *, learned: Positions | None = None) -> None:
        self._require_open()
        self._keep(snapshot, learned)

    async def learned(self) -> Positions | None:
        self._require_open()
        return self._snapshots[0][1] if self._snapshots else None

    async def snapshots(self) -> list[Record]:
        self._require_open()
        return [copy.deepcopy(snapshot) for snapshot, _ in self._snapshots]

    async def note(self, name: str) -> Record | None:
        self._require_open()
        return copy.deepcopy(self._notes.get(name))

    async def keep_note(self, name: str, record: Record) -> None:
        self._require_open()
        self._notes[name] = copy.deepcopy(record)

    async def close(self) -> None:
        self._closed = True

    def _insert(self, rows: Iterable[StoredEvent]) -> AddReport:
        stored, duplicates = [], []
        for row in rows:
            identity = row.event.uuid
            if identity in self._rows:
                duplicates.append(identity)
                continue
            self._last_position += 1
            self._put(replace(row, position=self._last_position))
            stored.append(identity)
        undone, refused = set(stored) & set(self._forgotten), set(stored) & set(self._refused)
        self._forgotten = [uuid for uuid in self._forgotten if uuid not in undone]
        self._refused = [uuid for uuid in self._refused if uuid not in refused]
        recorded = len(stored) - len(undone) - len(refused)
        self._enter(recorded=recorded, undone=-len(undone), refused=-len(refused))
        return AddReport(stored, duplicates)

    def _forget(self, uuids: Sequence[str]) -> list[StoredEvent]:
        unseen, refused = self._unseen(uuids), set(uuids) & set(self._refused)
        self._refused = [uuid for uuid in self._refused if uuid not in refused]
        self._forgotten = [*self._forgotten, *uuids][-MAX_FORGOTTEN:]
        gone = [row for uuid in dict.fromkeys(uuids) if (row := self._rows.pop(uuid, None))]
        undone = len(unseen) + len(refused) + len(gone)
        self._enter(recorded=len(unseen), undone=undone, refused=-len(refused))
        taught = [row for row in gone if not _is_begin(row)]
        self._snapshots = [
            one for one in self._snapshots if not any(_has_learned(one[1], row) for row in taught)
        ]
        return gone

    def _unseen(self, uuids: Iterable[str]) -> list[str]:
        """Return which of these events the books don't have."""
        known = {*self._rows, *self._forgotten, *self._refused}
        return [uuid for uuid in dict.fromkeys(uuids) if uuid not in known]

    def _enter(self, **changes: int) -> None:
        accounts = asdict(self._books)
        self._books = Books(**{name: accounts[name] + changes.get(name, 0) for name in accounts})

    def _due(self, now: Milliseconds, own: bool) -> list[StoredEvent]:
        due = [row for row in self._rows.values() if _is_due(row, now) and _may_leave(row.event, own)]
        return sorted(due, key=lambda row: (row.event.kind != "rating", row.event.timestamp))

    def _next_order(self, event: Event) -> Milliseconds:
        """Return the place of an event that has just arrived, see `Batch`."""
        set_back = event.timestamp < self._last_order - DISORDER
        order = self._last_order + 1 if set_back else event.timestamp
        self._last_order = max(self._last_order, order)
        return order

    def _ordered_record(self, row: StoredEvent) -> Record:
        return row.to_record() | {"id": row.position, "order": self._orders[row.event.uuid]}

    def _last_positions(self) -> Positions:
        return {kind: max((row.position for row in self._of(kind)), default=0) for kind in KINDS}

    def _put(self, row: StoredEvent) -> None:
        self._rows[row.event.uuid] = row
        if row.status != "processing":
            self._owners.pop(row.event.uuid, None)

    def _claimed(self, outcome: Outcome, owner: str) -> StoredEvent:
        """Return the row of an event that `owner` has claimed."""
        row = self._rows.get(outcome.uuid)
        if row is None or row.status != "processing":
            reason = "it is not being processed. Claim it first."
        elif self._owners[outcome.uuid] != owner:
            reason = "another engine has claimed it since. Leave it to that engine."
        else:
            return row
        raise StoreError(f"Event {outcome.uuid} can't become {outcome.status!r}: {reason}")

    def _remove(self, test: Callable[[StoredEvent], bool], limit: int | None = None) -> int:
        """Remove the oldest implicit events that pass `test` and are not being processed; return how many."""
        rows = sorted(self._of("implicit"), key=lambda row: row.position)
        gone = [row for row in rows if test(row) and row.status != "processing"][:limit]
        for row in gone:
            del self._rows[row.event.uuid]
        return len(gone)

    def _keep(self, snapshot: Record, learned: Positions | None) -> None:
        self._snapshots = [(copy.deepcopy(snapshot), learned), *self._snapshots][:MAX_SNAPSHOTS]

    def _of(self, kind: Kind) -> Iterable[StoredEvent]:
        return (row for row in self._rows.values() if row.event.kind == kind)

    def _newest(self, kind: Kind) -> list[StoredEvent]:
        return sorted(self._of(kind), key=_cursor, reverse=True)

    def _count(self, kind: Kind) -> Counts:
        standings = [_standing(row) for row in self._of(kind)]
        return {standing: standings.count(standing) for standing in STANDINGS}

    def _require_open(self) -> None:
        if self._closed:
            raise StoreClosedError("The feedback store is closed. Open a new one.")


def _cursor(row: StoredEvent) -> Cursor:
    return row.event.timestamp, row.position


def _standing(row: StoredEvent) -> Standing:
    return "local" if row.status == "pending" and _is_begin(row) else row.status


def _is_abandoned(row: StoredEvent, now: Milliseconds) -> bool:
    return row.status == "processing" and not 0 <= now - row.last_try < LEASE


def _may_leave(event: Event, own: bool) -> bool:
    played = isinstance(event, ImplicitEvent) and event.action == "play"
    return not played and (own or not event.track.item_id.startswith(OWN_FILE))


def _is_due(row: StoredEvent, now: Milliseconds) -> bool:
    waits = 0 < row.next_try - now <= MAX_PAUSE
    return _is_abandoned(row, now) or (row.status == "pending" and not waits)


def _has_learned(learned: Positions | None, row: StoredEvent) -> bool:
    """Return whether a snapshot may have learned from this row."""
    return learned is None or row.position <= learned[row.event.kind]


def _released(row: StoredEvent) -> StoredEvent:
    return replace(row, status="pending")


def _is_synced_play(row: StoredEvent) -> bool:
    return row.status == "synced" and _is_play(row)


def _is_begin(row: StoredEvent) -> bool:
    return isinstance(row.event, ImplicitEvent) and row.event.action == "play"


def _is_play(row: StoredEvent) -> bool:
    return isinstance(row.event, ImplicitEvent) and row.event.action not in ("like", "dislike")
