"""The sync client: off until switched on, patient with the server, and never counting an event twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any

import pytest

from sidflow_feedback.errors import StoreError, SyncError
from sidflow_feedback.events import Event
from sidflow_feedback.outgoing import SyncSettings
from sidflow_feedback.privacy import MAX_BYTES, MAX_EVENTS, AnonymisedBatch
from sidflow_feedback.schedule import TRIES
from sidflow_feedback.store import LEASE, Counts
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.sync import SyncClient
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
        self.sync = self.client()

    def client(self) -> SyncClient:
        """Make a client, as an engine that starts does."""
        return SyncClient(
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
    while sharing.sync.state.running:
        await settle()
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
    with pytest.raises(SyncError, match="no sync server"):
        await sharing.sync.sync_now()
    assert (await sharing.counts())["pending"] == 1
    await sharing.clock.advance(600)
    assert len(sharing.requests) == TRIES


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
    events = await sharing.rates(2)
    sharing.serve = answer(status)
    await sharing.clock.advance(HOUR + 600)
    assert len(sharing.requests) == TRIES == 3
    await sharing.rates(60)
    assert (await sharing.counts())["pending"] == 62
    assert sharing.sync.state.last_error == f"The server answered {status}: because"
    sharing.serve = accept_all
    await sharing.clock.advance(HOUR)
    assert len({batch.to_json() for batch in sharing.requests[: TRIES + 1]}) == 1
    assert sorted(sharing.requests[0].uuids) == sorted(event.uuid for event in events)
    assert (await sharing.counts())["synced"] == 62
    state = sharing.sync.state
    assert (state.last_error, state.tries) == (None, 0)


async def test_batch_of_which_an_event_has_gone_is_another_batch(sharing: Listener) -> None:
    await sharing.does(rating(), implicit())
    sharing.transport.online = False
    with pytest.raises(SyncError):
        await sharing.sync.sync_now()
    [before] = [await sharing.sync.next_payload()]
    await sharing.store.claim(1, owner="another", now=sharing.clock.epoch())
    sharing.transport.online = True
    assert await sharing.sync.sync_now() == 1
    assert before is not None
    assert sharing.requests[0].batch_id != json.loads(before)["batchId"]


async def test_pauses_between_tries_double_with_jitter(sharing: Listener) -> None:
    await sharing.rates()
    sharing.serve = answer(500)
    at: list[float] = []

    def serve(_batch: AnonymisedBatch) -> Response:
        at.append(sharing.clock.now)
        return Response(500)

    sharing.serve = serve
    await sharing.clock.advance(2 * HOUR + 600)
    pauses = [after - before for before, after in pairwise(at)]
    assert 120 < pauses[0] < 150
    assert 240 < pauses[1] < 300
    assert pauses[2] == pytest.approx(HOUR)
    assert 120 < pauses[3] < 150
    assert pauses[3] != pauses[0]


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


@pytest.mark.parametrize("phase", range(0, 300, 20))
async def test_server_that_is_down_for_10_minutes_gets_at_most_3_requests(
    listener: Listener, phase: int
) -> None:
    """Whenever it goes down, at the shortest cadence, with an event every 2 s."""
    listener.sync.configure(SyncSettings(enabled=True, cadence=5))
    await listener.rates()
    await listener.clock.advance(300 + phase)
    answered = len(listener.requests)
    listener.serve = answer(503)
    for _ in range(300):
        await listener.rates()
        await listener.clock.advance(2)
    assert 1 <= len(listener.requests) - answered <= 3
    listener.serve = accept_all
    await listener.clock.advance(600)
    assert (await listener.counts())["synced"] == 301


async def test_no_10_minutes_of_a_long_outage_see_more_than_3_requests(listener: Listener) -> None:
    listener.sync.configure(SyncSettings(enabled=True, cadence=5))
    at: list[float] = []

    def serve(_batch: AnonymisedBatch) -> Response:
        at.append(listener.clock.now)
        return Response(503, {"retry-after": "1"})

    listener.serve = serve
    await listener.rates()
    await listener.clock.advance(24 * HOUR)
    assert len(at) > 24 * 10
    assert min(fourth - first for first, fourth in zip(at, at[3:], strict=False)) > 600


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
    with pytest.raises(SyncError, match="503"):
        await sharing.sync.sync_now()
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
    await sharing.clock.advance(HOUR + 150)
    assert len(sharing.requests) == 2
    assert len({batch.batch_id for batch in sharing.requests}) == 1
    assert (await sharing.counts())["synced"] == 3


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

    def serve(batch: AnonymisedBatch) -> Response:
        known = seen & {*batch.uuids}
        seen.update(batch.uuids)
        return results(**dict.fromkeys(known, "duplicate"))(batch)

    def serve_and_switch_off(batch: AnonymisedBatch) -> Response:
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


class Silent(MemoryTransport):
    """A line on which nothing is ever answered."""

    aborted = 0

    async def send(self, batch: AnonymisedBatch, *, timeout: float) -> Response:  # noqa: ARG002
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
    await settle()
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
    await settle()
    unheard.sync.configure(SyncSettings(enabled=False))
    for attempt in (first, second):
        with pytest.raises(SyncError, match="switched off"):
            await attempt
    assert len(unheard.requests) == 1


async def test_online_tries_again_at_once(sharing: Listener) -> None:
    await sharing.rates()
    sharing.transport.online = False
    await sharing.clock.advance(HOUR)
    assert sharing.sync.state.tries == 1
    sharing.transport.online = True
    for _ in range(3):  # As many tabs tell it.
        sharing.sync.line_is_back()
    await settle()
    assert len(sharing.requests) == 1
    assert (await sharing.counts())["synced"] == 1


async def test_online_hastens_nothing_that_was_not_held_up(sharing: Listener) -> None:
    await sharing.rates()
    sharing.sync.line_is_back()
    await settle()
    assert sharing.requests == []


async def test_online_does_not_cut_the_pause_that_the_server_asked_for(sharing: Listener) -> None:
    await sharing.rates()
    sharing.serve = answer(503, retry_after="900")
    with pytest.raises(SyncError):
        await sharing.sync.sync_now()
    sharing.serve = accept_all
    sharing.sync.line_is_back()
    await sharing.clock.advance(899)
    assert len(sharing.requests) == 1
    await sharing.clock.advance(1)
    assert len(sharing.requests) == 2


async def test_retry_after_as_a_date(sharing: Listener) -> None:
    """By the server's own clock, which is years off the listener's here."""
    await sharing.rates()
    dates = {"date": "Tue, 31 Jan 2012 12:00:00 GMT", "retry_after": "Tue, 31 Jan 2012 12:20:00 GMT"}
    sharing.serve = answer(429, **dates)
    with pytest.raises(SyncError) as caught:
        await sharing.sync.sync_now()
    assert caught.value.retry_after == 1200
    sharing.serve = accept_all
    await sharing.clock.advance(1199)
    assert len(sharing.requests) == 1
    await sharing.clock.advance(1)
    assert len(sharing.requests) == 2


async def test_next_engine_keeps_the_plan_and_the_pause(sharing: Listener) -> None:
    await sharing.rates()
    await sharing.clock.advance(HOUR / 2)
    sharing.serve = answer(503, retry_after="7200")
    with pytest.raises(SyncError):
        await sharing.sync.sync_now()
    await sharing.sync.aclose()
    sharing.serve = accept_all
    sharing.sync = sharing.client()
    sharing.sync.configure(ON)
    await settle()
    with pytest.raises(SyncError, match="another 7200 s"):
        await sharing.sync.sync_now()
    assert sharing.sync.state.tries == 1
    await sharing.clock.advance(7199)
    assert len(sharing.requests) == 1
    await sharing.clock.advance(1)
    assert len(sharing.requests) == 2


async def test_reloading_more_often_than_the_cadence_does_not_starve_it(sharing: Listener) -> None:
    await sharing.rates()
    await sharing.sync.sync_now()
    await sharing.rates()
    for _ in range(5):
        await sharing.clock.advance(HOUR / 4)
        await sharing.sync.aclose()
        sharing.sync = sharing.client()
        sharing.sync.configure(ON)
        await settle()
    await sharing.clock.advance(10)
    assert len(sharing.requests) == 2


async def test_switched_on_by_hand_waits_a_whole_cadence(sharing: Listener) -> None:
    """Whatever an engine before has planned: the listener may want to look first."""
    await sharing.rates()
    await sharing.sync.sync_now()
    await sharing.sync.aclose()
    await sharing.rates()
    await sharing.clock.advance(10 * HOUR)
    sharing.sync = sharing.client()
    sharing.sync.configure(SyncSettings(enabled=False))
    await settle()
    sharing.sync.configure(ON)
    await sharing.clock.advance(HOUR - 1)
    assert len(sharing.requests) == 1
    await sharing.clock.advance(1)
    assert len(sharing.requests) == 2


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
    await settle()
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
