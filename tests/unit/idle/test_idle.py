"""Idle slots: the manual clock, slices, and the share of the processor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import pytest

from sidflow_feedback.idle import IdleClock, Steps, page
from sidflow_feedback.idle.manual import ManualIdleClock
from sidflow_feedback.idle.meter import CpuMeter
from sidflow_feedback.idle.page import PageIdleClock
from sidflow_feedback.idle.slots import CPU_SHARE, SLICE, Slots
from sidflow_feedback.vocabulary import Post, Publication


class Work:
    """Steps of known cost, and the times at which they ended."""

    def __init__(self, clock: ManualIdleClock, costs: list[float]) -> None:
        self.clock = clock
        self.costs = costs
        self.ended: list[float] = []

    def steps(self) -> Generator[None, None, str]:
        for cost in self.costs:
            self.clock.spend(cost)
            self.ended.append(self.clock.now())
            yield
        return "done"


def most_in_a_minute(work: Work) -> float:
    """Return the largest share of the processor over any rolling 60 s."""
    ended, used = np.array(work.ended), np.cumsum([0.0, *work.costs[: len(work.ended)]])
    first = np.searchsorted(ended, ended - 60_000, side="right")
    return float((used[1:] - used[first]).max()) / 60_000


def test_both_idle_clocks_have_the_protocol() -> None:
    clocks: list[IdleClock] = [ManualIdleClock(), PageIdleClock(PageChannel())]
    assert all(clock.withheld is None for clock in clocks)


async def test_slots_are_granted_one_by_one() -> None:
    clock = ManualIdleClock()
    slot = asyncio.create_task(clock.slot())
    await clock.advance(100)
    assert not slot.done()
    assert clock.waiting == 1
    await clock.grant(12)
    assert slot.result().length == 12
    assert clock.waiting == 0


async def test_slots_are_granted_automatically() -> None:
    clock = ManualIdleClock(grant=50, every=2)
    slot = asyncio.create_task(clock.slot())
    await clock.advance(1.9)
    assert not slot.done()
    await clock.advance(0.2)
    assert slot.result().length == 50


async def test_result_of_the_work_is_returned() -> None:
    clock = ManualIdleClock(grant=50)
    work = Work(clock, [1.0] * 100)
    running = asyncio.create_task(Slots(clock).run(work.steps()))
    await clock.advance(60)
    assert await running == "done"


@pytest.mark.parametrize("cost", [0.1, 0.7, 2.9, 4.0])
async def test_slice_is_short_whatever_a_step_costs(cost: float) -> None:
    clock = ManualIdleClock()
    work = Work(clock, [cost] * 200)
    running = asyncio.create_task(Slots(clock).run(work.steps()))
    await clock.advance(0)
    slices = []
    while not running.done():
        before = clock.now()
        await clock.grant(50)
        slices.append(clock.now() - before)
        await clock.advance(1)
    assert max(slices[1:]) <= SLICE
    assert min(slices[1:-1]) > SLICE / 4


async def test_short_slot_is_not_exceeded() -> None:
    clock = ManualIdleClock()
    running = asyncio.create_task(Slots(clock).run(Work(clock, [0.5] * 50).steps()))
    await clock.advance(0)
    slices = []
    while not running.done():
        before = clock.now()
        await clock.grant(2)
        slices.append(clock.now() - before)
    assert max(slices) <= 2


@pytest.mark.parametrize("cost", [0.2, 0.8, 6.0])
async def test_the_share_of_the_processor_stays_under_5_percent(cost: float) -> None:
    clock = ManualIdleClock(grant=50, every=0.01)
    work, slots = Work(clock, [cost] * int(8000 / cost)), Slots(clock)
    running = asyncio.create_task(slots.run(work.steps()))
    shares = []
    while not running.done():
        await clock.advance(1)
        shares.append(slots.cpu_share)
    assert 0.8 * CPU_SHARE < most_in_a_minute(work) < CPU_SHARE
    assert 0.8 * CPU_SHARE < max(shares) < CPU_SHARE
    assert clock.now() > 60_000


@pytest.mark.parametrize("cost", [0.5, 4.0])
async def test_share_includes_the_cost_of_slots(cost: float) -> None:
    clock = ManualIdleClock(grant=50, every=0.01, cost=cost)
    work = Work(clock, [3.0] * 4000)
    running = asyncio.create_task(Slots(clock).run(work.steps()))
    await clock.advance(180)
    assert not running.done()
    assert 0.8 * CPU_SHARE < (1 + cost / 3) * most_in_a_minute(work) < CPU_SHARE


def test_charged_work_counts_even_if_it_fails() -> None:
    clock = ManualIdleClock()
    slots = Slots(clock)

    @slots.charged()
    def fail() -> None:
        clock.spend(600)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert slots.cpu_share == pytest.approx(0.01)


async def test_one_slow_step_does_not_make_all_later_slices_short() -> None:
    clock = ManualIdleClock(grant=50)
    work = Work(clock, [0.5] * 20 + [200.0] + [0.5] * 1000)
    running = asyncio.create_task(Slots(clock).run(work.steps()))
    await clock.advance(6)
    assert running.done()


async def test_the_first_step_of_its_kind_has_a_slice_to_itself() -> None:
    clock = ManualIdleClock()

    def work() -> Steps[None]:
        for kind, cost in (("cheap", 0.1), ("dear", 0.1), ("dear", 7.5), ("dear", 7.5), (None, 7.5)):
            clock.spend(cost)
            yield kind

    running, slices = asyncio.create_task(Slots(clock).run(work())), []
    await clock.advance(0)
    while not running.done():
        before = clock.now()
        await clock.grant(50)
        slices.append(clock.now() - before)
    assert slices == pytest.approx([0.1, 0.1, 7.5, 7.5, 7.5, 0])


async def test_pause_holds_between_two_slices() -> None:
    clock = ManualIdleClock()
    work, slots = Work(clock, [1.0] * 100), Slots(clock)
    running = asyncio.create_task(slots.run(work.steps()))
    await clock.advance(0)
    await clock.grant(8)
    done = len(work.ended)
    assert done > 0
    slots.pause()
    await clock.grant(8)
    await clock.advance(10)
    assert slots.paused
    assert len(work.ended) == done
    slots.resume()
    await clock.advance(0)
    await clock.grant(8)
    assert len(work.ended) > done
    running.cancel()


async def test_error_in_the_work_is_raised() -> None:
    def broken() -> Generator[None, None, None]:
        yield
        raise ZeroDivisionError

    clock = ManualIdleClock(grant=50)
    running = asyncio.create_task(Slots(clock).run(broken()))
    await clock.advance(1)
    with pytest.raises(ZeroDivisionError):
        await running


def test_the_meter_forgets_after_a_minute() -> None:
    meter = CpuMeter(0.05)
    meter.add(1000, 600)
    assert meter.share(1000) == pytest.approx(0.01)
    assert meter.share(60_999) == pytest.approx(0.01)
    assert meter.share(61_000) == 0


def test_the_meter_says_how_long_to_wait() -> None:
    meter = CpuMeter(0.05)
    for end, used in ((1000, 1000), (2000, 1500), (3000, 400)):
        meter.add(end, used)
    assert meter.wait(5000, 50) <= 0
    assert meter.wait(5000, 200) == 56_000
    assert meter.wait(5000, 1500) == 57_000


class PageChannel:
    """A channel to a page that answers as the test wants."""

    def __init__(self) -> None:
        self.requests: list[int] = []
        self.repeated = asyncio.Event()
        self.answer: Callable[[dict[str, Any]], None] = lambda _grant: None

    def publish(self, kind: str, value: Any = None) -> None:
        assert kind == Publication.IDLE_WANTED
        self.requests.append(value)
        if len(self.requests) > 2:
            self.repeated.set()

    def on(self, kind: str, listener: Callable[[Any], None]) -> None:
        assert kind == Post.IDLE_GRANTED
        self.answer = listener


async def test_the_page_grants_the_slot_that_was_requested() -> None:
    channel = PageChannel()
    clock = PageIdleClock(channel)
    slot = asyncio.create_task(clock.slot())
    await asyncio.sleep(0)
    channel.answer({"id": 0, "milliseconds": 99, "waited": 0})
    channel.answer({"id": channel.requests[-1], "milliseconds": 12, "waited": 0})
    assert (await slot).length == 12.0


async def test_cost_of_a_slot_is_that_of_most_messages_without_the_page_s_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr(PageIdleClock, "now", lambda _clock: now)
    channel = PageChannel()
    clock, costs = PageIdleClock(channel), []
    for messages, waited in ((1.0, 50.0), (2.0, 900.0), (1.0, 0.0), (400.0, 20.0), (1.0, 7.0), (300.0, 7.0)):
        slot = asyncio.create_task(clock.slot())
        await asyncio.sleep(0)
        now += messages + waited
        channel.answer({"id": channel.requests[-1], "milliseconds": 5, "waited": waited})
        costs.append((await slot).cost)
    assert costs == [1.0] * 6


async def test_a_slot_is_requested_again_without_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page, "GRANT_TIMEOUT", 0.01)
    channel = PageChannel()
    slot = asyncio.create_task(PageIdleClock(channel).slot())
    await channel.repeated.wait()
    channel.answer({"id": channel.requests[0], "milliseconds": 50, "waited": 0})  # Comes too late.
    while not slot.done():  # Each request may be given up before its answer arrives.
        channel.answer({"id": channel.requests[-1], "milliseconds": 7, "waited": 0})
        await asyncio.sleep(0)
    assert (await slot).length == 7.0


async def test_the_page_can_withhold_slots_and_the_reason_is_published() -> None:
    channel, changes = PageChannel(), []
    clock = PageIdleClock(channel)
    clock.on_change = lambda: changes.append(clock.withheld)
    slot = asyncio.create_task(clock.slot())
    await asyncio.sleep(0)
    for _ in range(2):
        channel.answer({"id": channel.requests[-1], "withheld": "the battery is low"})
    assert not slot.done()
    channel.answer({"id": channel.requests[-1], "milliseconds": 5, "waited": 0})
    assert (await slot).length == 5.0
    assert changes == ["the battery is low", None]
