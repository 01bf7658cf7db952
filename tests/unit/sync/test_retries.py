"""The sync client with a server that is down, busy, or faulty, and with engines that end and start."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from sidflow_feedback.errors import MAX_MESSAGE, SyncError
from sidflow_feedback.sync.deltas import AnonymizedBatch
from sidflow_feedback.sync.request_bound import TRIES
from sidflow_feedback.sync.transport import Response
from sidflow_feedback.sync.transport.memory import accept_all
from sidflow_feedback.sync.upload_queue import SyncSettings
from tests.contracts.samples import implicit, rating
from tests.unit.sync.sharing import HOUR, ON, Listener, answer, listener, results, sharing

__all__ = ["listener", "sharing"]


@pytest.mark.parametrize("body", [None, {}, {"results": None}, {"results": {"a": 1}}, {"results": "ok"}])
async def test_answer_of_another_server_counts_as_no_delivery(sharing: Listener, body: Any) -> None:
    await sharing.rates()
    sharing.serve = lambda _batch: Response(200, body=body)
    with pytest.raises(SyncError, match="did not come from a working sync server"):
        await sharing.sync.sync_now()
    assert (await sharing.counts())["pending"] == 1
    await sharing.clock.advance(600)
    assert len(sharing.requests) == TRIES


async def test_long_error_of_the_server_is_cut(sharing: Listener) -> None:
    await sharing.rates()
    sharing.serve = lambda _batch: Response(500, body={"error": {"message": "e" * 200_000}})
    with pytest.raises(SyncError) as caught:
        await sharing.sync.sync_now()
    assert len(str(caught.value)) == len(sharing.sync.state.last_error or "") == MAX_MESSAGE


@pytest.mark.parametrize("reason", ["r" * 200_000, {"r": "r" * 200_000}, 10**400])
async def test_reason_of_the_server_is_a_short_text(sharing: Listener, reason: Any) -> None:
    await sharing.rates()
    sharing.serve = lambda batch: Response(
        200,
        body={
            "batchId": batch.batch_id,
            "results": [{"uuid": batch.uuids[0], "status": "rejected", "reason": reason}],
        },
    )
    await sharing.sync.sync_now()
    [row] = await sharing.store.rows("rating", after=0, limit=9)
    assert isinstance(row.error, str)
    assert len(row.error) <= MAX_MESSAGE


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


async def test_batch_gets_a_new_id_when_one_of_its_events_is_gone(sharing: Listener) -> None:
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

    def serve(_batch: AnonymizedBatch) -> Response:
        at.append(sharing.clock.now() / 1000)
        return Response(500)

    sharing.serve = serve
    await sharing.clock.advance(2 * HOUR + 600)
    pauses = [after - before for before, after in pairwise(at)]
    assert 120 < pauses[0] < 150
    assert 240 < pauses[1] < 300
    assert pauses[2] == pytest.approx(HOUR)
    assert 120 < pauses[3] < 150
    assert pauses[3] != pauses[0]


@pytest.mark.parametrize(("status", "code"), [(400, "invalid_request"), (413, "body_too_large")])
async def test_refusal_of_our_server_is_final_and_not_repeated(
    sharing: Listener, status: int, code: str
) -> None:
    await sharing.rates()
    sharing.serve = answer(status, code)
    with pytest.raises(SyncError, match=str(status)):
        await sharing.sync.sync_now()
    sharing.serve = accept_all
    await sharing.clock.advance(3 * HOUR)
    assert len(sharing.requests) == 1
    assert (await sharing.counts())["failed"] == 1


async def test_no_event_is_lost_while_offline(sharing: Listener) -> None:
    events = await sharing.rates(60)
    sharing.transport.online = False
    await sharing.clock.advance(5 * HOUR + 30)
    assert sharing.sync.state.last_error == "The server can't be reached: the connection is down."
    assert (await sharing.counts())["pending"] == 60
    sharing.transport.online = True
    await sharing.clock.advance(HOUR)
    assert sorted(sharing.sent) == sorted(event.uuid for event in events)
    assert sharing.sync.state.last_error is None


@pytest.mark.parametrize("phase", range(0, 300, 20))
async def test_server_that_is_down_for_10_minutes_gets_at_most_3_requests(
    listener: Listener, phase: int
) -> None:
    """This holds at whatever moment it goes down, at the shortest cadence, with an event every 2 s."""
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

    def serve(_batch: AnonymizedBatch) -> Response:
        at.append(listener.clock.now() / 1000)
        return Response(503, {"retry-after": "1"})

    listener.serve = serve
    await listener.rates()
    await listener.clock.advance(24 * HOUR)
    assert len(at) > 24 * 10
    assert min(fourth - first for first, fourth in zip(at, at[3:], strict=False)) > 600


async def test_retry_after_applies_to_the_cadence_and_to_manual_syncs(listener: Listener) -> None:
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
async def test_malformed_retry_after_is_ignored(sharing: Listener, value: str) -> None:
    await sharing.rates()
    sharing.serve = answer(503, retry_after=value)
    with pytest.raises(SyncError, match="503"):
        await sharing.sync.sync_now()
    sharing.serve = accept_all
    await sharing.clock.advance(25 * HOUR)
    assert (await sharing.counts())["synced"] == 1


async def test_events_count_once_if_the_answer_gets_lost(sharing: Listener) -> None:
    """The server has the batch, and recognizes the retry by its ids."""
    known: set[str] = set()

    def serve(batch: AnonymizedBatch) -> Response:
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


async def test_online_tries_again_at_once(sharing: Listener) -> None:
    await sharing.rates()
    sharing.transport.online = False
    await sharing.clock.advance(HOUR)
    assert sharing.sync.state.tries == 1
    sharing.transport.online = True
    for _ in range(3):  # As many tabs tell it.
        sharing.sync.on_online()
    await sharing.clock.settle()
    assert len(sharing.requests) == 1
    assert (await sharing.counts())["synced"] == 1


async def test_online_does_not_hasten_a_request_that_was_not_delayed(sharing: Listener) -> None:
    await sharing.rates()
    sharing.sync.on_online()
    await sharing.clock.settle()
    assert sharing.requests == []


async def test_online_does_not_cut_the_pause_that_the_server_asked_for(sharing: Listener) -> None:
    await sharing.rates()
    sharing.serve = answer(503, retry_after="900")
    with pytest.raises(SyncError):
        await sharing.sync.sync_now()
    sharing.serve = accept_all
    sharing.sync.on_online()
    await sharing.clock.advance(899)
    assert len(sharing.requests) == 1
    await sharing.clock.advance(1)
    assert len(sharing.requests) == 2


async def test_retry_after_as_a_date(sharing: Listener) -> None:
    """The date is compared with the server's own clock, which differs by years from the listener's here."""
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


async def test_next_engine_keeps_the_schedule_and_the_requested_pause(sharing: Listener) -> None:
    await sharing.rates()
    await sharing.clock.advance(HOUR / 2)
    sharing.serve = answer(503, retry_after="7200")
    with pytest.raises(SyncError):
        await sharing.sync.sync_now()
    await sharing.sync.aclose()
    sharing.serve = accept_all
    sharing.sync = sharing.client()
    sharing.sync.configure(ON)
    await sharing.clock.settle()
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
        await sharing.clock.settle()
    await sharing.clock.advance(10)
    assert len(sharing.requests) == 2


async def test_sync_switched_on_by_the_listener_waits_a_whole_cadence(sharing: Listener) -> None:
    """An earlier engine's schedule does not apply: the listener may want to look at the preview first."""
    await sharing.rates()
    await sharing.sync.sync_now()
    await sharing.sync.aclose()
    await sharing.rates()
    await sharing.clock.advance(10 * HOUR)
    sharing.sync = sharing.client()
    sharing.sync.configure(SyncSettings(enabled=False))
    await sharing.clock.settle()
    sharing.sync.configure(ON)
    await sharing.clock.advance(HOUR - 1)
    assert len(sharing.requests) == 1
    await sharing.clock.advance(1)
    assert len(sharing.requests) == 2
