"""The page's feature analysis: which tunes it covers, when, and what is saved of them."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from app.page.core.analysis import BATCH_SECONDS, REST_SECONDS, FeatureAnalysis
from app.page.core.payloads import AnalysisCounts
from app.page.core.tune import Track, Tune
from sidflow_feedback.types import Features, SongAnalysis
from sidflow_feedback.vocabulary import ANALYSIS_VERSION
from tests.contracts.samples import FEATURES


def tune_of(path: str, songs: int = 2, start_song: int = 1) -> Tune:
    return Tune({"sidPath": path, "songs": songs, "startSong": start_song, "own": True})


def result(
    features: Features | None = FEATURES, length: float | None = None, problem: str | None = None
) -> SongAnalysis:
    return {
        "features": dict(features) if features else None,
        "length": length,
        "problem": problem,
        "embedding": "AQID" if features else None,
    }


class CurrentSong:
    """What plays, as `Playback` has it."""

    tune: Tune | None = None
    song = 1
    state = "idle"
    track: Track | None = None

    def refresh_track(self, tune: Tune) -> None:
        """Nothing here looks at the track of what plays."""


class World:
    """Everything around `FeatureAnalysis`: library, engine, what plays, and a clock that is set by hand."""

    def __init__(self, *tunes: Tune) -> None:
        self.tunes = list(tunes)
        self.requests: list[tuple[str, int, bool]] = []
        self.answers: dict[str, SongAnalysis | Exception | None] = {}
        self.analyzed: list[Tune] = []
        self.shown = ""
        self.missing = 0
        self.saved_lengths: list[list[float | None]] = []
        self.messages: list[str] = []
        self.hidden = False
        self.may_ask: set[tuple[str, bool]] = set()
        self.enabled = True
        self.seconds = 0.0
        self.ready = True
        self.playback = CurrentSong()
        self.analysis = FeatureAnalysis(
            *(self, cast("Any", self.playback), self),
            enabled=lambda: self.enabled,
            hidden=lambda: self.hidden,
            on_analyzed=self.analyzed.extend,
            show=self.show,
            notify=lambda text, exc: self.messages.append(text + str(exc or "")),
            now=lambda: self.seconds,
        )
        self.analysis.hosting = True

    def show(self, text: str, missing: int) -> None:
        self.shown, self.missing = text, missing

    async def data(self, tune: Tune, may_ask: bool) -> bytes:
        self.may_ask.add((tune.sid_path, may_ask))
        return tune.sid_path.encode()

    async def unanalyzed(self, limit: int) -> list[Tune]:
        return [tune for tune in self.tunes if tune.version != ANALYSIS_VERSION][:limit]

    async def save_song(self, tune: Tune, song: int, found: SongAnalysis) -> bool:
        if tune not in self.tunes:
            return False
        features, problems = ([*known, *[None] * tune.songs] for known in (tune.features, tune.problems))
        features[song - 1], problems[song - 1] = found["features"], found["problem"]
        tune.update(
            {
                "sidPath": tune.sid_path,
                "version": ANALYSIS_VERSION,
                "features": features[: tune.songs],
                "problems": problems[: tune.songs],
            }
        )
        return True

    async def save_lengths(self, tune: Tune) -> None:
        self.saved_lengths.append(tune.lengths)

    async def analysis_counts(self) -> AnalysisCounts:
        analyzed = sum(tune.has_features() for tune in self.tunes)
        failed = sum(tune.version is not None and not tune.has_features() for tune in self.tunes)
        return {"analyzed": analyzed, "failed": failed, "all": len(self.tunes)}

    async def ask(self, kind: str, value: Any = None, binary: Any = None) -> Any:
        assert kind == "analyze"
        path = binary.decode()
        self.requests.append((path, value["song"], value["urgent"]))
        answer = self.answers.get(path, result())
        if isinstance(answer, Exception):
            raise answer
        return answer

    def play(self, tune: Tune | None, song: int = 1) -> None:
        self.playback.tune, self.playback.song = tune, song
        self.playback.state = "playing" if tune else "idle"

    def fall_silent(self, tune: Tune, song: int, seconds: float, *, private: bool = False) -> None:
        """Let a song play until it turns out to end."""
        self.play(tune, song)
        self.playback.track = Track(tune, song, private)
        self.playback.track.end_at(seconds)
        self.analysis.on_playback()

    async def live(self, seconds: float = 2.0) -> None:
        for _ in range(round(seconds / 0.25)):
            self.seconds += 0.25
            self.analysis.tick()
            for _ in range(10):
                await asyncio.sleep(0)


async def test_the_current_song_comes_first_then_the_start_songs_of_the_rest() -> None:
    tunes = [tune_of("a"), tune_of("b", start_song=2), tune_of("c")]
    world = World(*tunes)
    world.play(tunes[2], 2)
    await world.live(6)
    assert world.requests[0] == ("c", 2, True)
    assert sorted(world.requests[1:]) == [("a", 1, False), ("b", 2, False)]
    assert tunes[1].features[0] is None
    assert (tunes[1].features[1] or {})["rms"] == FEATURES["rms"]
    assert world.shown == "3 of 3 tunes analyzed."
    await world.live(2 * BATCH_SECONDS)
    assert {tune.sid_path for tune in world.analyzed} == {"a", "b", "c"}


async def test_tune_deleted_during_its_analysis_is_forgotten() -> None:
    deleted = tune_of("a")
    world = World(deleted)
    world.play(deleted)
    world.tunes.clear()
    await world.live(2 * BATCH_SECONDS)
    assert world.requests == [("a", 1, True)]
    assert (world.analyzed, world.messages) == ([], [])


async def test_nothing_is_analyzed_twice_even_after_a_reload() -> None:
    world = World(tune_of("a"), tune_of("b"))
    world.answers["b"] = result(None, problem="It is silent.")
    await world.live(30)
    assert sorted(world.requests) == [("a", 1, False), ("b", 1, False)]
    assert world.shown == "1 of 2 tunes analyzed. 1 can't be analyzed."
    again = World(*world.tunes)
    again.play(again.tunes[1])
    await again.live(30)
    again.analysis.restart()
    await again.live()
    assert again.requests == []
    assert again.shown == "1 of 2 tunes analyzed. 1 can't be analyzed."
    assert (again.tunes[0].features[0] or {})["rms"] == FEATURES["rms"]


async def test_what_failed_without_roms_is_analyzed_with_them() -> None:
    tune = tune_of("a")
    world = World(tune)
    world.answers["a"] = result(None, problem="It needs ROMs.")
    await world.live()
    tune.update({"sidPath": "a", "version": 0})  # The library takes it for one that wasn't analyzed.
    world.answers["a"] = result()
    await world.live(2 * REST_SECONDS)
    assert len(world.requests) == 1
    world.analysis.retry()
    await world.live()
    assert len(world.requests) == 2
    assert tune.has_features()


async def test_a_background_analysis_becomes_urgent_when_its_tune_plays() -> None:
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
    await world.live(REST_SECONDS)
    assert world.requests == [("a", 1, False), ("a", 1, True)]
    assert world.tunes[0].features[0]


async def test_another_song_of_a_tune_is_analyzed_when_it_plays() -> None:
    world = World(tune_of("a"))
    await world.live()
    world.play(world.tunes[0], 2)
    await world.live()
    assert world.requests == [("a", 1, False), ("a", 2, True)]
    assert all(world.tunes[0].features)
    assert world.tunes[0].problems == [None, None]


async def test_only_the_tab_with_the_engine_analyzes_in_the_background() -> None:
    world = World(tune_of("a"), tune_of("b"))
    world.analysis.hosting = False
    world.play(world.tunes[0])
    await world.live(20)
    assert world.requests == [("a", 1, True)]


@pytest.mark.parametrize("why", ["hidden", "disabled", "no engine", "workers analyze"])
async def test_it_rests(why: str) -> None:
    world = World(tune_of("a"), tune_of("b"))
    world.hidden, world.enabled, world.ready = why == "hidden", why != "disabled", why != "no engine"
    world.analysis.is_full = why == "workers analyze"
    await world.live(20)
    assert world.requests == []
    world.play(world.tunes[1])
    await world.live(20)
    played = ("b", 1, True)
    expected = {"hidden": [played, ("a", 1, False)], "no engine": []}.get(why, [played])
    assert world.requests == expected
    assert world.may_ask == {(path, urgent) for path, _, urgent in expected}
    if why == "disabled":
        world.analysis.restart()
        await world.live()
        assert world.shown == "1 of 2 tunes analyzed. The others are analyzed when you play them."
        assert world.missing == 1


async def test_the_problem_of_the_current_tune_is_shown() -> None:
    world = World(tune_of("a"))
    world.answers["a"] = result(None, problem="It is silent.")
    world.play(world.tunes[0])
    await world.live()
    assert world.messages == ["This tune plays, but the model can't learn from it. It is silent."]


async def test_a_failure_that_is_not_the_files_is_not_remembered() -> None:
    world = World(tune_of("a"), tune_of("b"))
    world.answers["a"] = RuntimeError("The worker stopped.")
    await world.live(20)
    assert sorted(world.requests) == [("a", 1, False), ("b", 1, False)]
    assert [tune.version for tune in world.tunes] == [None, ANALYSIS_VERSION]


async def test_the_length_of_a_song_that_fell_silent_is_saved() -> None:
    world = World(tune_of("a"))
    world.ready = False
    world.fall_silent(world.tunes[0], 2, 12.5)
    await world.live()
    assert world.saved_lengths == [[None, 12.5]]
    assert world.tunes[0].version is None, "the rest must still be analyzed"


async def test_a_private_song_leaves_no_trace() -> None:
    tune = tune_of("a", songs=2)
    world = World(tune)
    world.enabled = False
    world.fall_silent(tune, 2, 12.0, private=True)
    await world.live()
    assert world.requests == []
    assert tune.lengths == []


async def test_an_analysis_of_an_older_version_is_repeated() -> None:
    old = tune_of("a")
    old.update({"sidPath": "a", "version": ANALYSIS_VERSION - 1, "features": [{"rms": 9.0}, {"rms": 9.0}]})
    world = World(old)
    await world.live()
    assert world.requests == [("a", 1, False)]
    assert old.version == ANALYSIS_VERSION
    assert (old.features[0] or {})["rms"] == FEATURES["rms"]


async def test_an_analysis_that_gave_way_is_repeated_later() -> None:
    world = World(tune_of("a"))
    world.answers["a"] = None
    await world.live(0.25)
    del world.answers["a"]
    await world.live(2)
    assert world.requests == [("a", 1, False)] * 2
    assert world.tunes[0].features


async def test_the_library_is_asked_rarely_when_there_is_nothing_to_do() -> None:
    world, limits = World(), []

    async def unanalyzed(limit: int) -> list[Tune]:
        limits.append(limit)
        return []

    world.unanalyzed = unanalyzed  # type: ignore[method-assign]
    await world.live(3 * REST_SECONDS)
    assert len(limits) <= 4
