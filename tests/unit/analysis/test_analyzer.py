"""Feature analysis: its results, its order, and its limits."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Coroutine
from typing import Any

import numpy as np
import pytest

from sidflow_feedback.analysis.analyzer import Analyzer
from sidflow_feedback.analysis.embedding import embed, quantize
from sidflow_feedback.idle.manual import ManualIdleClock
from sidflow_feedback.idle.meter import CpuMeter
from sidflow_feedback.idle.slots import CPU_SHARE, TARGET_SHARE, Slots
from sidflow_feedback.types import SongAnalysis
from sidflow_feedback.vocabulary import FEATURE_NAMES
from tests.unit.analysis.pretended_sound import PretendedSound
from tests.unit.analysis.synthetic_trace import Driver, Voice


class Desk:
    """A measurer and what it stands on."""

    def __init__(self, **sound: Any) -> None:
        self.clock = ManualIdleClock(grant=50, every=0.005)
        self.meter = CpuMeter(TARGET_SHARE)
        self.slots = Slots(self.clock, self.meter)
        self.sound = PretendedSound(self.clock, **sound)
        self.analyzer = Analyzer(self.slots, self.sound)

    def begin(self, tune: str, *, urgent: bool = False) -> asyncio.Task[SongAnalysis | None]:
        return asyncio.create_task(self.analyzer.analyze(tune, song=1, duration=90.0, urgent=urgent))

    async def found(self, measuring: Coroutine[Any, Any, SongAnalysis | None]) -> SongAnalysis | None:
        task = asyncio.create_task(measuring)
        while not task.done():
            await self.clock.advance(1)
        return task.result()

    async def of(self, tune: str) -> SongAnalysis | None:
        return await self.found(self.analyzer.analyze(tune, song=1, duration=90.0))

    def share(self) -> float:
        """Return the largest share that other threads' work has had of any 60 s."""
        ended = np.array([at for at, _ in self.sound.spent])
        used = np.cumsum([0.0, *(cost for _, cost in self.sound.spent)])
        first = np.searchsorted(ended, ended - 60_000, side="right")
        return float((used[1:] - used[first]).max()) / 60_000


async def test_a_song_is_described_by_its_features() -> None:
    found = await Desk().of("tune")
    assert found is not None
    assert found["features"] is not None
    assert tuple(found["features"]) == FEATURE_NAMES
    assert found["features"]["duration"] == 90
    assert (found["length"], found["problem"]) == (None, None)


async def test_a_song_is_embedded_by_its_trace() -> None:
    driver = Driver([Voice(notes=(60, 64, 67))])
    found = await Desk(trace=driver.to_bytes()).of("tune")
    assert found is not None
    assert base64.b64decode(found["embedding"] or "") == quantize(embed(driver.play())).tobytes()
    unwritten = await Desk().of("tune")
    assert unwritten is not None
    assert unwritten["features"]
    assert unwritten["embedding"] is None


async def test_a_song_that_ends_has_a_length_and_that_duration() -> None:
    found = await Desk(seconds=9, end=2.5).of("tune")
    assert found is not None
    assert found["features"] is not None
    assert (found["length"], found["problem"]) == (2.5, None)
    assert found["features"]["duration"] == 2.5


async def test_of_an_effect_of_a_moment_the_length_is_known() -> None:
    found = await Desk(seconds=7, end=0.3).of("tune")
    assert found is not None
    assert found["features"] is not None
    assert found["length"] == 0.3
    assert found["features"]["duration"] == 0.3


async def test_what_is_silent_or_broken_has_no_features_but_a_reason() -> None:
    silent = await Desk(has_sound=False).of("tune")
    nothing = {"length": None, "features": None, "embedding": None}
    assert silent == {**nothing, "problem": "The first 20 s are silent."}
    broken = await Desk(problem="This is no SID file.").of("tune")
    assert broken == {**nothing, "problem": "This is no SID file."}


async def test_the_tune_that_plays_comes_first() -> None:
    desk = Desk()
    other = desk.begin("other")
    await desk.clock.advance(0.5)
    assert not other.done()
    urgent = desk.begin("mine", urgent=True)
    await desk.clock.advance(0)
    assert other.done()
    assert other.result() is None
    while not urgent.done():
        await desk.clock.advance(1)
    analysis = urgent.result()
    assert analysis is not None
    assert analysis["features"]
    assert desk.sound.begun == [("other", 1), ("mine", 1)]


async def test_the_tune_that_plays_need_not_wait_for_the_background() -> None:
    desk = Desk()
    while desk.slots.cpu_share < 0.55 * TARGET_SHARE:
        await desk.of("other")
    before = desk.clock.now()
    other = desk.begin("other")
    await desk.clock.advance(5)
    assert not other.done(), "The budget of the background is used up."
    await desk.found(desk.analyzer.analyze("mine", song=1, duration=90.0, urgent=True))
    assert desk.clock.now() - before < 12_000


@pytest.mark.parametrize("cost", [5.0, 25.0, 100.0])
async def test_the_share_of_the_processor_holds_for_all_threads(cost: float) -> None:
    desk = Desk(piece=cost)
    while desk.clock.now() < 400_000:
        await desk.of("tune")
        assert desk.slots.cpu_share < CPU_SHARE
    assert desk.share() < CPU_SHARE
    if cost > 5:
        assert desk.share() > 0.3 * CPU_SHARE


async def test_the_share_is_one_with_that_of_training() -> None:
    desk = Desk()
    desk.meter.add(desk.clock.now(), TARGET_SHARE * 60_000)  # A run of training has used it all.
    measuring = desk.begin("mine", urgent=True)
    await desk.clock.advance(59)
    assert desk.sound.begun == []
    await desk.clock.advance(30)
    assert measuring.done()


async def test_it_stops_when_it_is_given_up() -> None:
    desk = Desk()
    measuring = desk.begin("tune")
    await desk.clock.advance(0.3)
    measuring.cancel()
    await desk.clock.advance(1)
    pieces = len(desk.sound.spent)
    await desk.clock.advance(60)
    assert len(desk.sound.spent) == pieces
    assert await desk.of("next") is not None
