"""The engine with clocks that are wrong, in the page and in the engine itself."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from sidflow_feedback.learning.global_model import FIRST_RETRY, INTERVAL
from sidflow_feedback.learning.judgments import Judgments
from sidflow_feedback.store import KINDS, SYNCED_RETENTION, Outcome
from sidflow_feedback.sync.deltas import AnonymizedBatch
from sidflow_feedback.sync.request_bound import SPAN, TRIES
from sidflow_feedback.sync.transport import Response
from sidflow_feedback.types import Record
from sidflow_feedback.vocabulary import Request
from tests.unit.engine.test_runtime import Engine, engine, learn, rating

__all__ = ["engine"]

MINUTE = 60_000
YEAR = 365 * 24 * 60 * MINUTE
JUMPS = (-10 * YEAR, -5 * MINUTE, 5 * MINUTE, 40 * 24 * 60 * MINUTE, 10 * YEAR)


def judged(engine: Engine, jump: float = 0, **fields: Any) -> Record:
    """Return an event of a page whose clock is ahead of the engine's."""
    return rating(timestamp=int(engine.clock.epoch() + jump), **fields)


async def train(engine: Engine) -> None:
    training = asyncio.ensure_future(engine.client.ask(Request.TRAIN))
    await engine.pass_time(30)
    await training


def liked(engine: Engine, action: str, jump: float = 0) -> Record:
    event = judged(engine, jump, kind="implicit", action=action)
    del event["ratings"]
    return event


@pytest.mark.parametrize("jump", JUMPS)
async def test_undo_is_whole_in_the_model_whatever_the_time_of_the_event(engine: Engine, jump: float) -> None:
    await learn(engine)
    odd = judged(engine, jump, sidPath="Demo/Odd.sid", ratings={"p": 5})
    engine.pages.say("events", [odd])
    await engine.pass_time()
    await train(engine)
    assert engine.runtime.trainer.model.version == "local-2"
    engine.pages.say("forget", [odd["uuid"]])
    await engine.clock.settle()
    assert [one["version"] for one in await engine.store.snapshots()] == ["local-1"]
    assert engine.runtime.trainer.model.version == "local-1"


@pytest.mark.parametrize("jump", JUMPS)
async def test_undo_of_what_came_later_costs_no_model(engine: Engine, jump: float) -> None:
    await learn(engine)
    await engine.client.ask(Request.CONFIGURE, {"training": False})
    later = judged(engine, jump)
    engine.pages.say("events", [later])
    await engine.pass_time()
    engine.pages.say("forget", [later["uuid"]])
    await engine.clock.settle()
    assert engine.runtime.trainer.model.version == "local-1"


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("newer", ["like", "dislike", "rating"])
async def test_the_newer_opinion_wins_whatever_the_clock_showed(
    engine: Engine, jump: float, newer: str
) -> None:
    """Each opinion is the opposite of the one before, which the page made with its clock ahead or behind."""
    good, bad = {"e": 3, "p": 5}, {"e": 3, "p": 1}
    older = liked(engine, "dislike" if newer == "like" else "like", jump)
    last = judged(engine, ratings=bad) if newer == "rating" else liked(engine, newer)
    engine.pages.say("events", [judged(engine, jump, ratings=bad if newer == "like" else good)])
    await engine.pass_time()
    engine.pages.say("events", [older])
    await engine.pass_time()
    engine.pages.say("events", [last])
    await engine.pass_time()
    judgments = Judgments()
    for kind in KINDS:
        for event in await engine.store.newest(kind, limit=99):
            judgments.take(event, engine.clock.epoch())
    label, _ = judgments.label("p", engine.clock.epoch())
    assert (label > 3) == (newer == "like")


@pytest.mark.parametrize("jump", JUMPS)
async def test_what_was_not_learned_is_learned_by_the_next_engine(engine: Engine, jump: float) -> None:
    await learn(engine)
    await engine.client.ask(Request.CONFIGURE, {"training": False})
    engine.pages.say("events", [judged(engine, jump, sidPath="Demo/New.sid")])
    await engine.pass_time()
    await engine.runtime.trainer.restore()
    assert engine.runtime.trainer._has_news
    await engine.client.ask(Request.CONFIGURE, {"training": True})
    await train(engine)
    await engine.runtime.trainer.restore()
    assert not engine.runtime.trainer._has_news


@pytest.mark.parametrize("jump", JUMPS)
async def test_jump_prunes_nothing_and_releases_what_is_sent(engine: Engine, jump: float) -> None:
    skips = [liked(engine, "skip", age) for age in (-SYNCED_RETENTION, -MINUTE, 0)]
    engine.pages.say("events", [*skips, liked(engine, "like"), judged(engine)])
    await engine.pass_time()
    claimed = await engine.store.claim(9, owner="dead", now=engine.clock.epoch())
    synced = [Outcome(uuid=event.uuid, status="synced") for event in claimed if event.kind == "implicit"]
    await engine.store.settle(synced, owner="dead", now=engine.clock.epoch())
    engine.clock.jump(jump)
    await engine.pass_time(120)
    counts = await engine.store.counts()
    assert (counts.implicit["synced"], counts.ratings["pending"]) == (4, 1)


async def test_online_20_times_asks_for_the_model_no_more_than_the_bound_allows(engine: Engine) -> None:
    await engine.pass_time()
    await engine.pass_time(SPAN)
    for online in (True, False):
        engine.transport.online = online
        engine.transport.model_requests.clear()
        for _ in range(20):
            engine.runtime.on_online()
            await engine.pass_time(1)
        assert len(engine.transport.model_requests) <= TRIES
        await engine.pass_time(SPAN)
    engine.transport.online = True
    await engine.pass_time(INTERVAL)
    assert engine.runtime.trainer.base.version == "global-1"


async def test_request_for_the_model_that_fails_in_an_unforeseen_way_is_repeated(engine: Engine) -> None:
    fetch = engine.transport.fetch_model

    async def broken(**_options: object) -> Response:
        raise ZeroDivisionError("unforeseen")

    engine.transport.fetch_model = broken  # type: ignore[method-assign]
    engine.runtime.on_online()
    await engine.pass_time()
    assert "unforeseen" in engine.pages.last("state")["problem"]
    engine.transport.fetch_model = fetch  # type: ignore[method-assign]
    await engine.pass_time(FIRST_RETRY + 1)
    assert engine.pages.last("state")["problem"] is None


async def test_refused_events_are_listed_with_the_reason_and_sent_again(engine: Engine) -> None:
    good, bad = rating(), rating(uuid=str(uuid.uuid4()).upper())

    def serve(batch: AnonymizedBatch) -> Response:
        statuses = {bad["uuid"].lower(): "rejected"}
        results = [
            {"uuid": name, "status": statuses.get(name, "accepted"), "reason": "it is strange"}
            for name in batch.uuids
        ]
        return Response(200, body={"results": results})

    engine.transport._server = serve
    await engine.client.ask(Request.CONFIGURE, {"sync": True})
    engine.pages.say("events", [good, bad])
    await engine.pass_time()
    assert "1 events" in await engine.client.ask(Request.SYNC)
    [row] = await engine.client.ask(Request.FAILED, 9)
    assert (row["uuid"], row["lastError"]) == (bad["uuid"].lower(), "it is strange")
    assert await engine.client.ask(Request.RESEND, [good["uuid"]]) == "0 events go with the next upload."
    assert await engine.client.ask(Request.RESEND, None) == "1 event goes with the next upload."
    assert await engine.client.ask(Request.FAILED, 9) == []
