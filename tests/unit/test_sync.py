"""The sync client: off until switched on, patient with the server, and never counting an event twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from sidflow_feedback.errors import StoreError, SyncError
from sidflow_feedback.events import Event
from sidflow_feedback.privacy import MAX_BYTES, MAX_EVENTS, AnonymisedBatch
from sidflow_feedback.store import LEASE, Counts
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.sync import TRIES, SyncClient, SyncSettings
from sidflow_feedback.transport import Response
from sidflow_feedback.transport.memory import MemoryTransport, accept_all
from tests.contracts.samples import implicit, rating, track
from tests.unit.hand_clock import HandClock, settle

ON = SyncSettings(enabled=True, cadence=60)
HOUR = 3600.0

Serve = Callable[[AnonymisedBatch], Response]


class Listener:
    """Someone with events to send, and a server."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.clock.now = 1_790_000_000.0
        self.store = MemoryStore()
        self.serve: Serve = accept_all
        self.transport = MemoryTransport(server=lambda batch: self.serve(batch))
        self.changes = 0
        self.sync = SyncClient(
            self.store,
            self.transport,
            base_version=lambda: "global-1",
            on_change=self._count,
            epoch=self.clock.epoch,
            sleep=self.clock.sleep,
        )

    def _count(self) -> None:
        self.changes += 1

    async def does(self, *events: Event) -> None:
        await self.store.add(events)

    async def rates(self, count: int = 1) -> list[Event]:
        events: list[Event] = [rating() for _ in range(count)]
        await self.store.add(events)
        return events

    async def counts(self) -> Counts:
        return (await self.store.counts()).ratings

    @property
    def requests(self) -> list[AnonymisedBatch]:
        return self.transport.sent

    @property
    def sent(self) -> list[str]:
        return [delta.uuid for batch in self.requests for delta in batch.deltas]


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    listener = Listener()
    yield listener
    await listener.sync.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
async def sharing(listener: Listener) -> Listener:
    """A listener who has switched sync on."""
    listener.sync.configure(ON)
    return listener


def answer(status: int, **headers: str) -> Serve:
    body = {"error": {"code": "test", "message": "because"}}
    return lambda _batch: Response(status, {k.replace("_", "-"): v for k, v in headers.items()}, body)


def results(**statuses: Any) -> Serve:
    """Answer for each event as `statuses` says, by its uuid; the others are accepted."""

    def serve(batch: AnonymisedBatch) -> Response:
        answers = [
            {"uuid": delta.uuid, "status": statuses.get(delta.uuid, "accepted"), "reason": "why"}
            for delta in batch.deltas
        ]
        return Response(200, body={"batchId": batch.batch_id, "results": answers})

    return serve


async def test_off_by_default_and_off_sends_nothing(listener: Listener) -> None:
    await listener.rates()
    await listener.clock.advance(30 * HOUR)
    with pytest.raises(SyncError, match="switched off: nothing is sent"):
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
    await settle()
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
    assert 1 <= len(sharing.requests) <= 1800 / MAX_EVENTS + 1
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


@pytest.mark.parametrize("body", [None, {}, {"results": None}, {"results": {"a": 1}}, {"results": "ok"}])
async def test_answer_of_something_else_counts_as_no_delivery(sharing: Listener, body: Any) -> None:
    await sharing.rates()
    sharing.serve = lambda _batch: Response(200, body=body)
    attempt = asyncio.ensure_future(sharing.sync.sync_now())
    await sharing.clock.advance(30)
    with pytest.raises(SyncError, match="no sync server"):
        await attempt
    assert len(sharing.requests) == TRIES
    assert (await sharing.counts())["pending"] == 1


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
    path = "x" * 900 + "ü" * 120
    await sharing.does(*(rating(track=track(sid_path=path)) for _ in range(50)))
    await sharing.does(*(implicit() for _ in range(50)))
    assert await sharing.sync.sync_now() == 100
    sizes = [len(batch.to_json().encode()) for batch in sharing.requests]
    assert max(sizes) <= MAX_BYTES
    assert max(sizes) > MAX_BYTES / 2
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
    secret = rating(track=track(sid_path="/home/me/secret.sid"))
    await sharing.does(secret, rating())
    assert await sharing.sync.sync_now() == 1
    assert secret.uuid not in sharing.sent
    assert await sharing.counts() == {"pending": 0, "processing": 0, "synced": 1, "failed": 1}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_busy_server_is_tried_3_times_with_the_same_batch(sharing: Listener, status: int) -> None:
    await sharing.rates(2)
    sharing.serve = answer(status)
    attempt = asyncio.ensure_future(sharing.sync.sync_now())
    await sharing.clock.advance(30)
    with pytest.raises(SyncError, match=f"The server answered {status}: because"):
        await attempt
    assert len(sharing.requests) == TRIES == 3
    assert len({batch.to_json() for batch in sharing.requests}) == 1
    assert (await sharing.counts())["pending"] == 2
    assert sharing.sync.state.last_error == f"The server answered {status}: because"


async def test_pauses_between_tries_double_with_jitter(sharing: Listener) -> None:
    await sharing.rates()
    sharing.serve = answer(500)
    at: list[float] = []

    def serve(_batch: AnonymisedBatch) -> Response:
        at.append(sharing.clock.now)
        return Response(500)

    sharing.serve = serve
    await sharing.clock.advance(HOUR + 30)
    first, second = at[1] - at[0], at[2] - at[1]
    assert 1 <= first <= 2
    assert 2 <= second <= 4
    assert first not in (1, 2)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 415, 422])
async def test_refusal_is_final_and_not_repeated(sharing: Listener, status: int) -> None:
    await sharing.rates()
    sharing.serve = answer(status)
    with pytest.raises(SyncError, match=str(status)):
        await sharing.sync.sync_now()
    sharing.serve = accept_all
    await sharing.clock.advance(3 * HOUR)
    assert len(sharing.requests) == 1
    assert (await sharing.counts())["failed"] == 1


async def test_line_that_is_down_costs_nothing(sharing: Listener) -> None:
    events = await sharing.rates(60)
    sharing.transport.online = False
    await sharing.clock.advance(5 * HOUR + 30)
    assert sharing.sync.state.last_error == "The server can't be reached: the line is down."
    assert (await sharing.counts())["pending"] == 60
    sharing.transport.online = True
    await sharing.clock.advance(HOUR)
    assert sorted(sharing.sent) == sorted(event.uuid for event in events)
    assert sharing.sync.state.last_error is None


async def test_failing_server_gets_3_requests_for_each_cadence(listener: Listener) -> None:
    listener.sync.configure(SyncSettings(enabled=True, cadence=5))
    listener.serve = answer(503)
    for _ in range(300):
        await listener.rates()
        await listener.clock.advance(2)
    assert len(listener.requests) <= 2 * TRIES


async def test_retry_after_is_kept_by_cadence_and_hand(listener: Listener) -> None:
    listener.sync.configure(SyncSettings(enabled=True, cadence=5))
    await listener.rates(60)
    listener.serve = answer(503, retry_after="3600")
    with pytest.raises(SyncError):
        await listener.sync.sync_now()
    assert len(listener.requests) == 1
    listener.serve = accept_all
    await listener.clock.advance(3590)
    with pytest.raises(SyncError, match="asked for a pause of another 10 s"):
        await listener.sync.sync_now()
    assert len(listener.requests) == 1
    await listener.clock.advance(300)
    assert (await listener.counts())["synced"] == 60


@pytest.mark.parametrize("value", ["", "soon", "-5", "1.5", "²", "9" * 400])
async def test_strange_retry_after_does_no_harm(sharing: Listener, value: str) -> None:
    await sharing.rates()
    sharing.serve = answer(503, retry_after=value)
    attempt = asyncio.ensure_future(sharing.sync.sync_now())
    await sharing.clock.advance(30)
    with pytest.raises(SyncError, match="503"):
        await attempt
    sharing.serve = accept_all
    await sharing.clock.advance(25 * HOUR)
    assert (await sharing.counts())["synced"] == 1


async def test_lost_answer_counts_once(sharing: Listener) -> None:
    """The server has the batch, the answer gets lost: the retry has the same ids, so it can tell."""
    known: set[str] = set()

    def serve(batch: AnonymisedBatch) -> Response:
        fresh = {delta.uuid for delta in batch.deltas} - known
        if fresh:
            known.update(fresh)
            raise SyncError("The server can't be reached: reset.")
        return results(**dict.fromkeys(known, "duplicate"))(batch)

    sharing.serve = serve
    await sharing.rates(3)
    await sharing.clock.advance(HOUR + 30)
    assert len({batch.batch_id for batch in sharing.requests}) == 1
    assert (await sharing.counts())["synced"] == 3


async def test_crash_while_sending_gives_the_events_back_within_a_lease(sharing: Listener) -> None:
    events = await sharing.rates(2)
    await sharing.store.claim(10, owner="crashed", now=sharing.clock.epoch())
    assert await sharing.sync.sync_now() == 0
    await sharing.clock.advance(LEASE / 1000)
    assert await sharing.sync.sync_now() == 2
    assert sharing.sent == [event.uuid for event in events]


async def test_switching_off_stops_at_once(sharing: Listener) -> None:
    await sharing.rates(120)

    def serve(batch: AnonymisedBatch) -> Response:
        sharing.sync.configure(SyncSettings(enabled=False))
        return accept_all(batch)

    sharing.serve = serve
    with pytest.raises(SyncError, match="switched off"):
        await sharing.sync.sync_now()
    await sharing.clock.advance(30 * HOUR)
    assert len(sharing.requests) == 1
    assert await sharing.counts() == {"pending": 70, "processing": 0, "synced": 50, "failed": 0}


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

    def serve(batch: AnonymisedBatch) -> Response:
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
