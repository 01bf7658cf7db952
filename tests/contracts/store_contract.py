"""What every `FeedbackStore` must do. A check gets a function that opens a new, empty store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from sidflow_feedback.errors import FeedbackError, StoreClosedError, StoreError
from sidflow_feedback.events import Event
from sidflow_feedback.store import LEASE, SNAPSHOTS_KEPT, Counts, FeedbackStore, Outcome
from sidflow_feedback.types import SyncStatus
from tests.contracts.samples import NOON, implicit, rating, track

OpenStore: TypeAlias = Callable[[], Awaitable[FeedbackStore]]
Check: TypeAlias = Callable[[OpenStore], Awaitable[None]]


async def check_new_store_is_empty(open_store: OpenStore) -> None:
    store = await open_store()
    assert await store.ratings(10) == []
    assert await store.implicit(10) == []
    assert await store.snapshots() == []
    assert await store.claim(10, owner="a", now=NOON) == []
    counts = await store.counts()
    nothing = {"pending": 0, "processing": 0, "synced": 0, "failed": 0}
    assert (counts.ratings, counts.implicit) == (nothing, nothing)


async def check_events_come_back_as_they_were(open_store: OpenStore) -> None:
    store = await open_store()
    full = rating(ratings={"e": 1, "m": 2, "c": 3, "p": 5})
    bare = implicit(
        action="skip_early",
        track=track(
            session_id=None, pipeline=None, model_version=None, features=None,
            position=None, length=None, length_source=None,
        ),
    )  # fmt: skip
    await store.add([full, bare])
    assert await store.ratings(10) == [full]
    assert await store.implicit(10) == [bare]
    assert await store.claim(10, owner="a", now=NOON) == [full, bare]


async def check_any_text_survives(open_store: OpenStore) -> None:
    store = await open_store()
    event = rating(track=track(sid_path='Düsseldorf/"q"/\\ \u2028 \x01 \U0001f3b5.sid'))
    await store.add([event])
    assert await store.ratings(1) == [event]


async def check_nothing_may_be_added(open_store: OpenStore) -> None:
    report = await (await open_store()).add([])
    assert (list(report.stored), list(report.duplicates)) == ([], [])


async def check_newest_come_first_up_to_the_limit(open_store: OpenStore) -> None:
    store = await open_store()
    times = [NOON + offset for offset in (5, 1, 9, 3, 7)]
    await store.add([rating(timestamp=time) for time in times])
    await store.add([implicit(timestamp=time) for time in times])
    assert [e.timestamp - NOON for e in await store.ratings(10)] == [9, 7, 5, 3, 1]
    assert [e.timestamp - NOON for e in await store.implicit(2)] == [9, 7]
    assert await store.ratings(0) == []


async def check_of_the_same_time_the_later_comes_first(open_store: OpenStore) -> None:
    store = await open_store()
    first, second = rating(ratings={"e": 1}), rating(ratings={"e": 5})
    await store.add([first, second])
    assert await store.ratings(1) == [second]


async def check_one_duplicate_costs_the_other_24_nothing(open_store: OpenStore) -> None:
    store = await open_store()
    known = rating()
    await store.add([known])
    fresh = [rating() for _ in range(24)]
    report = await store.add([*fresh[:12], known, *fresh[12:]])
    assert sorted(report.stored) == sorted(event.uuid for event in fresh)
    assert list(report.duplicates) == [known.uuid]
    assert len(await store.ratings(100)) == 25


async def check_duplicate_within_one_call_is_stored_once(open_store: OpenStore) -> None:
    store = await open_store()
    event = implicit()
    report = await store.add([event, event])
    assert (list(report.stored), list(report.duplicates)) == ([event.uuid], [event.uuid])
    assert await store.implicit(10) == [event]


async def check_ten_adds_give_one_row(open_store: OpenStore) -> None:
    store = await open_store()
    event = rating()
    reports = [await store.add([event]) for _ in range(10)]
    assert [len(report.stored) for report in reports] == [1] + [0] * 9
    assert (await store.counts()).ratings["pending"] == 1


async def check_duplicate_leaves_the_row_as_it_is(open_store: OpenStore) -> None:
    store = await open_store()
    event = rating(ratings={"e": 1})
    await store.add([event])
    await _claim_and_settle(store, event, "synced")
    await store.add([rating(uuid=event.uuid, ratings={"e": 5})])
    assert await store.ratings(10) == [event]
    assert (await store.counts()).ratings == _counts(synced=1)


async def check_counts_follow_each_move(open_store: OpenStore) -> None:
    store = await open_store()
    ratings = [rating() for _ in range(4)]
    await store.add([*ratings, implicit()])
    assert (await store.counts()).ratings == _counts(pending=4)
    await store.claim(3, owner="a", now=NOON)
    assert (await store.counts()).ratings == _counts(pending=1, processing=3)
    outcomes: Sequence[SyncStatus] = ("synced", "failed", "pending")
    claimed = zip(ratings, outcomes, strict=False)
    await store.settle([Outcome(uuid=e.uuid, status=status) for e, status in claimed], now=NOON)
    counts = await store.counts()
    assert counts.ratings == _counts(pending=2, synced=1, failed=1)
    assert counts.implicit == _counts(pending=1)


async def check_ratings_are_claimed_first_and_oldest_first(open_store: OpenStore) -> None:
    store = await open_store()
    times = [NOON + offset for offset in (5, 1, 9, 3)]
    ratings = [rating(timestamp=time) for time in times]
    actions = [implicit(timestamp=time - 100) for time in times]
    await store.add([*actions, *ratings])
    claimed = [*await store.claim(3, owner="a", now=NOON), *await store.claim(9, owner="a", now=NOON)]
    assert claimed == [*_by_time(ratings), *_by_time(actions)]


async def check_abandoned_claims_are_in_line_by_age(open_store: OpenStore) -> None:
    store = await open_store()
    old, new = rating(timestamp=NOON - 1), rating(timestamp=NOON)
    await store.add([new])
    await store.claim(1, owner="dead", now=NOON)
    await store.add([old])
    assert await store.claim(1, owner="b", now=NOON + LEASE) == [old]
    assert await store.claim(1, owner="b", now=NOON + LEASE) == [new]


async def check_claims_at_once_never_share_an_event(open_store: OpenStore) -> None:
    store = await open_store()
    events = [rating() for _ in range(20)]
    await store.add(events)
    claims = await asyncio.gather(*(store.claim(8, owner=owner, now=NOON) for owner in "abcd"))
    claimed = [event.uuid for claim in claims for event in claim]
    assert sorted(claimed) == sorted(event.uuid for event in events)


async def check_claim_holds_for_its_lease_and_no_longer(open_store: OpenStore) -> None:
    store = await open_store()
    event = rating()
    await store.add([event])
    assert await store.claim(10, owner="a", now=NOON) == [event]
    assert await store.claim(10, owner="b", now=NOON) == []
    assert await store.claim(10, owner="b", now=NOON + LEASE - 1) == []
    assert await store.claim(10, owner="b", now=NOON + LEASE) == [event]
    assert await store.claim(10, owner="a", now=NOON + LEASE + 1) == []


async def check_pending_again_waits_for_its_next_try(open_store: OpenStore) -> None:
    store = await open_store()
    event, fresh = rating(), rating()
    await store.add([event])
    await _claim_and_settle(store, event, "pending", next_try=NOON + 1000)
    await store.add([fresh])
    assert await store.claim(10, owner="a", now=NOON + 999) == [fresh]
    assert await store.claim(10, owner="a", now=NOON + 1000) == [event]


async def check_synced_and_failed_are_final(open_store: OpenStore) -> None:
    store = await open_store()
    for status in ("synced", "failed"):
        event = rating()
        await store.add([event])
        await _claim_and_settle(store, event, status)
    assert await store.claim(10, owner="a", now=NOON + 100 * LEASE) == []


async def check_only_what_was_claimed_can_be_settled(open_store: OpenStore) -> None:
    store = await open_store()
    claimed, unclaimed, settled = rating(timestamp=NOON - 2), rating(), rating(timestamp=NOON - 1)
    await store.add([claimed, unclaimed, settled])
    await store.claim(2, owner="a", now=NOON)
    await store.settle([Outcome(uuid=settled.uuid, status="synced")], now=NOON)
    for wrong in (unclaimed.uuid, settled.uuid, rating().uuid):
        outcomes = [Outcome(uuid=claimed.uuid, status="synced"), Outcome(uuid=wrong, status="synced")]
        message = await _error(StoreError, store.settle(outcomes, now=NOON))
        assert wrong in message
        assert "not being processed" in message
    assert (await store.counts()).ratings == _counts(pending=1, processing=1, synced=1)


async def check_snapshots_come_newest_first_and_few_are_kept(open_store: OpenStore) -> None:
    store = await open_store()
    for number in range(SNAPSHOTS_KEPT + 3):
        await store.save_snapshot({"version": f"local-{number}", "loss": [0.5, None], "name": "ä"})
    snapshots = await store.snapshots()
    newest = SNAPSHOTS_KEPT + 2
    assert [s["version"] for s in snapshots] == [f"local-{newest - i}" for i in range(SNAPSHOTS_KEPT)]
    assert snapshots[0] == {"version": f"local-{newest}", "loss": [0.5, None], "name": "ä"}


async def check_kept_snapshot_is_nobody_elses(open_store: OpenStore) -> None:
    store = await open_store()
    snapshot = {"version": "local-1", "weights": [1.0]}
    await store.save_snapshot(snapshot)
    snapshot["weights"] = []
    (await store.snapshots())[0]["weights"].append(9.0)
    assert await store.snapshots() == [{"version": "local-1", "weights": [1.0]}]


async def check_closed_store_says_so(open_store: OpenStore) -> None:
    store = await open_store()
    await store.close()
    await store.close()
    for call in (
        store.add([rating()]),
        store.ratings(1),
        store.implicit(1),
        store.counts(),
        store.claim(1, owner="a", now=NOON),
        store.settle([], now=NOON),
        store.save_snapshot({"version": "local-1"}),
        store.snapshots(),
    ):
        assert "closed" in await _error(StoreClosedError, call)


CHECKS: Final[dict[str, Check]] = {
    name.removeprefix("check_"): check for name, check in globals().items() if name.startswith("check_")
}
"""All checks by name, in the order in which they stand here."""


async def _claim_and_settle(
    store: FeedbackStore, event: Event, status: SyncStatus, next_try: float = 0
) -> None:
    assert event in await store.claim(100, owner="a", now=NOON)
    await store.settle([Outcome(uuid=event.uuid, status=status, next_try=next_try)], now=NOON)


def _counts(**counts: int) -> Counts:
    return {"pending": 0, "processing": 0, "synced": 0, "failed": 0} | counts  # type: ignore[return-value]


def _by_time(events: Sequence[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event.timestamp)


async def _error(kind: type[FeedbackError], call: Awaitable[object]) -> str:
    """Return the message of the error that `call` must raise."""
    try:
        await call
    except kind as exc:
        return str(exc)
    raise AssertionError(f"{kind.__name__} was not raised")
