"""The sync client: off until switched on, only what may be sent, and never counting an event twice."""

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


async def test_first_sync_comes_after_one_cadence_and_goes_on(sharing: Listener) -> None:
    for hour in range(1, 4):
        await sharing.rates()
        await sharing.clock.advance(HOUR - 1)
        assert len(sharing.requests) == hour - 1
        await sharing.clock.advance(1)
        assert len(sharing.requests) == hour


async def test_next_time_is_told(sharing: Listener) -> None:
    start = sharing.clock.epoch()
    await sharing.clock.settle()
    assert sharing.sync.state.next_time == start + HOUR * 1000
    await sharing.clock.advance(HOUR)
    assert sharing.sync.state.next_time == start + 2 * HOUR * 1000


async def test_nothing_to_send_is_no_request(sharing: Listener) -> None:
    await sharing.clock.advance(5 * HOUR)
    assert await sharing.sync.sync_now() == 0
    assert sharing.requests == []


async def test_busy_listener_neither_starves_nor_hurries_it(sharing: Listener) -> None:
    for _ in range(1800):
        await sharing.rates()
        await sharing.clock.advance(2)
    while sharing.sync.state.running:
        await sharing.clock.settle()
    assert 1 <= len(sharing.requests) <= 1800 / MAX_UPLOAD_EVENTS + 1
    assert (await sharing.counts())["synced"] >= 1799


async def test_what_was_taken_is_synced_and_never_sent_again(sharing: Listener) -> None:
    events = await sharing.rates(3)
    assert await sharing.sync.sync_now() == 3
    assert await sharing.sync.sync_now() == 0
    assert sharing.sent == [event.uuid for event in events]
    assert (await sharing.counts())["synced"] == 3


async def test_each_answer_moves_its_own_event(sharing: Listener) -> None:
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


async def test_strange_results_cost_no_event(sharing: Listener) -> None:
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
    assert body["baseModelVersion"] == "global-1"
    assert {*body["ratings"][0]} == {
        "uuid", "sidPath", "song", "ratings", "features", "modelVersion", "day",
    }  # fmt: skip
    assert {*body["implicit"][0]} == {
        "uuid", "sidPath", "song", "action", "features", "modelVersion", "day",
    }  # fmt: skip


async def test_path_of_the_listeners_own_stays_here(sharing: Listener) -> None:
    secret = rating(track=track(item_id="/home/me/secret.sid"))
    await sharing.does(secret, rating())
    assert await sharing.sync.sync_now() == 1
    assert secret.uuid not in sharing.sent
    assert await sharing.counts() == {"pending": 0, "processing": 0, "synced": 1, "failed": 1}


async def test_crash_while_sending_gives_the_events_back_within_a_lease(sharing: Listener) -> None:
    events = await sharing.rates(2)
    await sharing.store.claim(10, owner="crashed", now=sharing.clock.epoch())
    assert await sharing.sync.sync_now() == 0
    await sharing.clock.advance(LEASE / 1000)
    assert await sharing.sync.sync_now() == 2
    assert sharing.sent == [event.uuid for event in events]


async def test_switching_off_aborts_the_request(sharing: Listener) -> None:
    """The server may have had it: then it says so when it is sent again, and each event counts once."""
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
    with pytest.raises(SyncError, match="stopped: sync was switched off"):
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


async def test_new_cadence_holds_at_once(sharing: Listener) -> None:
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


async def test_two_syncs_at_once_send_each_event_once(sharing: Listener) -> None:
    events = await sharing.rates(70)
    await asyncio.gather(*(sharing.sync.sync_now() for _ in range(3)))
    assert sorted(sharing.sent) == sorted(event.uuid for event in events)


async def test_state_is_told_at_each_step(sharing: Listener) -> None:
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


async def test_failing_store_is_told_and_sync_goes_on(sharing: Listener) -> None:
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
    """A line on which nothing is ever answered."""

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
async def unheard(listener: Listener) -> Listener:
    """A listener who shares with a server that does not answer."""
    listener.transport = Silent()
    listener.sync = listener.client()
    listener.sync.configure(ON)
    await listener.rates(2)
    return listener


async def test_request_under_way_is_aborted_when_sync_is_switched_off(unheard: Listener) -> None:
    await unheard.clock.advance(HOUR)
    assert (await unheard.counts())["processing"] == 2
    unheard.sync.configure(SyncSettings(enabled=False))
    await unheard.clock.settle()
    assert unheard.transport.aborted == 1  # type: ignore[attr-defined]
    assert (await unheard.counts())["pending"] == 2
    assert not unheard.sync.state.running


async def test_request_under_way_is_aborted_when_the_engine_ends(unheard: Listener) -> None:
    await unheard.clock.advance(HOUR)
    await unheard.sync.aclose()
    assert unheard.transport.aborted == 1  # type: ignore[attr-defined]
    assert (await unheard.counts())["pending"] == 2


async def test_who_waited_for_a_request_sends_nothing_after_sync_was_switched_off(unheard: Listener) -> None:
    first, second = (asyncio.ensure_future(unheard.sync.sync_now()) for _ in range(2))
    await unheard.clock.settle()
    unheard.sync.configure(SyncSettings(enabled=False))
    for attempt in (first, second):
        with pytest.raises(SyncError, match=r"sync was switched off|Sync is off"):
            await attempt
    assert len(unheard.requests) == 1


async def test_preview_is_what_is_sent_then(sharing: Listener) -> None:
    assert await sharing.sync.next_payload() is None
    await sharing.does(implicit(), *(rating() for _ in range(60)))
    shown = await sharing.sync.next_payload()
    assert shown == await sharing.sync.next_payload()
    assert (await sharing.counts())["pending"] == 60
    await sharing.sync.sync_now()
    assert sharing.requests[0].to_json() == shown
    assert await sharing.sync.next_payload() is None


async def test_preview_is_there_before_anything_is_switched_on(listener: Listener) -> None:
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


async def test_crash_of_the_client_sends_the_same_events_again(sharing: Listener) -> None:
    """The server has them, the engine dies before it knows: the next one sends the same uuids."""
    unheard = Listener()
    unheard.store, unheard.transport = sharing.store, Silent()
    unheard.sync = unheard.client()
    unheard.sync.configure(ON)
    await sharing.rates(3)
    dying = asyncio.ensure_future(unheard.sync.sync_now())
    await sharing.clock.settle()
    assert (await sharing.counts())["processing"] == 3
    await sharing.clock.advance(LEASE / 1000)
    await sharing.sync.sync_now()
    assert sharing.requests[0].uuids == unheard.requests[0].uuids
    await unheard.sync.aclose()
    with pytest.raises(StoreError):
        await dying
    assert (await sharing.counts())["synced"] == 3


async def test_what_is_deleted_while_it_is_sent_stays_deleted(unheard: Listener) -> None:
    await unheard.clock.advance(HOUR)
    async with unheard.sync.forgetting():
        await unheard.store.wipe()
    await unheard.clock.advance(3 * HOUR)
    assert len(unheard.requests) == 1
    assert set((await unheard.counts()).values()) == {0}


async def test_what_is_taken_back_while_it_is_sent_is_not_sent_again(unheard: Listener) -> None:
    await unheard.clock.advance(HOUR)
    gone, kept = unheard.requests[0].uuids
    async with unheard.sync.withdrawing():
        assert (await unheard.counts())["pending"] == 2
        await unheard.store.forget([gone])
    await unheard.clock.advance(HOUR / 10)
    assert unheard.transport.aborted == 1  # type: ignore[attr-defined]
    assert [batch.uuids for batch in unheard.requests[1:]] == [[kept]]
    assert unheard.requests[1].batch_id != unheard.requests[0].batch_id


async def test_what_is_taken_back_when_its_batch_is_made_is_not_sent(unheard: Listener) -> None:
    claim = unheard.store.claim
    withdrawn: list[asyncio.Future[None]] = []

    async def withdraw(gone: str) -> None:
        async with unheard.sync.withdrawing():
            await unheard.store.forget([gone])

    async def claim_and_be_late(*args: Any, **options: Any) -> list[Event]:
        events = await claim(*args, **options)
        if not withdrawn:
            withdrawn.append(asyncio.ensure_future(withdraw(events[0].uuid)))
            await asyncio.sleep(0)
        return events

    unheard.store.claim = claim_and_be_late  # type: ignore[method-assign]
    await unheard.clock.advance(HOUR)
    await withdrawn[0]
    await unheard.clock.advance(HOUR / 10)
    assert [len(batch.uuids) for batch in unheard.requests] == [1]
