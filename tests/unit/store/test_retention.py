"""Retention: nothing is removed that was not seen to age, whatever the wall clock shows."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from sidflow_feedback.clock import ManualClock
from sidflow_feedback.events import Event
from sidflow_feedback.store import SYNCED_RETENTION, Outcome
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.store.retention import DAY, SAVE_INTERVAL, Retention
from tests.contracts.samples import NOON, implicit

YEAR = 365 * DAY


class Browser:
    """A store, and engines one after another, beside a clock that is right."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.clock = ManualClock(epoch=NOON)
        self.retention = Retention(self.store, self.clock)
        self.time = 0.0
        self.stored_at: dict[str, float] = {}

    async def play(self) -> Event:
        event = implicit(action="skip", timestamp=int(max(0, self.clock.epoch())))
        await self.store.add([event])
        await self.store.claim(9, owner="a", now=0, only=[event.uuid])
        await self.store.settle([Outcome(uuid=event.uuid, status="synced")], owner="a", now=0)
        self.stored_at[event.uuid] = self.time
        return event

    async def run(self, milliseconds: float, steps: int = 4) -> None:
        """Let an engine run."""
        for _ in range(steps):
            self.time += milliseconds / steps
            await self.clock.advance(milliseconds / steps / 1000)
            await self.tidy()

    async def stay_closed(self, milliseconds: float, jump: float = 0) -> None:
        """End the engine; start another one later. Its clock shows another time if it has jumped."""
        self.time += milliseconds
        self.clock = ManualClock(epoch=self.clock.epoch() + milliseconds + jump)
        self.retention = Retention(self.store, self.clock)
        await self.tidy()

    async def hear_of_the_server(self) -> None:
        self.retention.on_date(NOON + self.time)
        await self.tidy()

    async def tidy(self) -> None:
        await self.retention.prune()
        kept = {event.uuid for event in await self.store.implicit(9999)}
        gone = {uuid: at for uuid, at in self.stored_at.items() if uuid not in kept}
        assert all(self.time - at >= SYNCED_RETENTION for at in gone.values())

    async def kept(self) -> set[str]:
        return {event.uuid for event in await self.store.implicit(9999)}


async def test_plays_are_removed_after_30_days_of_an_engine() -> None:
    browser = Browser()
    old = await browser.play()
    await browser.run(5 * DAY, 20)
    new = await browser.play()
    await browser.run(27 * DAY, 100)
    assert await browser.kept() == {new.uuid}
    assert old.uuid in browser.stored_at


async def test_days_between_two_answers_of_the_server_count_while_the_page_is_closed() -> None:
    browser = Browser()
    await browser.hear_of_the_server()
    await browser.play()
    for _ in range(33):
        await browser.run(SAVE_INTERVAL)
        await browser.stay_closed(DAY)
        await browser.hear_of_the_server()
    assert await browser.kept() == set()


async def test_days_that_only_the_clock_has_seen_do_not_count() -> None:
    browser = Browser()
    played = await browser.play()
    for jump in (40 * DAY, -10 * YEAR, 10 * YEAR):
        browser.clock.jump(jump)
        await browser.run(DAY)
        await browser.stay_closed(DAY, jump=jump)
    assert await browser.kept() == {played.uuid}


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["jump", "run", "close", "server", "play"]),
            st.floats(0, 40 * DAY),
            st.floats(-10 * YEAR, 10 * YEAR),
        ),
        max_size=25,
    )
)
def test_nothing_is_removed_that_was_not_there_for_30_days(steps: list[tuple[str, float, float]]) -> None:
    asyncio.run(_whatever_happens(steps))


async def _whatever_happens(steps: list[tuple[str, float, float]]) -> None:
    browser = Browser()
    for step, time, jump in steps:
        if step == "jump":
            browser.clock.jump(jump)
        elif step == "run":
            await browser.run(time)
        elif step == "close":
            await browser.stay_closed(time, jump)
        elif step == "server":
            await browser.hear_of_the_server()
        else:
            await browser.play()
