"""The clock: the manual one, the machine's, and waiting for an event on either."""

from __future__ import annotations

import asyncio
import math
import time

import pytest

from sidflow_feedback.clock import Clock, ManualClock, SystemClock


async def test_time_stands_still_until_it_is_advanced() -> None:
    clock, woken = ManualClock(), []

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((seconds, clock.now()))

    tasks = [asyncio.create_task(sleep(seconds)) for seconds in (3, 1, 2)]
    await clock.advance(0.5)
    assert woken == []
    await clock.advance(2)
    assert woken == [(1, 1000), (2, 2000)]
    await clock.advance(8 * 3600)
    assert woken[-1] == (3, 3000)
    assert clock.now() == 2500 + 8 * 3_600_000
    await asyncio.gather(*tasks)


async def test_wall_clock_time_passes_with_the_monotonic_time() -> None:
    clock = ManualClock(epoch=5000)
    await clock.advance(3)
    clock.spend(250)
    assert (clock.now(), clock.epoch()) == (3250, 8250)


async def test_pauses_are_what_the_sleepers_still_have_to_wait() -> None:
    clock = ManualClock()
    tasks = [asyncio.create_task(clock.sleep(seconds)) for seconds in (9, 4)]
    await clock.advance(1)
    assert clock.pauses == [3, 8]
    tasks[1].cancel()
    await clock.settle()
    assert clock.pauses == [8]
    tasks[0].cancel()


def test_the_system_clock_reads_the_clocks_of_the_machine() -> None:
    clock, monotonic, epoch = SystemClock(), time.monotonic() * 1000, time.time() * 1000
    assert 0 <= clock.now() - monotonic < 1000
    assert 0 <= clock.epoch() - epoch < 1000


async def test_waiting_ends_when_the_event_is_set() -> None:
    clock, event = ManualClock(), asyncio.Event()
    waiting = asyncio.create_task(clock.wait(event, 60))
    await clock.advance(59)
    assert not waiting.done()
    event.set()
    await clock.settle()
    assert waiting.done()
    assert clock.pauses == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_waiting_ends_when_the_time_is_over() -> None:
    clock, event = ManualClock(), asyncio.Event()
    waiting = asyncio.create_task(clock.wait(event, 60))
    await clock.advance(60)
    assert waiting.done()
    assert not event.is_set()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_waiting_can_be_without_a_limit() -> None:
    clock, event = ManualClock(), asyncio.Event()
    waiting = asyncio.create_task(clock.wait(event, math.inf))
    await clock.advance(1e9)
    assert not waiting.done()
    event.set()
    await waiting


@pytest.mark.parametrize("clock", [ManualClock(), SystemClock()])
@pytest.mark.parametrize("seconds", [60, math.inf])
async def test_waiting_that_is_canceled_leaves_no_task(clock: Clock, seconds: float) -> None:
    waiting = asyncio.create_task(clock.wait(asyncio.Event(), seconds))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_system_clock_waits_for_an_event_or_for_so_long() -> None:
    clock, event = SystemClock(), asyncio.Event()
    before = clock.now()
    await clock.wait(event, 0.02)
    assert clock.now() - before >= 19
    event.set()
    await clock.wait(event, 3600)
