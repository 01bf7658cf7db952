"""Refusals: only our own server's fail an event, and a bad event costs no other one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from sidflow_feedback.errors import SyncError
from sidflow_feedback.events import RatingEvent
from sidflow_feedback.store import StoredEvent
from sidflow_feedback.sync.deltas import AnonymizedBatch
from sidflow_feedback.sync.transport import Response
from sidflow_feedback.sync.transport.memory import accept_all
from tests.contracts.samples import implicit, rating, track
from tests.unit.sync.sharing import HOUR, Listener, Serve, answer, listener, sharing

__all__ = ["listener", "sharing"]

FOREIGN = (400, 401, 403, 404, 405, 410, 413, 415, 422, 451, 500, 502, 503)


def refusing(bad: set[str], refusal: Serve) -> Serve:
    """Refuse every batch that has one of these events, and accept all others."""
    return lambda batch: refusal(batch) if bad & {*batch.uuids} else accept_all(batch)


def html(status: int) -> Serve:
    return lambda _batch: Response(status, {"content-type": "text/html"}, None)


async def pass_time(listener: Listener, hours: float) -> None:
    await listener.clock.advance(hours * HOUR)
    while listener.sync.state.running:
        await listener.clock.settle()


async def rows(listener: Listener, status: str) -> list[StoredEvent]:
    return [row for row in await listener.store.rows("rating") if row.status == status]


@pytest.mark.parametrize("status", FOREIGN)
@pytest.mark.parametrize("made", [html, answer], ids=["html", "foreign JSON"])
async def test_what_is_not_our_server_fails_nothing(
    sharing: Listener, status: int, made: Callable[[int], Serve]
) -> None:
    await sharing.rates(60)
    sharing.serve = made(status)
    await pass_time(sharing, 24)
    assert (await sharing.counts())["failed"] == 0
    assert len(sharing.requests) <= 24 * 3 + 3
    sharing.serve = accept_all
    await pass_time(sharing, 3)
    assert (await sharing.counts())["synced"] == 60


@pytest.mark.parametrize("place", [0, 24, 49])
@pytest.mark.parametrize("refusal", [answer(400, "invalid_request"), answer(413, "body_too_large")])
async def test_refused_event_fails_alone_and_at_once(sharing: Listener, place: int, refusal: Serve) -> None:
    events = await sharing.rates(70)
    bad = events[place]
    sharing.serve = refusing({bad.uuid}, refusal)
    assert await sharing.sync.sync_now() == 69
    [row] = await rows(sharing, "failed")
    assert row.event == bad
    assert "because" in (row.error or "")
    assert len(sharing.requests) < 30
    assert len({batch.batch_id for batch in sharing.requests}) == len(sharing.requests)


@pytest.mark.parametrize("place", [0, 24, 49])
async def test_event_with_which_our_server_always_fails_holds_up_no_other(
    sharing: Listener, place: int
) -> None:
    events = await sharing.rates(70)
    bad = events[place]
    sharing.serve = refusing({bad.uuid}, answer(500, "internal_error"))
    await pass_time(sharing, 24)
    assert (await sharing.counts())["synced"] == 69
    assert len(sharing.requests) < 40
    await sharing.rates(1)  # Shows that the server works.
    await pass_time(sharing, 4)
    [row] = await rows(sharing, "failed")
    assert row.event == bad


async def test_event_that_a_proxy_refuses_waits_behind_all_others(sharing: Listener) -> None:
    events = await sharing.rates(70)
    bad = {events[0].uuid, events[30].uuid}
    sharing.serve = refusing(bad, html(403))
    for _ in range(10):
        await pass_time(sharing, 24)
        await sharing.rates(3)
    await pass_time(sharing, 24)
    counts = await sharing.counts()
    assert (counts["synced"], counts["pending"], counts["failed"]) == (98, 2, 0)
    sharing.serve = accept_all
    await pass_time(sharing, 24)
    assert (await sharing.counts())["synced"] == 100


async def test_server_that_fails_for_a_day_fails_nothing(sharing: Listener) -> None:
    """Its errors are our own, but no event was taken meanwhile that would show that one is at fault."""
    await sharing.rates(60)
    sharing.serve = answer(500, "internal_error")
    await pass_time(sharing, 48)
    assert await sharing.counts() == {"pending": 60, "processing": 0, "synced": 0, "failed": 0}
    sharing.serve = accept_all
    await pass_time(sharing, 3)
    assert (await sharing.counts())["synced"] == 60


async def test_server_that_refuses_everything_fails_few_events_and_is_asked_seldom(sharing: Listener) -> None:
    await sharing.rates(60)
    sharing.serve = answer(400, "invalid_request")
    with pytest.raises(SyncError, match="because"):
        await sharing.sync.sync_now()
    assert (await sharing.counts())["failed"] <= 2
    assert len(sharing.requests) <= 8
    for _ in range(3):
        before = len(sharing.requests)
        await pass_time(sharing, 1)
        assert len(sharing.requests) - before <= 2


async def test_failed_events_can_be_sent_again(sharing: Listener) -> None:
    [bad, *_] = await sharing.rates(3)
    sharing.serve = refusing({bad.uuid}, answer(400, "invalid_request"))
    assert await sharing.sync.sync_now() == 2
    assert await sharing.store.resend([bad.uuid]) == 1
    sharing.serve = accept_all
    assert await sharing.sync.sync_now() == 1


async def test_reused_batch_id_costs_no_event(sharing: Listener) -> None:
    await sharing.rates(5)
    ids: set[str] = set()

    def serve(batch: AnonymizedBatch) -> Response:
        ids.add(batch.batch_id)
        return answer(400, "batch_reused")(batch) if len(ids) == 1 else accept_all(batch)

    sharing.serve = serve
    await pass_time(sharing, 2)
    assert (await sharing.counts())["synced"] == 5


@pytest.mark.parametrize(
    "item_id", ["Demo/\ud800.sid", "\udfff", "/home/me/a.sid", "a\x00b", "", "x" * 300, "../a.sid"]
)
async def test_event_whose_delta_cannot_be_made_fails_alone(sharing: Listener, item_id: str) -> None:
    bad = rating(track=track(item_id=item_id))
    await sharing.does(bad, rating(), implicit())
    assert await sharing.sync.sync_now() == 2
    [row] = await rows(sharing, "failed")
    assert row.event.uuid == bad.uuid
    for batch in sharing.requests:
        batch.to_json().encode()


async def test_event_with_odd_features_fails_alone(sharing: Listener) -> None:
    odd = [rating(track=track(features={"bpm": value})) for value in (float("nan"), object(), {1, 2})]
    kept = rating()
    sharing.store.claim = sharing.store.due = _handing_out([*odd, kept])  # type: ignore[assignment, method-assign]
    with contextlib.suppress(Exception):  # The store doesn't know these events.
        await sharing.sync.sync_now()
    shown = await sharing.sync.next_payload()
    assert shown is not None
    assert kept.uuid in shown


def _handing_out(events: list[RatingEvent]) -> Callable[..., object]:
    async def hand_out(*_args: object, **_options: object) -> list[RatingEvent]:
        return events

    return hand_out


async def test_answers_are_recognized_whatever_the_case_of_a_uuid(sharing: Listener) -> None:
    loud = rating(uuid="ABCDEF01-2345-4678-9ABC-DEF012345678")
    await sharing.does(loud)

    def serve(batch: AnonymizedBatch) -> Response:
        results = [{"uuid": name.lower(), "status": "accepted"} for name in batch.uuids]
        return Response(200, body={"results": results})

    sharing.serve = serve
    assert await sharing.sync.sync_now() == 1
    assert await sharing.sync.sync_now() == 0
