"""The sync client: it is off by default, sends only what may be sent, and counts no event twice."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from sidflow_feedback.errors import StoreError, SyncError
from sidflow_feedback.events import Event
from sidflow_feedback.store import LEASE
from sidflow_feedback.sync.deltas import AnonymizedBatch
from sidflow_feedback.sync.transport import Response
from sidflow_feedback.sync.transport.memory import MemoryTransport, accept_all
from sidflow_feedback.sync.upload_queue import SyncSettings
from sidflow_feedback.vocabulary import MAX_ITEM_ID, MAX_UPLOAD_BYTES, MAX_UPLOAD_EVENTS
from tests.contracts.samples import implicit, rating, track
from tests.unit.sync.sharing import HOUR, ON, Listener, answer, listener, results, sharing

__all__ = ["listener", "sharing"]


async def test_off_by_default_and_off_sends_nothing(listener: Listener) -> None:
    await listener.rates()
    await listener.clock.advance(30 * HOUR)
    with pytest.raises(SyncError, match="off, so nothing is sent"):
        await listener.sync.sync_now()
    assert listener.requests == []
    assert not SyncSettings().enabled
    assert not listener.sync.state.enabled


async def test_syncs_follow_at_the_cadence(sharing: Listener) -> None:
    for hour in range(1, 4):
        await sharing.rates()
        await sharing.clock.advance(HOUR - 1)
        assert len(sharing.requests) == hour - 1
        await sharing.clock.advance(1)
        assert len(sharing.requests) == hour


async def test_state_has_the_next_time(sharing: Listener) -> None:
    start = sharing.clock.epoch()
    await sharing.clock.settle()
    assert sharing.sync.state.next_time == start + HOUR * 1000
    await sharing.clock.advance(HOUR)
    assert sharing.sync.state.next_time == start + 2 * HOUR * 1000


async def test_nothing_to_send_is_no_request(sharing: Listener) -> None:
    await sharing.clock.advance(5 * HOUR)
    assert await sharing.sync.sync_now() == 0
    assert sharing.requests == []


async def test_constant_activity_neither_delays_nor_hastens_sync(sharing: Listener) -> None:
    for _ in range(1800):
        await sharing.rates()
        await sharing.clock.advance(2)
    while sharing.sync.state.running:
        await sharing.clock.settle()
    assert 1 <= len(sharing.requests) <= 1800 / MAX_UPLOAD_EVENTS + 1
    assert (await sharing.counts())["synced"] >= 1799


async def test_accepted_events_are_synced_and_never_sent_again(sharing: Listener) -> None:
    events = await sharing.rates(3)
    assert await sharing.sync.sync_now() == 3
    assert await sharing.sync.sync_now() == 0
    assert sharing.sent == [event.uuid for event in events]
    assert (await sharing.counts())["synced"] == 3


async def test_each_result_applies_to_its_own_event(sharing: Listener) -> None:
    taken, known, bad = await sharing.rates(3)
    sharing.serve = results(**{taken.uuid: "accepted", known.uuid: "duplicate", bad.uuid: "rejected"})
    assert await sharing.sync.sync_now() == 2
    assert await sharing.counts() == {"pending": 0, "processing": 0, "synced": 2, "failed": 1}


@pytest.mark.parametrize("strange", ["maybe", None, 7, ["accepted"]])
async def test_event_without_a_clear_answer_waits_for_the_next_cadence(
    sharing: Listener, strange: object
) -> None:
    clear, unclear = await sharing.rates(2)
    sharing.serve = results(**{unclear.uuid: strange})
    assert await sharing.sync.sync_now() == 1
    assert len(sharing.requests) == 1
    assert (await sharing.counts())["pending"] == 1
    sharing.serve = accept_all
    await sharing.clock.advance(HOUR)
    assert sharing.sent == [clear.uuid, unclear.uuid, unclear.uuid]
    assert (await sharing.counts())["synced"] == 2


async def test_no_event_is_lost_by_malformed_results(sharing: Listener) -> None:
    await sharing.rates()
    sharing.serve = lambda _batch: Response(200, body={"results": [None, 3, {}, {"uuid": None}]})
    assert await sharing.sync.sync_now() == 0
    assert (await sharing.counts())["pending"] == 1


async def test_more_than_50_go_in_several_requests(sharing: Listener) -> None:
    events = await sharing.rates(120)
    assert await sharing.sync.sync_now() == 120
    assert [len(batch.deltas) for batch in sharing.requests] == [50, 50, 20]
    assert sorted(sharing.sent) == sorted(event.uuid for event in events)
    assert sharing.sync.state.sent == 120


async def test_no_request_is_larger_than_the_limit(sharing: Listener) -> None:
    item_id = "\U0001f3b5" * MAX_ITEM_ID
    await sharing.does(*(rating(track=track(item_id=item_id)) for _ in range(50)))
    await sharing.does(*(implicit() for _ in range(50)))
    assert await sharing.sync.sync_now() == 100
    sizes = [len(batch.to_json().encode()) for batch in sharing.requests]
    assert max(sizes) <= MAX_UPLOAD_BYTES
    assert max(sizes) > MAX_UPLOAD_BYTES / 2
    assert len(set(sharing.sent)) == len(sharing.sent) == 100


async def test_body_has_only_what_may_be_sent(sharing: Listener) -> None:
    await sharing.does(rating(track=track(session_id="SECRET")), implicit(track=track(position=77.5)))
    await sharing.sync.sync_now()
    body = json.loads(sharing.requests[0].to_json())
    assert {*body} == {"batchId", "ratings", "implicit"}
    assert {*body["ratings"][0]} == {"uuid", "sidPath", "song", "ratings", "features"}
    assert {*body["implicit"][0]} == {"uuid", "sidPath", "song", "action", "features"}


async def test_local_path_is_not_sent(sharing: Listener) -> None:
    secret = rating(track=track(item_id="/home/me/secret.sid"))
    await sharing.does(secret, rating())
    assert await sharing.sync.sync_now() == 1
    assert secret.uuid not in sharing.sent
    assert await sharing.counts() == {"pending": 0, "processing": 0, "synced": 1, "failed": 1}


async def test_events_of_a_crashed_client_are_due_again_after_the_lease(sharing: Listener) -> None:
    events = await sharing.rates(2)
    await sharing.store.claim(10, owner="crashed", now=sharing.clock.epoch())
    assert await sharing.sync.sync_now() == 0
    await sharing.clock.advance(LEASE / 1000)
    assert await sharing.sync.sync_now() == 2
    assert sharing.sent == [event.uuid for event in events]


async def test_switching_off_aborts_the_request(sharing: Listener) -> None:
    """The server may have received it. Then it recognizes the retry, and each event counts once."""
    await sharing.rates(120)
    seen: set[str] = set()

    def serve(batch: AnonymizedBatch) -> Response:
        known = seen & {*batch.uuids}
        seen.update(batch.uuids)
        return results(**dict.fromkeys(known, "duplicate"))(batch)

    def serve_and_switch_off(batch: AnonymizedBatch) -> Response:
        sharing.sync.configure(SyncSettings(enabled=False))
        return serve(batch)

    sharing.serve = serve_and_switch_off
    with pytest.raises(SyncError, match="stopped: sharing was turned off"):
        await sharing.sync.sync_now()
    await sharing.clock.advance(30 * HOUR)
    assert len(sharing.requests) == 1
    assert await sharing.counts() == {"pending": 120, "processing": 0, "synced": 0, "failed": 0}
    assert sharing.sync.state.next_time is None
    sharing.serve = serve
    sharing.sync.configure(ON)
    await sharing.clock.advance(HOUR)
    assert sharing.requests[1].to_json() == sharing.requests[0].to_json()
    assert (await sharing.counts())["synced"] == 120
    assert len(seen) == 120


async def test_switching_off_between_two_tries_stops_too(sharing: Listener) -> None:
    await sharing.rates()
    sharing.serve = answer(500)
    await sharing.clock.advance(HOUR + 0.5)
    assert len(sharing.requests) == 1
    sharing.sync.configure(SyncSettings(enabled=False))
    await sharing.clock.advance(30 * HOUR)
    assert len(sharing.requests) == 1
    assert not sharing.sync.state.running
    assert sharing.sync.state.next_time is None


async def test_new_cadence_applies_at_once(sharing: Listener) -> None:
    await sharing.rates()
    await sharing.clock.advance(10)
    sharing.sync.configure(SyncSettings(enabled=True, cadence=5))
    await sharing.clock.advance(300)
    assert len(sharing.requests) == 1


async def test_same_settings_again_change_nothing(sharing: Listener) -> None:
    await sharing.rates()
    await sharing.clock.advance(HOUR - 1)
    sharing.sync.configure(SyncSettings(enabled=True, cadence=60))
    await sharing.clock.advance(1)
    assert len(sharing.requests) == 1


async def test_concurrent_syncs_send_each_event_once(sharing: Listener) -> None:
    events = await sharing.rates(70)
    await asyncio.gather(*(sharing.sync.sync_now() for _ in range(3)))
    assert sorted(sharing.sent) == sorted(event.uuid for event in events)


async def test_each_change_of_state_is_announced(sharing: Listener) -> None:
    await sharing.rates()
    seen = []

    def serve(batch: AnonymizedBatch) -> Response:
        seen.append(sharing.sync.state.running)
        return accept_all(batch)

    sharing.serve, before = serve, sharing.changes
    await sharing.sync.sync_now()
    state = sharing.sync.state
    assert seen == [True]
    assert (state.running, state.sent, state.last_time) == (False, 1, sharing.clock.epoch())
    assert sharing.changes >= before + 2


async def test_last_upload_outlives_the_engine(sharing: Listener) -> None:
    await sharing.rates(2)
    await sharing.does(implicit(action="like"))
    await sharing.sync.sync_now()
    at = sharing.clock.epoch()
    await sharing.sync.aclose()
    sharing.sync = sharing.client()
    sharing.sync.configure(SyncSettings())
    await sharing.clock.advance(1)
    state = sharing.sync.state
    assert (state.last_time, state.last_ratings, state.last_plays) == (at, 2, 1)
    assert (state.enabled, state.last_error) == (False, None)
    async with sharing.sync.forgetting():
        await sharing.store.wipe()
    assert (sharing.sync.state.last_time, sharing.sync.state.last_ratings) == (None, 0)


async def test_error_of_the_last_upload_outlives_the_engine(sharing: Listener) -> None:
    await sharing.rates()
    sharing.serve = answer(500)
    with pytest.raises(SyncError):
        await sharing.sync.sync_now()
    await sharing.sync.aclose()
    sharing.sync = sharing.client()
    sharing.sync.configure(SyncSettings())
    await sharing.clock.advance(1)
    assert (sharing.sync.state.last_time, sharing.sync.state.last_error) == (
        None,
        "The server answered 500: because",
    )


async def test_store_failure_is_reported_and_sync_continues(sharing: Listener) -> None:
    await sharing.rates()
    claim = sharing.store.claim

    async def broken(*_args: object, **_options: object) -> list[Event]:
        raise StoreError("the database is gone")

    sharing.store.claim = broken  # type: ignore[method-assign]
    await sharing.clock.advance(HOUR)
    assert sharing.sync.state.last_error == "the database is gone"
    sharing.store.claim = claim  # type: ignore[method-assign]
    await sharing.clock.advance(HOUR)
    assert len(sharing.requests) == 1


class Silent(MemoryTransport):
    """A transport that never returns."""

    aborted = 0

    async def send(self, batch: AnonymizedBatch, *, timeout: float) -> Response:  # noqa: ARG002
        self.sent.append(batch)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.aborted += 1
            raise
        raise AssertionError("never")


@pytest.fixture
async def unanswered(listener: Listener) -> Listener:
    """A listener who shares with a server that does not answer."""
    listener.transport = Silent()
    listener.sync = listener.client()
    listener.sync.configure(ON)
    await listener.rates(2)
    return listener


async def test_request_in_progress_is_aborted_when_sync_is_switched_off(unanswered: Listener) -> None:
    await unanswered.clock.advance(HOUR)
    assert (await unanswered.counts())["processing"] == 2
    unanswered.sync.configure(SyncSettings(enabled=False))
    await unanswered.clock.settle()
    assert unanswered.transport.aborted == 1  # type: ignore[attr-defined]
    assert (await unanswered.counts())["pending"] == 2
    assert not unanswered.sync.state.running


async def test_request_in_progress_is_aborted_when_the_engine_ends(unanswered: Listener) -> None:
    await unanswered.clock.advance(HOUR)
    await unanswered.sync.aclose()
    assert unanswered.transport.aborted == 1  # type: ignore[attr-defined]
    assert (await unanswered.counts())["pending"] == 2


async def test_waiting_sync_sends_nothing_after_sync_was_switched_off(unanswered: Listener) -> None:
    first, second = (asyncio.ensure_future(unanswered.sync.sync_now()) for _ in range(2))
    await unanswered.clock.settle()
    unanswered.sync.configure(SyncSettings(enabled=False))
    for attempt in (first, second):
        with pytest.raises(SyncError, match=r"sharing was turned off|Sharing is off"):
            await attempt
    assert len(unanswered.requests) == 1


async def test_preview_equals_the_next_request(sharing: Listener) -> None:
    assert await sharing.sync.next_payload() is None
    await sharing.does(implicit(), *(rating() for _ in range(60)))
    shown = await sharing.sync.next_payload()
    assert shown == await sharing.sync.next_payload()
    assert (await sharing.counts())["pending"] == 60
    await sharing.sync.sync_now()
    assert sharing.requests[0].to_json() == shown
    assert await sharing.sync.next_payload() is None


async def test_preview_is_available_while_sync_is_off(listener: Listener) -> None:
    event = rating()
    await listener.does(event)
    shown = await listener.sync.next_payload()
    assert shown is not None
    assert json.loads(shown)["ratings"][0]["uuid"] == event.uuid
    assert listener.requests == []


async def test_preview_of_a_batch_that_was_not_answered_is_that_batch(sharing: Listener) -> None:
    await sharing.rates()
    sharing.serve = answer(500)
    with pytest.raises(SyncError):
        await sharing.sync.sync_now()
    await sharing.rates()
    assert await sharing.sync.next_payload() == sharing.requests[0].to_json()


async def test_next_engine_sends_the_events_of_a_crashed_one_again(sharing: Listener) -> None:
    """The server has the events, but the engine crashes before it receives the answer."""
    unanswered = Listener()
    unanswered.store, unanswered.transport = sharing.store, Silent()
    unanswered.sync = unanswered.client()
    unanswered.sync.configure(ON)
    await sharing.rates(3)
    dying = asyncio.ensure_future(unanswered.sync.sync_now())
    await sharing.clock.settle()
    assert (await sharing.counts())["processing"] == 3
    await sharing.clock.advance(LEASE / 1000)
    await sharing.sync.sync_now()
    assert sharing.requests[0].uuids == unanswered.requests[0].uuids
    await unanswered.sync.aclose()
    with pytest.raises(StoreError):
        await dying
    assert (await sharing.counts())["synced"] == 3


async def test_event_deleted_while_it_is_sent_stays_deleted(unanswered: Listener) -> None:
    await unanswered.clock.advance(HOUR)
    async with unanswered.sync.forgetting():
        await unanswered.store.wipe()
    await unanswered.clock.advance(3 * HOUR)
    assert len(unanswered.requests) == 1
    assert set((await unanswered.counts()).values()) == {0}


async def test_event_withdrawn_while_it_is_sent_is_not_sent_again(unanswered: Listener) -> None:
    await unanswered.clock.advance(HOUR)
    gone, kept = unanswered.requests[0].uuids
    async with unanswered.sync.withdrawing():
        assert (await unanswered.counts())["pending"] == 2
        await unanswered.store.forget([gone])
    await unanswered.clock.advance(HOUR / 10)
    assert unanswered.transport.aborted == 1  # type: ignore[attr-defined]
    assert [batch.uuids for batch in unanswered.requests[1:]] == [[kept]]
    assert unanswered.requests[1].batch_id != unanswered.requests[0].batch_id


async def test_event_withdrawn_while_its_batch_is_composed_is_not_sent(unanswered: Listener) -> None:
    claim = unanswered.store.claim
    withdrawn: list[asyncio.Future[None]] = []

    async def withdraw(gone: str) -> None:
        async with unanswered.sync.withdrawing():
            await unanswered.store.forget([gone])

    async def claim_and_be_late(*args: Any, **options: Any) -> list[Event]:
        events = await claim(*args, **options)
        if not withdrawn:
            withdrawn.append(asyncio.ensure_future(withdraw(events[0].uuid)))
            await asyncio.sleep(0)
        return events

    unanswered.store.claim = claim_and_be_late  # type: ignore[method-assign]
    await unanswered.clock.advance(HOUR)
    await withdrawn[0]
    await unanswered.clock.advance(HOUR / 10)
    assert [len(batch.uuids) for batch in unanswered.requests] == [1]
