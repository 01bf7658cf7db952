"""What the page has measured: which tunes, when, and what it remembers of them."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from app.page.core.analysis import GATHER, REST, Measuring
from app.page.core.track import DEFAULT_LENGTH, track_of
from sidflow_feedback.types import Record
from sidflow_feedback.vocabulary import ANALYSIS_VERSION
from tests.contracts.samples import FEATURES


def tune_of(path: str, songs: int = 2) -> Record:
    return {
        "sidPath": path,
        "songs": songs,
        "lengths": [],
        "lengthSource": "default",
        "features": [],
    }


class Hearing:
    """What plays."""

    tune: Record | None = None
    song = 1
    status = "idle"
    track: Record | None = None

    def learn(self, tune: Record) -> None:
        """As `Playback.learn`: nothing here looks at its track."""


class World:
    """All that `Measuring` knows: a library, an engine and what plays; time passes by hand."""

    def __init__(self, *tunes: Record) -> None:
        self.tunes = list(tunes)
        self.asked: list[tuple[str, int, bool]] = []
        self.answers: dict[str, Any] = {}
        self.learned: list[Record] = []
        self.shown = ""
        self.told: list[str] = []
        self.hidden = False
        self.may_ask: set[tuple[str, bool]] = set()
        self.wanted = True
        self.seconds = 0.0
        self.ready = True
        self.heard = Hearing()
        self.measuring = Measuring(
            *(self, cast("Any", self.heard), self),
            wanted=lambda: self.wanted,
            hidden=lambda: self.hidden,
            on_learned=self.learned.extend,
            show=lambda text: setattr(self, "shown", text),
            tell=lambda text, exc: self.told.append(text + str(exc or "")),
            now=lambda: self.seconds,
        )
        self.measuring.hosting = True

    async def data(self, tune: Record, may_ask: bool) -> bytes:
        self.may_ask.add((tune["sidPath"], may_ask))
        return str(tune["sidPath"]).encode()

    async def unmeasured(self, limit: int) -> list[Record]:
        return [tune for tune in self.tunes if tune.get("version") != ANALYSIS_VERSION][:limit]

    async def learn(self, tune: Record, row: Record) -> None:
        tune.update(row)
        if "lengths" in row:
            tune["lengthSource"] = "measured"

    async def progress(self) -> dict[str, int]:
        measured = sum(any(tune["features"]) for tune in self.tunes)
        failed = sum("version" in tune and not any(tune["features"]) for tune in self.tunes)
        return {"measured": measured, "failed": failed, "all": len(self.tunes)}

    async def ask(self, kind: str, value: Any = None, binary: Any = None) -> Any:
        assert kind == "analyze"
        path = binary.decode()
        self.asked.append((path, value["song"], value["urgent"]))
        answer = self.answers.get(path, {"features": dict(FEATURES), "length": None, "problem": None})
        if isinstance(answer, Exception):
            raise answer
        return answer

    def play(self, tune: Record | None, song: int = 1) -> None:
        self.heard.tune, self.heard.song = tune, song
        self.heard.status = "playing" if tune else "idle"

    async def live(self, seconds: float = 2.0) -> None:
        for _ in range(round(seconds / 0.25)):
            self.seconds += 0.25
            self.measuring.tick()
            for _ in range(10):
                await asyncio.sleep(0)


async def test_what_plays_comes_first_then_the_start_songs_of_the_rest() -> None:
    tunes = [tune_of("a"), tune_of("b") | {"startSong": 2}, tune_of("c")]
    world = World(*tunes)
    world.play(tunes[2], 2)
    await world.live(6)
    assert world.asked[0] == ("c", 2, True)
    assert sorted(world.asked[1:]) == [("a", 1, False), ("b", 2, False)]
    assert tunes[1]["features"][0] is None
    assert tunes[1]["features"][1]["rms"] == FEATURES["rms"]
    assert world.shown == "3 of 3 tunes measured."
    await world.live(2 * GATHER)
    assert {tune["sidPath"] for tune in world.learned} == {"a", "b", "c"}


async def test_it_never_measures_twice_not_even_after_a_reload() -> None:
    world = World(tune_of("a"), tune_of("b"))
    world.answers["b"] = {"features": None, "length": None, "problem": "It is silent."}
    await world.live(30)
    assert sorted(world.asked) == [("a", 1, False), ("b", 1, False)]
    assert world.shown == "1 of 2 tunes measured. 1 can't be."
    again = World(*world.tunes)
    again.play(again.tunes[1])
    await again.live(30)
    again.measuring.changed()
    await again.live()
    assert again.asked == []
    assert again.shown == "1 of 2 tunes measured. 1 can't be."
    assert again.tunes[0]["features"][0]["rms"] == FEATURES["rms"]


async def test_what_is_measured_in_the_background_is_hurried_up_when_it_plays() -> None:
    world = World(tune_of("a"))
    asked = world.ask
    waiting = asyncio.Event()

    async def ask(kind: str, value: Any = None, binary: Any = None) -> Any:
        found = await asked(kind, value, binary)
        if value["urgent"]:
            waiting.set()
            return found
        await waiting.wait()  # As the engine gives way to what is urgent.
        return None

    world.ask = ask  # type: ignore[method-assign]
    await world.live()
    world.play(world.tunes[0])
    await world.live(REST)
    assert world.asked == [("a", 1, False), ("a", 1, True)]
    assert world.tunes[0]["features"][0]


async def test_another_song_of_a_tune_is_measured_when_it_plays() -> None:
    world = World(tune_of("a"))
    await world.live()
    world.play(world.tunes[0], 2)
    await world.live()
    assert world.asked == [("a", 1, False), ("a", 2, True)]
    assert all(world.tunes[0]["features"])
    assert world.tunes[0]["problems"] == [None, None]


async def test_only_the_tab_with_the_engine_goes_on_in_the_background() -> None:
    world = World(tune_of("a"), tune_of("b"))
    world.measuring.hosting = False
    world.play(world.tunes[0])
    await world.live(20)
    assert world.asked == [("a", 1, True)]


@pytest.mark.parametrize("why", ["hidden", "unwanted", "no engine"])
async def test_it_rests(why: str) -> None:
    world = World(tune_of("a"), tune_of("b"))
    world.hidden, world.wanted, world.ready = why == "hidden", why != "unwanted", why != "no engine"
    await world.live(20)
    assert world.asked == []
    world.play(world.tunes[1])
    await world.live(20)
    expected = {"hidden": [("b", 1, True), ("a", 1, False)], "unwanted": [("b", 1, True)], "no engine": []}
    assert world.asked == expected[why]
    assert world.may_ask == {(path, urgent) for path, _, urgent in expected[why]}
    if why == "unwanted":
        world.measuring.changed()
        await world.live()
        assert world.shown == "1 of 2 tunes measured. The others will be when they play."


async def test_what_plays_and_cannot_be_measured_is_told() -> None:
    world = World(tune_of("a"))
    world.answers["a"] = {"features": None, "length": None, "problem": "It is silent."}
    world.play(world.tunes[0])
    await world.live()
    assert world.told == ["This tune plays, but nothing can be learned from it. It is silent."]


async def test_a_failure_that_is_not_the_files_is_not_remembered() -> None:
    world = World(tune_of("a"), tune_of("b"))
    world.answers["a"] = RuntimeError("The worker stopped.")
    await world.live(20)
    assert sorted(world.asked) == [("a", 1, False), ("b", 1, False)]
    assert ["version" in tune for tune in world.tunes] == [False, True]


async def test_where_a_song_that_plays_has_fallen_silent_is_kept() -> None:
    world = World(tune_of("a"))
    world.ready = False
    world.play(world.tunes[0], 2)
    world.heard.track = {"length": 12.5, "length_source": "measured"}
    world.measuring.heard()
    await world.live()
    assert world.tunes[0]["lengths"] == [None, 12.5]
    assert "version" not in world.tunes[0], "The rest is still to be measured."


async def test_what_is_heard_incognito_leaves_no_trace() -> None:
    tune = tune_of("a", songs=2)
    world = World(tune)
    world.wanted = False
    world.play(tune, 2)
    world.heard.track = {"length": 12.0, "length_source": "measured", "private": True}
    await world.live()
    world.measuring.heard()
    await world.live()
    assert world.asked == []
    assert tune["lengths"] == []


async def test_what_an_older_version_has_measured_is_measured_again() -> None:
    old = tune_of("a") | {"version": ANALYSIS_VERSION - 1, "features": [{"rms": 9.0}, {"rms": 9.0}]}
    world = World(old)
    await world.live()
    assert world.asked == [("a", 1, False)]
    assert old["version"] == ANALYSIS_VERSION
    assert old["features"][0]["rms"] == FEATURES["rms"]
    assert old["features"][1] is None


async def test_what_gave_way_is_measured_later() -> None:
    world = World(tune_of("a"))
    world.answers["a"] = None
    await world.live(0.25)
    del world.answers["a"]
    await world.live(2)
    assert world.asked == [("a", 1, False)] * 2
    assert world.tunes[0]["features"]


async def test_it_asks_the_library_seldom_when_nothing_is_to_do() -> None:
    world, asked = World(), []

    async def unmeasured(limit: int) -> list[Record]:
        asked.append(limit)
        return []

    world.unmeasured = unmeasured  # type: ignore[method-assign]
    await world.live(3 * REST)
    assert len(asked) <= 4


async def test_a_measured_length_is_used_unless_a_better_one_is_known() -> None:
    world = World(tune_of("a"), tune_of("b") | {"lengths": [90.0, None], "lengthSource": "songlengths"})
    found = {"features": dict(FEATURES), "length": 2.5, "problem": None}
    world.answers = {"a": found, "b": found}
    await world.live(5)
    a, b = world.tunes
    assert (track_of(a, 1)["length"], track_of(a, 1)["length_source"]) == (2.5, "measured")
    assert (track_of(a, 2)["length"], track_of(a, 2)["length_source"]) == (DEFAULT_LENGTH, "default")
    assert (track_of(b, 1)["length"], track_of(b, 1)["length_source"]) == (90.0, "songlengths")
