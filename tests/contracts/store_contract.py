"""The contract of every `FeedbackStore`. A check gets a function that opens a new, empty store."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from sidflow_feedback.errors import FeedbackError, StoreClosedError, StoreError
from sidflow_feedback.events import Event, ImplicitEvent, RatingEvent
from sidflow_feedback.store import (
    KINDS,
    LEASE,
    MAX_FORGOTTEN,
    MAX_IMPLICIT,
    MAX_PAUSE,
    MAX_SNAPSHOTS,
    Books,
    Counts,
    Cursor,
    FeedbackStore,
    Kind,
    Outcome,
    Positions,
    StoreCounts,
    StoredEvent,
)
from sidflow_feedback.types import Milliseconds, SyncStatus
from tests.contracts.samples import NOON, implicit, rating, track

YEAR: Final[Milliseconds] = 365 * 24 * 3600 * 1000

OpenStore: TypeAlias = Callable[[], Awaitable[FeedbackStore]]
Check: TypeAlias = Callable[[OpenStore], Awaitable[None]]


async def check_new_store_is_empty(open_store: OpenStore) -> None:
    store = await open_store()
    assert await store.ratings(10) == []
    assert await store.implicit(10) == []
    for kind in KINDS:
        assert list(await store.newest(kind, limit=10)) == []
    assert await store.snapshots() == []
    assert await store.claim(10, owner="a", now=NOON) == []
    counts = await store.counts()
    assert counts == StoreCounts(ratings=_counts(), implicit=_counts(), books=Books())
    assert await store.audit() == []


async def check_events_are_returned_unchanged(open_store: OpenStore) -> None:
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
    event = rating(track=track(item_id='Düsseldorf/"q"/\\ \u2028 \x01 \U0001f3b5.sid'))
    await store.add([event])
    assert await store.ratings(1) == [event]


async def check_adding_no_events_is_allowed(open_store: OpenStore) -> None:
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


async def check_last_added_of_equal_timestamps_comes_first(open_store: OpenStore) -> None:
    store = await open_store()
    first, second = rating(ratings={"e": 1}), rating(ratings={"e": 5})
    await store.add([first, second])
    assert await store.ratings(1) == [second]


async def check_newest_events_are_read_in_batches(open_store: OpenStore) -> None:
    store = await open_store()
    times = [NOON + offset for offset in (5, 1, 5, 5, 3, 5, 9)]
    events = [rating(timestamp=time) for time in times]
    await store.add(events)
    await store.add([implicit(timestamp=NOON + 4)])
    seen: list[Event] = []
    cursor: Cursor | None = None
    for expected in (2, 2, 2, 1, 0):
        batch = await store.newest("rating", limit=2, before=cursor)
        found = list(batch)
        assert len(found) == expected
        seen, cursor = seen + found, batch.last
    assert [events.index(event) for event in seen if isinstance(event, RatingEvent)] == [6, 5, 3, 2, 0, 4, 1]
    assert cursor is None
    [played] = await store.newest("implicit", limit=9)
    assert played.timestamp == NOON + 4


async def check_events_of_chosen_actions_are_read_newest_first(open_store: OpenStore) -> None:
    store = await open_store()
    actions = ("like", "play", "play", "dislike", "play", "like", "skip")
    await store.add([implicit(timestamp=NOON + i, action=action) for i, action in enumerate(actions)])
    first = await store.newest("implicit", limit=2, actions=("like", "dislike"))
    assert [event.timestamp - NOON for event in first] == [5, 3]
    rest = await store.newest("implicit", limit=2, actions=("like", "dislike"), before=first.last)
    assert [event.timestamp - NOON for event in rest] == [0]


async def check_one_duplicate_does_not_affect_24_other_events(open_store: OpenStore) -> None:
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


async def check_duplicate_does_not_change_the_row(open_store: OpenStore) -> None:
    store = await open_store()
    event = rating(ratings={"e": 1})
    await store.add([event])
    await _claim_and_settle(store, event, "synced")
    await store.add([rating(uuid=event.uuid, ratings={"e": 5})])
    assert await store.ratings(10) == [event]
    assert (await store.counts()).ratings == _counts(synced=1)


async def check_counts_follow_each_status_change(open_store: OpenStore) -> None:
    store = await open_store()
    ratings = [rating() for _ in range(4)]
    await store.add([*ratings, implicit()])
    assert (await store.counts()).ratings == _counts(pending=4)
    await store.claim(3, owner="a", now=NOON)
    assert (await store.counts()).ratings == _counts(pending=1, processing=3)
    outcomes: Sequence[SyncStatus] = ("synced", "failed", "pending")
    claimed = zip(ratings, outcomes, strict=False)
    await store.settle([Outcome(uuid=e.uuid, status=status) for e, status in claimed], owner="a", now=NOON)
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


async def check_abandoned_and_pending_events_are_claimed_by_age(open_store: OpenStore) -> None:
    store = await open_store()
    old, new = rating(timestamp=NOON - 1), rating(timestamp=NOON)
    await store.add([new])
    await store.claim(1, owner="dead", now=NOON)
    await store.add([old])
    assert await store.claim(1, owner="b", now=NOON + LEASE) == [old]
    assert await store.claim(1, owner="b", now=NOON + LEASE) == [new]


async def check_concurrent_claims_never_share_an_event(open_store: OpenStore) -> None:
    store = await open_store()
    events = [rating() for _ in range(20)]
    await store.add(events)
    claims = await asyncio.gather(*(store.claim(8, owner=owner, now=NOON) for owner in "abcd"))
    claimed = [event.uuid for claim in claims for event in claim]
    assert sorted(claimed) == sorted(event.uuid for event in events)


async def check_due_events_are_those_that_claim_returns(open_store: OpenStore) -> None:
    store = await open_store()
    await store.add([implicit(timestamp=NOON - n) for n in range(4)])
    await store.add([rating(timestamp=NOON - n) for n in range(4)])
    await store.claim(1, owner="dead", now=NOON - LEASE)
    for limit in (0, 3, 6, 20):
        due = await store.due(limit, now=NOON)
        assert due == (await store.due(20, now=NOON))[:limit]
    assert (await store.counts()).ratings["processing"] == 1
    assert await store.claim(20, owner="a", now=NOON) == due
    assert len(due) == 8
    assert await store.due(20, now=NOON) == []


async def check_only_chosen_events_are_claimed(open_store: OpenStore) -> None:
    store = await open_store()
    events: list[Event] = [rating(timestamp=NOON + n) for n in range(4)]
    events += [implicit() for _ in range(4)]
    await store.add(events)
    chosen = [events[2], events[5]]
    uuids = [event.uuid for event in reversed(chosen)]
    assert await store.claim(10, owner="a", now=NOON, only=[]) == []
    assert await store.claim(10, owner="a", now=NOON, only=uuids) == chosen
    assert await store.claim(10, owner="a", now=NOON, only=uuids) == []
    assert len(await store.claim(10, owner="a", now=NOON)) == 6


async def check_plays_and_own_files_are_not_due(open_store: OpenStore) -> None:
    store = await open_store()
    own = rating(track=track(item_id="sha256:" + "0a" * 32))
    await store.add([own, implicit(action="play"), liked := implicit(action="like")])
    assert await store.due(10, now=NOON) == [liked]
    assert await store.due(10, now=NOON, own=True) == [own, liked]
    assert await store.claim(10, owner="a", now=NOON) == [liked]
    assert await store.claim(10, owner="a", now=NOON, own=True) == [own]


async def check_notes_are_kept_until_everything_is_wiped(open_store: OpenStore) -> None:
    store = await open_store()
    assert await store.note("plan") is None
    await store.keep_note("plan", {"next": 1.5, "list": ["ü"]})
    await store.keep_note("other", {})
    await store.keep_note("plan", {"next": None})
    assert await store.note("plan") == {"next": None}
    assert await store.note("other") == {}
    await store.wipe()
    assert await store.note("plan") is None


async def check_claim_holds_for_its_lease_and_no_longer(open_store: OpenStore) -> None:
    store = await open_store()
    event = rating()
    await store.add([event])
    assert await store.claim(10, owner="a", now=NOON) == [event]
    assert await store.claim(10, owner="b", now=NOON) == []
    assert await store.claim(10, owner="b", now=NOON + LEASE - 1) == []
    assert await store.claim(10, owner="b", now=NOON + LEASE) == [event]
    assert await store.claim(10, owner="a", now=NOON + LEASE + 1) == []


async def check_retried_event_waits_for_its_next_try(open_store: OpenStore) -> None:
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


async def check_only_claimed_events_can_be_settled(open_store: OpenStore) -> None:
    store = await open_store()
    claimed, unclaimed, settled = rating(timestamp=NOON - 2), rating(), rating(timestamp=NOON - 1)
    await store.add([claimed, unclaimed, settled])
    await store.claim(2, owner="a", now=NOON)
    await store.settle([Outcome(uuid=settled.uuid, status="synced")], owner="a", now=NOON)
    for wrong in (unclaimed.uuid, settled.uuid, rating().uuid):
        outcomes = [Outcome(uuid=claimed.uuid, status="synced"), Outcome(uuid=wrong, status="synced")]
        message = await _error(StoreError, store.settle(outcomes, owner="a", now=NOON))
        assert wrong in message
        assert "not being processed" in message
    assert (await store.counts()).ratings == _counts(pending=1, processing=1, synced=1)


async def check_only_the_owner_of_a_claim_can_settle_it(open_store: OpenStore) -> None:
    """An engine that was suspended past its lease must not overwrite the work of its successor."""
    store = await open_store()
    late = NOON + LEASE
    events: dict[Kind, Event] = {"rating": rating(), "implicit": implicit()}
    for kind, event in events.items():
        await store.add([event])
        assert await store.claim(1, owner="a", now=NOON) == [event]
        outcome = Outcome(uuid=event.uuid, status="synced")
        assert "another engine" in await _error(StoreError, store.settle([outcome], owner="b", now=NOON))
        assert await store.claim(1, owner="b", now=late) == [event]
        failed = replace(outcome, status="failed")
        assert "another engine" in await _error(StoreError, store.settle([failed], owner="a", now=late))
        [row] = await store.rows(kind)
        assert (row.status, row.error, row.attempts) == ("processing", None, 2)
        await store.settle([outcome], owner="b", now=late)
        assert "not being" in await _error(StoreError, store.settle([outcome], owner="b", now=late))
        assert [row.status for row in await store.rows(kind)] == ["synced"]


async def check_owner_can_settle_after_its_lease(open_store: OpenStore) -> None:
    store = await open_store()
    event = rating()
    await store.add([event])
    await store.claim(1, owner="a", now=NOON)
    await store.settle([Outcome(uuid=event.uuid, status="synced")], owner="a", now=NOON + 2 * LEASE)
    assert (await store.counts()).ratings == _counts(synced=1)


async def check_recovered_event_cannot_be_settled(open_store: OpenStore) -> None:
    store = await open_store()
    event = rating()
    await store.add([event])
    await store.claim(1, owner="a", now=NOON)
    await store.recover(now=NOON + LEASE)
    outcome = Outcome(uuid=event.uuid, status="synced")
    assert "not being" in await _error(StoreError, store.settle([outcome], owner="a", now=NOON + LEASE))


async def check_snapshots_are_limited_and_returned_newest_first(open_store: OpenStore) -> None:
    store = await open_store()
    for number in range(MAX_SNAPSHOTS + 3):
        await store.save_snapshot({"version": f"local-{number}", "loss": [0.5, None], "name": "ä"})
    snapshots = await store.snapshots()
    newest = MAX_SNAPSHOTS + 2
    assert [s["version"] for s in snapshots] == [f"local-{newest - i}" for i in range(MAX_SNAPSHOTS)]
    assert snapshots[0] == {"version": f"local-{newest}", "loss": [0.5, None], "name": "ä"}


async def check_stored_snapshot_does_not_share_objects_with_callers(open_store: OpenStore) -> None:
    store = await open_store()
    snapshot = {"version": "local-1", "weights": [1.0]}
    await store.save_snapshot(snapshot)
    snapshot["weights"] = []
    (await store.snapshots())[0]["weights"].append(9.0)
    assert await store.snapshots() == [{"version": "local-1", "weights": [1.0]}]


async def check_abandoned_claims_return_to_pending_with_their_attempts(open_store: OpenStore) -> None:
    store = await open_store()
    old, young, action = rating(), rating(), implicit()
    await store.add([old, action])
    await store.claim(10, owner="dead", now=NOON)
    await store.add([young])
    await store.claim(10, owner="alive", now=NOON + 1)
    assert await store.recover(now=NOON + LEASE - 1) == 0
    assert await store.recover(now=NOON + LEASE) == 2
    assert await store.recover(now=NOON + LEASE) == 0
    counts = await store.counts()
    assert counts.ratings == _counts(pending=1, processing=1)
    assert counts.implicit == _counts(pending=1)
    [row] = await store.with_status("rating", "pending", limit=10)
    assert (row.event, row.attempts, row.last_try) == (old, 1, NOON)
    assert await store.claim(10, owner="alive", now=NOON + LEASE) == [old, action]


async def check_rows_are_read_in_batches_in_order_of_arrival(open_store: OpenStore) -> None:
    store = await open_store()
    ratings = [rating(timestamp=NOON - offset) for offset in range(7)]
    await store.add([*ratings, implicit()])
    found: list[StoredEvent] = []
    while batch := await store.rows("rating", after=found[-1].position if found else 0, limit=3):
        assert len(batch) <= 3
        found += batch
    assert [row.event for row in found] == ratings
    positions = [row.position for row in found]
    assert positions == sorted(set(positions))
    assert min(positions) > 0
    assert len(await store.rows("implicit")) == 1


async def check_row_has_the_sync_status_of_its_event(open_store: OpenStore) -> None:
    store = await open_store()
    event = rating()
    await store.add([event])
    [row] = await store.rows("rating")
    assert replace(row, position=0) == StoredEvent(event=event)
    await store.claim(1, owner="a", now=NOON + 1)
    outcome = Outcome(uuid=event.uuid, status="pending", error="no answer", next_try=NOON + 99)
    await store.settle([outcome], owner="a", now=NOON + 2)
    [row] = await store.rows("rating")
    assert row == StoredEvent(
        event=event,
        position=row.position,
        attempts=1,
        error="no answer",
        last_try=NOON + 2,
        next_try=NOON + 99,
    )


async def check_rows_of_one_status_come_newest_first(open_store: OpenStore) -> None:
    store = await open_store()
    for status in ("failed", "synced"):
        event = rating()
        await store.add([event])
        await _claim_and_settle(store, event, status)
    waiting = [rating(timestamp=NOON + offset) for offset in (5, 9, 7)]
    await store.add([*waiting, implicit()])
    newest = [row.event for row in await store.with_status("rating", "pending", limit=10)]
    assert newest == _by_time(waiting)[::-1]
    assert [row.event for row in await store.with_status("rating", "pending", limit=2)] == newest[:2]
    assert [row.status for row in await store.with_status("rating", "failed", limit=10)] == ["failed"]
    assert await store.with_status("implicit", "synced", limit=10) == []


async def check_merged_rows_are_unchanged(open_store: OpenStore) -> None:
    source, store = await open_store(), await open_store()
    await _fill(source)
    rows = await _all_rows(source)
    assert {row.status for row in rows} == {"pending", "processing", "synced", "failed"}
    report = await store.merge(rows, [])
    assert sorted(report.stored) == sorted(row.event.uuid for row in rows)
    released = [replace(row, status="pending") if row.status == "processing" else row for row in rows]
    assert _without_positions(await _all_rows(store)) == _without_positions(released)
    counts = await _checked_counts(store)
    again = await store.merge(rows, [])
    assert (list(again.stored), sorted(again.duplicates)) == ([], sorted(report.stored))
    assert await store.counts() == counts


async def check_merge_does_not_change_existing_rows(open_store: OpenStore) -> None:
    store = await open_store()
    mine, theirs = rating(ratings={"e": 1}), rating()
    await store.add([mine])
    await _claim_and_settle(store, mine, "synced")
    before = await store.rows("rating")
    edited = StoredEvent(event=rating(uuid=mine.uuid, ratings={"e": 5}), status="failed", position=77)
    report = await store.merge([edited, StoredEvent(event=theirs, status="failed", error="no")], [])
    assert (list(report.stored), list(report.duplicates)) == ([theirs.uuid], [mine.uuid])
    assert (await store.rows("rating"))[:1] == before
    assert (await store.counts()).ratings == _counts(synced=1, failed=1)


async def check_snapshots_are_merged_only_into_a_store_without_snapshots(open_store: OpenStore) -> None:
    store = await open_store()
    snapshots = [{"version": f"local-{number}"} for number in range(9)]
    await store.merge([], snapshots)
    kept = list(reversed(snapshots))[:MAX_SNAPSHOTS]
    assert await store.snapshots() == kept
    await store.merge([], [{"version": "local-99"}])
    assert await store.snapshots() == kept


async def check_synced_plays_are_pruned_up_to_a_row_and_ratings_stay(open_store: OpenStore) -> None:
    store = await open_store()
    plays = [implicit(timestamp=NOON + late, action="skip") for late in (0, 1)]
    ratings = [rating(timestamp=NOON + late) for late in (0, 1)]
    liked = implicit(timestamp=NOON - 2, action="like")
    synced: list[Event] = [*ratings, *plays, liked]
    await store.add(synced)
    await store.claim(10, owner="a", now=NOON)
    settled = [Outcome(uuid=event.uuid, status="synced") for event in synced]
    await store.settle(settled, owner="a", now=NOON)
    waiting = implicit(timestamp=NOON - 1, action="play")
    await store.add([waiting])
    aged = {row.event.uuid: row.position for row in await store.rows("implicit")}[plays[0].uuid]
    assert await store.prune() == 0
    assert await store.prune(aged=aged) == 1
    assert await store.prune(aged=aged) == 0
    assert await store.implicit(10) == [plays[1], waiting, liked]
    assert await store.ratings(10) == ratings[::-1]
    await _checked_counts(store)


async def check_cap_prunes_synced_events_then_plays_then_likes(open_store: OpenStore) -> None:
    store = await open_store()
    synced = [implicit(timestamp=NOON + 100 + i, action="skip") for i in range(2)]
    sending = implicit(timestamp=NOON - 1, action="skip")
    await store.add([*synced, sending])
    await store.claim(10, owner="a", now=NOON)
    await store.settle([Outcome(uuid=event.uuid, status="synced") for event in synced], owner="a", now=NOON)
    plays = [implicit(timestamp=NOON + 1 + i, action="play") for i in range(3)]
    likes = [implicit(timestamp=NOON + i, action="like") for i in range(MAX_IMPLICIT - 4)]
    await store.add([*plays, *likes])
    await store.add([rating(timestamp=NOON - 9) for _ in range(3)])
    assert await store.prune() == 2
    assert await _known(store, *synced, *plays) == {event.uuid for event in plays}
    await store.add([implicit(timestamp=NOON + 9, action="dislike") for _ in range(2)])
    assert await store.prune() == 2
    assert await _known(store, *plays, sending) == {plays[2].uuid, sending.uuid}
    await store.add([implicit(timestamp=NOON + 9, action="dislike") for _ in range(2)])
    assert await store.prune() == 2
    assert await _known(store, plays[2], *likes[:2], sending) == {likes[1].uuid, sending.uuid}
    assert len(await store.ratings(10)) == 3
    assert sum((await store.counts()).implicit.values()) == MAX_IMPLICIT
    await _checked_counts(store)


async def check_forgotten_events_are_deleted_and_refused_later(open_store: OpenStore) -> None:
    store = await open_store()
    kept, gone, played, unseen = rating(), rating(), implicit(), implicit()
    await store.add([kept, gone, played])
    await _claim_and_settle(store, gone, "synced")
    removed = (await store.forget([gone.uuid, played.uuid, unseen.uuid])).removed
    assert {row.event.uuid: row.status for row in removed} == {gone.uuid: "synced", played.uuid: "processing"}
    again = await store.add([unseen, gone, kept, played])
    assert (list(again.stored), len(again.duplicates)) == ([], 4)
    assert [row.event for row in await _all_rows(store)] == [kept]
    counts = await store.counts()
    assert (counts.ratings, counts.implicit) == (_counts(processing=1), _counts())
    assert await store.due(10, now=NOON + LEASE) == [kept]
    assert list((await store.forget([gone.uuid])).removed) == []


async def check_forgetting_an_item_deletes_all_its_songs_and_no_other_item(open_store: OpenStore) -> None:
    store = await open_store()
    mine: list[Event] = [
        rating(track=track(song=1)),
        rating(track=track(song=2)),
        *(implicit(track=track(song=song)) for song in range(1, 40)),
    ]
    other = rating(track=track(item_id="Demo/Amber_Circuit.sid.old"))
    await store.add([*mine, other])
    removed = await store.forget_item("Demo/Amber_Circuit.sid")
    assert {row.event.uuid for row in removed} == {event.uuid for event in mine}
    assert [row.event for row in await _all_rows(store)] == [other]
    assert list((await store.add(mine)).stored) == []
    assert await store.forget_item("Demo/Nowhere.sid") == []


async def check_snapshots_that_learned_from_forgotten_events_are_deleted(open_store: OpenStore) -> None:
    store = await open_store()
    begun, first, second = (
        implicit(action="play", timestamp=NOON),
        rating(timestamp=NOON + 10),
        rating(timestamp=NOON + 30),
    )
    await store.add([begun, first, second])
    [row, after] = await store.rows("rating")
    played = (await store.last_positions())["implicit"]
    for number, rated in enumerate((row.position - 1, row.position, after.position), 1):
        learned: Positions = {"rating": rated, "implicit": played}
        await store.save_snapshot({"version": f"local-{number}"}, learned=learned)
        assert await store.learned() == learned
    await store.forget([begun.uuid])
    assert len(await store.snapshots()) == 3
    await store.forget([str(uuid.uuid4())])
    assert len(await store.snapshots()) == 3
    await store.forget([second.uuid])
    assert [one["version"] for one in await store.snapshots()] == ["local-2", "local-1"]
    await store.forget([first.uuid])
    assert [one["version"] for one in await store.snapshots()] == ["local-1"]


async def check_undo_is_whole_if_the_clock_of_an_event_was_ahead_or_behind(open_store: OpenStore) -> None:
    store = await open_store()
    for time in (NOON - YEAR, NOON, NOON + 300_000, NOON + YEAR):
        liked = implicit(timestamp=time)
        await store.add([liked])
        await store.save_snapshot({"version": "local-1"}, learned=await store.last_positions())
        later = implicit(timestamp=NOON - 2 * YEAR)
        await store.add([later])
        await store.forget([later.uuid])
        assert len(await store.snapshots()) == 1
        await store.forget([liked.uuid])
        assert await store.snapshots() == []
        assert await store.learned() is None


async def check_snapshot_of_which_nothing_is_known_may_have_learned_everything(open_store: OpenStore) -> None:
    store = await open_store()
    await store.save_snapshot({"version": "local-1"})
    await store.add([liked := implicit()])
    assert await store.learned() is None
    await store.forget([liked.uuid])
    assert await store.snapshots() == []


async def check_imported_snapshot_has_learned_from_what_is_there_at_most(open_store: OpenStore) -> None:
    store = await open_store()
    await store.add([known := rating()])
    await store.merge([], [{"version": "local-1"}])
    await store.add([later := rating()])
    await store.forget([later.uuid])
    assert len(await store.snapshots()) == 1
    await store.forget([known.uuid])
    assert await store.snapshots() == []


async def check_events_are_ordered_by_arrival_where_the_clock_was_set_back(open_store: OpenStore) -> None:
    """The order is comparable between kinds, too: a rating and a like judge the same song."""
    store = await open_store()
    times = (NOON, NOON + YEAR, NOON + 60_000, NOON - 9 * YEAR, NOON + 120_000)
    for i, time in enumerate(times):
        await store.add([(rating, implicit)[i % 2](timestamp=time, track=track(song=i + 1))])
    events = [event for kind in KINDS for event in await store.newest(kind, limit=9)]
    assert [event.track.song for event in _by_time(events)] == [1, 2, 3, 4, 5]
    assert [event.timestamp for event in await store.ratings(9)] == sorted(times[::2], reverse=True)


async def check_imported_events_are_ordered_by_their_time(open_store: OpenStore) -> None:
    store = await open_store()
    rows = [StoredEvent(event=rating(timestamp=NOON + late)) for late in (-90_000, 90_000)]
    await store.add([here := rating(timestamp=NOON)])
    await store.merge(rows, [])
    [before, after] = [row.event for row in rows]
    assert _by_time(list(await store.newest("rating", limit=9))) == [before, here, after]


async def check_claims_and_pauses_of_a_clock_that_was_wrong_end(open_store: OpenStore) -> None:
    store = await open_store()
    for jump in (-10 * YEAR, -LEASE, LEASE, 10 * YEAR):
        claimed, tried = rating(), rating()
        await store.add([claimed, tried])
        outcome = Outcome(uuid=tried.uuid, status="pending", next_try=NOON + jump + MAX_PAUSE)
        await store.claim(2, owner="dead", now=NOON + jump)
        await store.settle([outcome], owner="dead", now=NOON + jump)
        await store.recover(now=NOON)
        assert (await store.counts()).ratings["processing"] == 0
        due = {event.uuid for event in await store.due(9, now=NOON + MAX_PAUSE + LEASE)}
        assert due == {claimed.uuid, tried.uuid}
        await store.wipe()


async def check_failed_events_can_be_sent_again(open_store: OpenStore) -> None:
    store = await open_store()
    events: list[Event] = [rating(), rating(), implicit()]
    await store.add([*events, waiting := implicit()])
    await store.claim(3, owner="a", now=NOON, only=[event.uuid for event in events])
    failed = [Outcome(uuid=event.uuid, status="failed", error="refused") for event in events]
    await store.settle(failed, owner="a", now=NOON)
    assert await store.due(9, now=NOON) == [waiting]
    assert await store.resend([events[0].uuid, waiting.uuid, rating().uuid]) == 1
    assert await store.due(9, now=NOON) == [events[0], waiting]
    assert await store.resend() == 2
    assert await store.resend() == 0
    assert len(await store.due(9, now=NOON)) == 4
    await _checked_counts(store)


async def check_last_positions_are_those_of_the_rows_stored_last(open_store: OpenStore) -> None:
    store = await open_store()
    assert await store.last_positions() == {"rating": 0, "implicit": 0}
    await store.add([rating(), rating(), implicit(timestamp=NOON - 9), implicit(timestamp=NOON - 99)])
    last = {kind: (await store.rows(kind))[-1].position for kind in KINDS}
    assert await store.last_positions() == last


async def check_import_restores_forgotten_events(open_store: OpenStore) -> None:
    store = await open_store()
    event = rating()
    await store.add([event])
    exported = await store.rows("rating")
    await store.forget([event.uuid])
    assert list((await store.merge(exported, [])).stored) == [event.uuid]
    assert await store.ratings(9) == [event]
    assert [row.event for row in (await store.forget([event.uuid])).removed] == [event]
    assert await store.ratings(9) == []


async def check_last_thousand_forgotten_uuids_are_remembered(open_store: OpenStore) -> None:
    store = await open_store()
    events = [rating() for _ in range(MAX_FORGOTTEN + 1)]
    await store.forget([event.uuid for event in events])
    assert list((await store.add([events[0], events[1], events[-1]])).stored) == [events[0].uuid]


async def check_wiped_store_is_empty_and_usable(open_store: OpenStore) -> None:
    store = await open_store()
    await _fill(store)
    await store.save_snapshot({"version": "local-1"})
    [event, *_] = await store.ratings(1)
    await store.forget([event.uuid])
    await store.wipe()
    assert await _all_rows(store) == []
    assert await store.snapshots() == []
    counts = await store.counts()
    assert counts == StoreCounts()
    assert list((await store.add([event])).stored) == [event.uuid]
    counts = await _checked_counts(store)
    assert (counts.ratings, counts.books) == (_counts(pending=1), Books(recorded=1))


async def check_books_tell_what_became_of_each_event(open_store: OpenStore) -> None:
    store = await open_store()
    events = [rating() for _ in range(5)]
    await store.add([*events, _play(), implicit()])
    await store.add(events)
    counts = await _checked_counts(store)
    assert (counts.books, counts.stored) == (Books(recorded=7), 7)
    assert counts.implicit == _counts(pending=1, local=1)
    for _ in range(2):  # A page repeats what isn't answered.
        await store.forget([events[0].uuid, events[0].uuid])
        await store.refuse([str(uuid.UUID(int=1)), events[1].uuid])
    assert (await _checked_counts(store)).books == Books(recorded=8, undone=1, refused=1)


async def check_event_that_is_withdrawn_before_it_arrives_is_undone(open_store: OpenStore) -> None:
    store = await open_store()
    early: list[Event] = [rating(), implicit()]
    for event in early:
        await store.forget([event.uuid])
        await store.forget([event.uuid])
    await store.add(early)
    assert (await _checked_counts(store)).books == Books(recorded=2, undone=2)


async def check_imported_events_are_recorded_and_those_undone_come_back(open_store: OpenStore) -> None:
    store = await open_store()
    mine, theirs = rating(), _play()
    await store.add([mine])
    rows = [*await store.rows("rating"), StoredEvent(event=theirs)]
    await store.forget([mine.uuid])
    for _ in range(2):
        await store.merge(rows, [])
    counts = await _checked_counts(store)
    assert (counts.books, counts.stored) == (Books(recorded=2), 2)
    assert counts.implicit == _counts(local=1)
    await store.forget([mine.uuid])
    assert (await _checked_counts(store)).books == Books(recorded=2, undone=1)


async def check_refused_event_that_is_stored_after_all_is_recorded_once(open_store: OpenStore) -> None:
    store = await open_store()
    event = rating()
    await store.refuse([event.uuid])
    await store.add([event])
    counts = await _checked_counts(store)
    assert (counts.books, counts.stored) == (Books(recorded=1), 1)


async def check_pruned_events_are_entered(open_store: OpenStore) -> None:
    store = await open_store()
    await store.add([_play(timestamp=NOON + i) for i in range(MAX_IMPLICIT + 3)])
    await store.prune()
    counts = await _checked_counts(store)
    assert (counts.books, counts.stored) == (Books(recorded=MAX_IMPLICIT + 3, pruned=3), MAX_IMPLICIT)


async def check_counts_match_the_rows_after_any_operations(open_store: OpenStore) -> None:
    for seed in range(4):
        await _Mix(await open_store(), random.Random(seed)).run(80)


async def check_failed_call_does_not_change_the_counts(open_store: OpenStore) -> None:
    store = await open_store()
    events = [rating(), rating()]
    await store.add(events)
    await store.claim(2, owner="a", now=NOON)
    outcomes = [Outcome(uuid=event.uuid, status="synced") for event in (*events, rating())]
    await _error(StoreError, store.settle(outcomes, owner="a", now=NOON))
    assert (await store.counts()).ratings == _counts(processing=2)
    assert [row.status for row in await store.rows("rating")] == ["processing"] * 2


async def check_closed_store_raises_an_error(open_store: OpenStore) -> None:
    store = await open_store()
    await store.close()
    await store.close()
    for call in (
        store.add([rating()]),
        store.ratings(1),
        store.implicit(1),
        store.counts(),
        store.audit(),
        store.refuse([]),
        store.claim(1, owner="a", now=NOON),
        store.settle([], owner="a", now=NOON),
        store.save_snapshot({"version": "local-1"}),
        store.snapshots(),
        store.recover(now=NOON),
        store.rows("rating"),
        store.with_status("rating", "pending", limit=1),
        store.merge([], []),
        store.prune(),
        store.resend(),
        store.last_positions(),
        store.learned(),
        store.forget([]),
        store.forget_item("Demo/A.sid"),
        store.wipe(),
    ):
        assert "closed" in await _error(StoreClosedError, call)


CHECKS: Final[dict[str, Check]] = {
    name.removeprefix("check_"): check for name, check in globals().items() if name.startswith("check_")
}
"""All checks by name, in the order of this file."""


class _Mix:
    """Random operations on a store and on a simple model of it: each event's status by uuid."""

    def __init__(self, store: FeedbackStore, draw: random.Random) -> None:
        self._store = store
        self._draw = draw
        self._now: float = NOON
        self._status: dict[str, SyncStatus] = {}
        self._events: dict[str, Event] = {}
        self._exported: list[StoredEvent] = []
        self._forgotten: set[str] = set()
        self._refused: set[str] = set()
        self._recorded = self._pruned = 0

    async def run(self, steps: int) -> None:
        weights = {
            self._add: 6, self._claim: 5, self._settle: 5, self._recover: 2,
            self._export: 1, self._merge: 1, self._prune: 2, self._wipe: 0.2,
            self._forget: 2, self._refuse: 1,
        }  # fmt: skip
        for step in self._draw.choices(list(weights), list(weights.values()), k=steps):
            self._now += self._draw.choice((0, 1000, LEASE, 10 * LEASE))
            await step()
            rows = await _all_rows(self._store)
            assert {row.event.uuid: row.status for row in rows} == self._status, step.__name__
            books = (await _checked_counts(self._store)).books
            expected = Books(
                recorded=self._recorded,
                undone=len(self._forgotten),
                refused=len(self._refused),
                pruned=self._pruned,
            )
            assert books == expected, step.__name__

    async def _add(self) -> None:
        known = self._draw.sample(sorted(self._events), min(2, len(self._events)))
        made = [
            self._draw.choice((rating, implicit, _play))(timestamp=int(self._now) + i)
            for i in range(self._draw.randint(0, 6))
        ]
        for event in made:
            self._events[event.uuid] = event
        events = [*made, *(self._events[uuid] for uuid in known)]
        self._draw.shuffle(events)
        report = await self._store.add(events)
        fresh = {event.uuid for event in events} - set(self._status) - self._forgotten
        assert sorted(report.stored) == sorted(fresh)
        self._insert(dict.fromkeys(fresh, "pending"))

    def _insert(self, rows: dict[str, SyncStatus]) -> None:
        self._recorded += len(set(rows) - self._forgotten - self._refused)
        self._forgotten -= set(rows)
        self._refused -= set(rows)
        self._status |= rows

    async def _claim(self) -> None:
        for event in await self._store.claim(self._draw.randint(0, 8), owner="a", now=self._now):
            assert self._status[event.uuid] in ("pending", "processing")
            self._status[event.uuid] = "processing"

    async def _settle(self) -> None:
        claimed = sorted(uuid for uuid, status in self._status.items() if status == "processing")
        ends: tuple[SyncStatus, ...] = ("synced", "failed", "pending")
        chosen = self._draw.sample(claimed, self._draw.randint(0, len(claimed)))
        outcomes = [Outcome(uuid=uuid, status=self._draw.choice(ends)) for uuid in chosen]
        await self._store.settle(outcomes, owner="a", now=self._now)
        self._status |= {outcome.uuid: outcome.status for outcome in outcomes}

    async def _recover(self) -> None:
        self._now += LEASE
        await self._store.recover(now=self._now)
        self._status |= {uuid: "pending" for uuid, status in self._status.items() if status == "processing"}

    async def _forget(self) -> None:
        chosen = self._draw.sample(sorted(self._events), min(3, len(self._events)))
        removed = (await self._store.forget(chosen)).removed
        gone = {uuid: self._status.pop(uuid) for uuid in chosen if uuid in self._status}
        assert {row.event.uuid: row.status for row in removed} == gone
        self._recorded += len(set(chosen) - set(gone) - self._forgotten - self._refused)
        self._forgotten |= set(chosen)
        self._refused -= set(chosen)

    async def _refuse(self) -> None:
        known = self._draw.sample(sorted(self._events), min(2, len(self._events)))
        chosen = {*known, rating().uuid} - set(self._status)
        await self._store.refuse([*known, *chosen])
        self._recorded += len(chosen - self._forgotten - self._refused)
        self._refused |= chosen - self._forgotten

    async def _export(self) -> None:
        self._exported = await _all_rows(self._store)

    async def _merge(self) -> None:
        await self._store.merge(self._exported, [])
        rows = {row.event.uuid: row.status for row in self._exported if row.event.uuid not in self._status}
        self._insert({uuid: "pending" if rows[uuid] == "processing" else rows[uuid] for uuid in rows})

    async def _prune(self) -> None:
        positions = {row.event.uuid: row.position for row in await self._store.rows("implicit")}
        aged = self._draw.choice([0, *positions.values()])
        old = {
            uuid
            for uuid, status in self._status.items()
            if status == "synced"
            and getattr(self._events[uuid], "action", "like") not in ("like", "dislike")
            and positions[uuid] <= aged
        }
        assert await self._store.prune(aged=aged) == len(old)
        self._status = {uuid: status for uuid, status in self._status.items() if uuid not in old}
        self._pruned += len(old)

    async def _wipe(self) -> None:
        await self._store.wipe()
        self._status, self._forgotten, self._refused = {}, set(), set()
        self._recorded = self._pruned = 0


async def _fill(store: FeedbackStore) -> None:
    """Add events of both kinds in each status."""
    for kind in (rating, implicit):
        for status in ("synced", "failed", "pending"):
            event = kind(timestamp=NOON - 1)
            await store.add([event])
            await _claim_and_settle(store, event, status)
    claimed, fresh = rating(timestamp=NOON - 9), implicit()
    await store.add([claimed, fresh])
    await store.claim(1, owner="a", now=NOON)


async def _all_rows(store: FeedbackStore) -> list[StoredEvent]:
    return [row for kind in KINDS for row in await store.rows(kind, limit=MAX_IMPLICIT * 2)]


async def _known(store: FeedbackStore, *events: Event) -> set[str]:
    """Return the uuids of the given events that the store has."""
    found = {row.event.uuid for row in await _all_rows(store)}
    return {event.uuid for event in events} & found


def _without_positions(rows: Sequence[StoredEvent]) -> list[StoredEvent]:
    return [replace(row, position=0) for row in rows]


async def _checked_counts(store: FeedbackStore) -> StoreCounts:
    """Check counters and books against the rows, with the store's own audit and without it."""
    assert await store.audit() == []
    found = {kind: dict(_counts()) for kind in KINDS}
    for row in await _all_rows(store):
        is_play = isinstance(row.event, ImplicitEvent) and row.event.action == "play"
        found[row.event.kind]["local" if is_play and row.status == "pending" else row.status] += 1
    counts = await store.counts()
    assert (counts.ratings, counts.implicit) == (found["rating"], found["implicit"])
    books = counts.books
    assert books.recorded == counts.stored + books.undone + books.refused + books.pruned
    return counts


async def _claim_and_settle(
    store: FeedbackStore, event: Event, status: SyncStatus, next_try: float = 0
) -> None:
    assert event in await store.claim(100, owner="a", now=NOON)
    await store.settle([Outcome(uuid=event.uuid, status=status, next_try=next_try)], owner="a", now=NOON)


def _play(**changes: Any) -> ImplicitEvent:
    return implicit(action="play", **changes)


def _counts(**counts: int) -> Counts:
    return {
        "pending": 0, "processing": 0, "synced": 0, "failed": 0, "local": 0,
    } | counts  # type: ignore[return-value]  # fmt: skip


def _by_time(events: Sequence[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event.timestamp)


async def _error(kind: type[FeedbackError], call: Awaitable[object]) -> str:
    """Return the message of the error that `call` must raise."""
    try:
        await call
    except kind as exc:
        return str(exc)
    raise AssertionError(f"{kind.__name__} was not raised")
