"""Clocks that jump by up to 10 years: sharing resumes within one cadence, and nothing stays claimed."""

from __future__ import annotations

import asyncio
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidflow_feedback.clock import ManualClock, SteadyTime
from sidflow_feedback.errors import SyncError
from sidflow_feedback.store import LEASE
from sidflow_feedback.sync.client import MIN_CLOCK_ERROR, SCHEDULE_NOTE
from sidflow_feedback.sync.deltas import AnonymizedBatch
from sidflow_feedback.sync.request_bound import SPAN, TRIES
from sidflow_feedback.sync.schedule import START_PAUSE
from sidflow_feedback.sync.transport import Response
from sidflow_feedback.sync.transport.memory import accept_all
from sidflow_feedback.types import Milliseconds
from tests.unit.sync.sharing import HOUR, ON, Listener, answer, listener, sharing

__all__ = ["listener", "sharing"]

MINUTE: Milliseconds = 60_000
YEAR: Milliseconds = 365 * 24 * 3600 * 1000
JUMPS = (-10 * YEAR, -YEAR, -300_000, 300_000, YEAR, 10 * YEAR)


async def pass_time(listener: Listener, seconds: float) -> None:
    await listener.clock.advance(seconds)
    while listener.sync.state.running:
        await listener.clock.settle()


async def restart(listener: Listener, jump: Milliseconds) -> None:
    """End the engine, and start another one, whose clocks have another origin."""
    await listener.sync.aclose()
    listener.clock = ManualClock(epoch=listener.clock.epoch() + jump)
    listener.sync = listener.client()
    await listener.store.recover(now=float("inf"))  # As the runtime does.
    listener.sync.configure(ON)
    await listener.clock.settle()


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("jump", JUMPS)
async def test_upload_that_failed_while_the_clock_was_wrong_is_repeated_within_a_cadence(
    sharing: Listener, jump: Milliseconds, restarts: bool
) -> None:
    await sharing.rates(3)
    sharing.clock.jump(jump)
    sharing.serve = answer(503)
    with pytest.raises(SyncError):
        await sharing.sync.sync_now()
    if restarts:
        await restart(sharing, -jump)
    else:
        sharing.clock.jump(-jump)
    sharing.serve = accept_all
    await pass_time(sharing, HOUR)
    assert (await sharing.counts())["synced"] == 3


@pytest.mark.parametrize("jump", JUMPS)
async def test_note_of_an_earlier_release_is_bounded(sharing: Listener, jump: Milliseconds) -> None:
    await sharing.rates()
    wrong = sharing.clock.epoch() + jump
    note = {"nextTime": wrong + 120_000, "notBefore": wrong, "tries": 1}
    await sharing.store.keep_note(SCHEDULE_NOTE, note)
    await restart(sharing, 0)
    if abs(jump) <= MINUTE * 5:
        await pass_time(sharing, HOUR)
    await pass_time(sharing, HOUR)
    assert (await sharing.counts())["synced"] == 1


@pytest.mark.parametrize("jump", JUMPS)
async def test_jump_while_a_request_is_in_progress_costs_nothing(
    sharing: Listener, jump: Milliseconds
) -> None:
    await sharing.rates(3)
    steady = SteadyTime(sharing.clock)

    def serve(batch: AnonymizedBatch) -> Response:
        sharing.clock.jump(jump)
        return accept_all(batch)

    sharing.serve = serve
    sending = asyncio.ensure_future(sharing.sync.sync_now())
    await sharing.clock.settle()
    await sharing.store.recover(now=steady.epoch())
    assert await sending == 3
    assert sharing.sync.state.next_time == sharing.clock.epoch() + HOUR * 1000


async def test_claims_of_an_engine_whose_clock_was_wrong_are_released(sharing: Listener) -> None:
    for jump in JUMPS:
        [event] = await sharing.rates()
        now = sharing.clock.epoch()
        await sharing.store.claim(9, owner="dead", now=now + jump)
        await sharing.store.recover(now=now + LEASE)
        assert (await sharing.counts())["processing"] == 0
        assert await sharing.sync.sync_now() == 1
        assert sharing.sent[-1] == event.uuid


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["jump", "restart", "pass", "fail", "online"]),
            st.floats(-10 * YEAR, 10 * YEAR),
        ),
        max_size=12,
    )
)
def test_sharing_resumes_within_a_cadence_after_any_jumps(steps: list[tuple[str, float]]) -> None:
    asyncio.run(_after_any_jumps(steps))


async def _after_any_jumps(steps: list[tuple[str, float]]) -> None:
    listener = Listener()
    listener.sync.configure(ON)
    listener.serve = answer(502)
    for step, size in steps:
        await listener.rates()
        if step == "jump":
            listener.clock.jump(size)
        elif step == "restart":
            await restart(listener, size)
        elif step == "pass":
            await pass_time(listener, abs(size) / YEAR * HOUR)
        elif step == "fail":
            with pytest.raises(SyncError):
                await listener.sync.sync_now()
        else:
            listener.sync.on_online()
            await listener.clock.settle()
    await listener.rates()
    listener.serve = accept_all
    await pass_time(listener, HOUR + START_PAUSE)
    assert set((await listener.counts()).values()) - {0} == {sum((await listener.counts()).values())}
    assert (await listener.counts())["pending"] == (await listener.counts())["processing"] == 0
    await listener.sync.aclose()


async def test_going_online_20_times_is_no_more_than_the_bound_of_requests(sharing: Listener) -> None:
    await sharing.rates()
    sharing.transport.online = False
    tries: list[float] = []
    send = sharing.transport.send

    async def counted(batch: AnonymizedBatch, *, timeout: float) -> Response:
        tries.append(sharing.clock.now() / 1000)
        return await send(batch, timeout=timeout)

    sharing.transport.send = counted  # type: ignore[method-assign]
    await pass_time(sharing, HOUR)
    for _ in range(200):
        sharing.sync.on_online()
        await pass_time(sharing, 20)
    assert len(tries) > TRIES
    spans = [later - first for first, later in zip(tries, tries[TRIES:], strict=False)]
    assert min(spans) >= SPAN - 1
    sharing.transport.online = True
    sharing.sync.on_online()
    await pass_time(sharing, SPAN)
    assert (await sharing.counts())["synced"] == 1


@pytest.mark.parametrize(
    ("error", "told"), [(0, False), (MINUTE * 4, False), (-MINUTE * 6, True), (10 * YEAR, True)]
)
async def test_date_of_the_server_tells_when_the_clock_is_wrong(
    sharing: Listener, error: Milliseconds, told: bool
) -> None:
    real = sharing.clock.epoch()
    date = formatdate(real / 1000, usegmt=True)
    sharing.clock.jump(error)
    sharing.serve = lambda batch: Response(200, {"date": date}, accept_all(batch).body)
    await sharing.rates()
    await sharing.sync.sync_now()
    found = sharing.sync.state.clock_error
    assert found == (pytest.approx(error, abs=1000) if told else None)
    assert told == (abs(error) >= MIN_CLOCK_ERROR)


async def test_date_of_anything_but_our_server_tells_nothing(sharing: Listener) -> None:
    await sharing.rates()
    date = "Tue, 31 Jan 2012 12:00:00 GMT"
    for serve in (answer(502, date=date), lambda _batch: Response(200, {"date": date}, None)):
        sharing.serve = serve
        with pytest.raises(SyncError):
            await sharing.sync.sync_now()
        assert sharing.sync.state.clock_error is None
    sharing.serve = answer(503, "database_unavailable", date=date)
    with pytest.raises(SyncError):
        await sharing.sync.sync_now()
    assert (sharing.sync.state.clock_error or 0) > 10 * YEAR
