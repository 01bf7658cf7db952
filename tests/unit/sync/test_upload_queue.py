"""The upload queue: one batch at a time, handed out until it is resolved or dropped."""

from __future__ import annotations

from typing import Any

import pytest

from sidflow_feedback.clock import ManualClock
from sidflow_feedback.errors import StoreError, SyncError
from sidflow_feedback.store import LEASE
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.sync.upload_queue import UNANSWERED_PAUSE, SyncSettings, UploadQueue
from sidflow_feedback.types import Record
from tests.contracts.samples import implicit, rating, track

PLAIN = SyncSettings(enabled=True)
NOISY = SyncSettings(enabled=True, epsilon=2)
OFFLINE = SyncError("The server can't be reached: reset.")
REFUSED = SyncError("no", status=400, code="invalid_request")
ACCEPTED: Record = {"status": "accepted", "reason": None}


class Outbox:
    """A store with ratings, and the queue that sends them."""

    def __init__(self, store: MemoryStore | None = None, clock: ManualClock | None = None) -> None:
        self.store = store or MemoryStore()
        self.clock = clock or ManualClock()
        self.queue = UploadQueue(self.store, self.clock)

    async def add(self, count: int, **fields: Any) -> list[str]:
        events = [rating(**fields) for _ in range(count)]
        await self.store.add(events)
        return [event.uuid for event in events]

    async def counts(self) -> dict[str, int]:
        return {status: n for status, n in (await self.store.counts()).ratings.items() if n}


async def test_nothing_due_is_no_batch() -> None:
    assert await Outbox().queue.next_batch(PLAIN) is None


async def test_accepted_events_are_counted_and_done() -> None:
    outbox = Outbox()
    first, second, third = await outbox.add(3)
    batch = await outbox.queue.next_batch(PLAIN)
    assert batch is not None
    assert await outbox.counts() == {"processing": 3}
    results = {first: ACCEPTED, second: {"status": "duplicate"}, third: {"status": "rejected", "reason": "x"}}
    assert await outbox.queue.resolve(batch, results) == [first, second]
    assert await outbox.counts() == {"synced": 2, "failed": 1}
    assert await outbox.queue.next_batch(PLAIN) is None


async def test_event_without_a_result_waits_before_it_is_sent_again() -> None:
    outbox = Outbox()
    await outbox.add(1)
    batch = await outbox.queue.next_batch(PLAIN)
    assert batch is not None
    assert await outbox.queue.resolve(batch, {}) == []
    assert await outbox.queue.next_batch(PLAIN) is None
    await outbox.clock.advance(UNANSWERED_PAUSE)
    again = await outbox.queue.next_batch(PLAIN)
    assert again is not None
    assert again.uuids == batch.uuids
    assert again.batch_id != batch.batch_id


async def test_unanswered_batch_comes_again_unchanged() -> None:
    outbox = Outbox()
    await outbox.add(2)
    batch = await outbox.queue.next_batch(NOISY)
    assert batch is not None
    spent = outbox.queue.spent
    await outbox.queue.resolve(batch, OFFLINE)
    await outbox.add(3)
    assert await outbox.queue.next_batch(NOISY) == batch
    assert outbox.queue.spent == spent == 4


async def test_refused_batch_fails_and_the_next_one_has_another_id() -> None:
    outbox = Outbox()
    await outbox.add(1)
    batch = await outbox.queue.next_batch(PLAIN)
    assert batch is not None
    assert await outbox.queue.resolve(batch, REFUSED) == []
    assert await outbox.counts() == {"failed": 1}
    await outbox.add(1)
    after = await outbox.queue.next_batch(PLAIN)
    assert after is not None
    assert after.batch_id != batch.batch_id


async def test_events_that_must_stay_here_fail_before_anything_is_sent() -> None:
    outbox = Outbox()
    await outbox.add(2, track=track(item_id="/home/me/secret.sid"))
    assert await outbox.queue.next_batch(PLAIN) is None
    assert await outbox.counts() == {"failed": 2}


async def test_batch_dropped_while_it_is_composed_is_not_handed_out_again() -> None:
    """The listener switches noise off while a batch with noise is being made."""
    outbox = Outbox()
    await outbox.add(1)
    read = outbox.store.note

    async def drop_and_read(name: str) -> Record | None:
        outbox.queue.drop()
        return await read(name)

    outbox.store.note = drop_and_read  # type: ignore[method-assign]
    batch = await outbox.queue.next_batch(NOISY)
    assert batch is not None
    await outbox.queue.resolve(batch, OFFLINE)
    again = await outbox.queue.next_batch(PLAIN)
    assert again is not None
    assert {delta.epsilon for delta in again.deltas} == {None}
    assert again.batch_id != batch.batch_id


async def test_engine_that_lost_its_claim_writes_nothing() -> None:
    """The first engine's request hangs for so long that a second one takes its events over."""
    first = Outbox()
    await first.add(1)
    batch = await first.queue.next_batch(PLAIN)
    second = Outbox(first.store, first.clock)
    await first.clock.advance(LEASE / 1000)
    taken = await second.queue.next_batch(PLAIN)
    assert batch is not None
    assert taken is not None
    with pytest.raises(StoreError, match="another engine"):
        await first.queue.resolve(batch, REFUSED)
    assert await first.counts() == {"processing": 1}
    assert await second.queue.resolve(taken, {taken.uuids[0]: ACCEPTED}) == taken.uuids
    assert await first.queue.next_batch(PLAIN) is None


async def test_plays_and_own_files_stay_here() -> None:
    outbox = Outbox()
    own = rating(track=track(item_id="sha256:" + "0a" * 32))
    shared, played = rating(), implicit(action="play")
    await outbox.store.add([own, shared, played])
    batch = await outbox.queue.next_batch(SyncSettings(enabled=True))
    assert batch is not None
    assert batch.uuids == [shared.uuid]
    await outbox.queue.resolve(batch, {shared.uuid: ACCEPTED})
    assert await outbox.queue.next_batch(SyncSettings(enabled=True)) is None
    counts = await outbox.store.counts()
    assert (counts.ratings["pending"], counts.implicit["local"]) == (1, 1)
    with_own = await outbox.queue.next_batch(SyncSettings(enabled=True, own_files=True))
    assert with_own is not None
    assert with_own.uuids == [own.uuid]
