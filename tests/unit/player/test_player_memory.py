"""A listener with the player whose time is set by hand: the page's playback, and the players' contract."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Literal

import pytest

from app.page.core.judgments import KEY, Judgments
from app.page.core.payloads import TuneRecord
from app.page.core.playback import Playback
from app.page.core.skips import MAX_SKIPS, NOTHING_PLAYS
from app.page.core.tune import Tune
from sidflow_feedback.errors import PlayerError
from sidflow_feedback.page.recorder import Recorder
from sidflow_feedback.player import Ability, PlayerState
from sidflow_feedback.player.memory import MemoryPlayer
from sidflow_feedback.types import Record
from tests.contracts.player_contract import (
    EVENTS,
    LONG,
    SHORT,
    SHORT_SECONDS,
    SONGS,
    check_context,
    recorded_events,
)
from tests.contracts.samples import FEATURES

TICK = 0.25
SONG_COUNT = 3
ALL: tuple[Ability, ...] = ("position", "seek", "volume")


class Tunes:
    """A library of made-up tunes, and its queue."""

    def __init__(self) -> None:
        self.numbers = itertools.count()
        self.bytes: dict[str, bytes] = {}
        self.waiting: asyncio.Event | None = None
        self.queue: list[Tune] | None = None
        self.reads: list[str] = []
        self.rejected: list[str] = []
        self.accepted: list[str] = []
        self.shortage = ""
        self.named = {
            LONG: self.make(),
            SONGS: self.make(),
            SHORT: self.make(SHORT_SECONDS),
        }

    def make(
        self,
        length: float | None = 100.0,
        data: bytes = b"PSID",
        songs: int = SONG_COUNT,
        start_song: int = 1,
    ) -> Tune:
        record: TuneRecord = {
            "sidPath": f"Demo/{next(self.numbers)}.sid",
            "title": "Tune",
            "songs": songs,
            "startSong": start_song,
            "lengths": [length] * songs,
            "lengthSource": "catalog",
            "features": [FEATURES] * songs,
        }
        self.bytes[record["sidPath"]] = data
        return Tune(record)

    async def data(self, tune: Tune) -> bytes:
        if self.waiting:
            await self.waiting.wait()
        self.reads.append(tune.sid_path)
        if tune.sid_path not in self.bytes:
            raise FileNotFoundError("The file is gone.")
        return self.bytes[tune.sid_path]

    def take(self) -> Tune | None:
        if self.queue is None:
            return self.make()
        return next((tune for tune in self.queue if tune.sid_path not in self.rejected), None)

    async def reject(self, tune: Tune) -> None:
        self.rejected.append(tune.sid_path)

    def accept(self, tune: Tune) -> None:
        self.accepted.append(tune.sid_path)

    def accept_all(self) -> None:
        self.rejected = []


class Storage:
    """`localStorage` in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.writes = 0

    def getItem(self, key: str) -> str | None:  # noqa: N802
        return self.kept.get(key)

    def setItem(self, key: str, value: str) -> None:  # noqa: N802
        self.kept[key] = value
        self.writes += 1

    def removeItem(self, key: str) -> None:  # noqa: N802
        self.kept.pop(key, None)


class HandListener:
    """Listens through `MemoryPlayer`, whose time passes by hand."""

    def __init__(self, abilities: tuple[Ability, ...] = ALL) -> None:
        self.now = 1000.0
        self.abilities = abilities
        self.kept: list[Record] = []
        self.messages: list[str] = []
        self.tunes = Tunes()
        self.storage = Storage()
        self.judgments = Judgments(self.storage)
        uuids = (f"00000000-0000-4000-8000-{i:012}" for i in itertools.count())
        recorder = Recorder(self, lambda: next(uuids), lambda: 0.0, "session-1", self.messages.append)
        self.playback = Playback(
            self.tunes, recorder, self.tunes.take, self.notify, lambda: self.now, self.judgments
        )
        self.withdrawn: list[str] = []
        self.playback.taken_back.connect(lambda _judgment, _tune, uuid: self.withdrawn.append(uuid))
        self.player = self.use("memory")

    def use(self, pipeline: str) -> MemoryPlayer:
        player = MemoryPlayer(
            lambda state: self.playback.on_player_state(pipeline, state),
            songs=SONG_COUNT,
            pipeline=pipeline,
            abilities=self.abilities,
        )
        asyncio.run(self.playback.use(player))
        return player

    def append(self, uuid: str, json_text: str) -> str:
        self.kept.append(json.loads(json_text) | {"uuid": uuid})
        return "saved"

    def notify(self, text: str, exc: Exception | None) -> None:
        self.messages.append(text + str(exc or ""))

    def choose(self, tune: str) -> None:
        asyncio.run(self.playback.open(self.tunes.named[tune]))

    def listen(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            self.player.advance(TICK)
            asyncio.run(self.playback.tick())

    def pause(self) -> None:
        self.playback.toggle()
        self.now += 100

    def resume(self) -> None:
        self.playback.toggle()

    def seek(self, seconds: float) -> None:
        self.playback.seek(seconds)

    def next(self) -> None:
        self.now += 1
        self.player.advance(1)
        asyncio.run(self.playback.next())

    def double_next(self) -> None:
        self.next()
        self.now += 0.2
        self.player.advance(0.2)
        asyncio.run(self.playback.next(2))

    def like(self) -> None:
        self.playback.judge("like")

    def set_song(self, song: int) -> None:
        self.playback.set_song(song)

    def hide(self) -> None:
        self.now += 1  # A hidden page is asked less often.
        self.player.advance(1)
        asyncio.run(self.playback.tick())

    def open_broken_file(self) -> None:
        self.tunes.queue = []
        asyncio.run(self.playback.open(self.tunes.make(data=b"")))
        self.tunes.queue = None
        assert self.messages.pop().endswith("The last: The file is empty: choose another one.")

    def wait_for_end(self) -> None:
        self.listen(SHORT_SECONDS)

    def switch(self) -> None:
        self.player = self.use("memory-2")

    def events(self) -> list[Record]:
        return self.kept


@pytest.mark.parametrize("abilities", [ALL, ("volume",), ()], ids=str)
def test_contract(abilities: tuple[Ability, ...]) -> None:
    listener = HandListener(abilities)
    assert recorded_events(listener) == EVENTS
    check_context(listener.events(), positions="position" in abilities)
    assert listener.messages == []


def actions(listener: HandListener) -> list[str]:
    return [event["action"] for event in listener.events()]


@pytest.mark.parametrize("abilities", [ALL, ()], ids=str)
@pytest.mark.parametrize(
    ("seconds", "action"), [(9, "skip_early"), (30, "skip"), (75, "skip_late"), (95, "play_complete")]
)
def test_the_action_of_leaving_depends_on_the_listened_seconds(
    abilities: tuple[Ability, ...], seconds: float, action: str
) -> None:
    listener = HandListener(abilities)
    listener.choose(LONG)
    listener.listen(seconds - 1)
    listener.next()
    assert actions(listener) == ["play", action, "play"]
    assert listener.events()[1]["listenedSeconds"] == pytest.approx(seconds)


def test_player_that_was_replaced_is_ignored() -> None:
    listener = HandListener()
    listener.choose(LONG)
    old = listener.player
    listener.switch()
    old.fail("too late")
    assert listener.playback.state == "playing"
    assert listener.messages == []


def test_new_player_continues_at_the_position_of_the_old_one() -> None:
    listener = HandListener()
    listener.choose(LONG)
    listener.listen(40)
    listener.switch()
    assert listener.player.position == 40
    listener.listen(15)
    listener.next()
    assert listener.events()[1]["listenedSeconds"] == pytest.approx(56)


def test_paused_tune_stays_paused_in_the_new_player() -> None:
    listener = HandListener()
    listener.choose(LONG)
    listener.listen(5)
    listener.pause()
    listener.switch()
    listener.listen(5)
    assert listener.player.position == 5
    assert listener.playback.state == "paused"
    assert actions(listener) == ["play"]


def test_failure_in_mid_tune_is_shown_and_is_no_skip() -> None:
    listener = HandListener()
    listener.choose(LONG)
    listener.listen(5)
    listener.player.fail("The cable is out. Put it back.")
    listener.next()
    assert actions(listener) == ["play", "play"]
    assert listener.messages == ["The cable is out. Put it back."]


def test_player_that_ends_by_itself_is_a_complete_play() -> None:
    listener = HandListener(())
    listener.choose(LONG)
    listener.listen(60)
    state: PlayerState = {"status": "ended", "song": 1, "error": ""}
    listener.playback.on_player_state("memory", state)
    listener.listen(TICK)
    assert actions(listener) == ["play", "play_complete", "play"]


def test_rating_has_position_and_listened_seconds() -> None:
    listener = HandListener()
    assert listener.playback.rate({"e": 3}) is None
    listener.choose(LONG)
    listener.listen(5)
    listener.playback.rate({"e": 3})
    assert (listener.kept[-1]["position"], listener.kept[-1]["listenedSeconds"]) == (5, 5)


def test_memory_player_refuses_invalid_values() -> None:
    player = MemoryPlayer()
    with pytest.raises(PlayerError, match="choose 0 to 1"):
        player.set_volume(2)
    with pytest.raises(PlayerError, match="no song 2"):
        player.set_song(2)


def test_a_song_that_falls_silent_ends_there_unless_its_length_is_known() -> None:
    listener = HandListener()
    unknown = listener.tunes.make(None)
    for tune, length in ((unknown, 20.0), (listener.tunes.make(), 100.0)):
        asyncio.run(listener.playback.open(tune))
        listener.listen(10)
        state: PlayerState = {"status": "playing", "song": 1, "error": "", "end": 20.0}
        listener.playback.on_player_state("memory", state)
        assert listener.playback.track
        assert listener.playback.track.length == length
        listener.listen(9)
        assert listener.playback.tune is tune
        listener.listen(2)
        assert (listener.playback.tune is tune) == (length == 100)
    assert [event["action"] for event in listener.kept][:2] == ["play", "play_complete"]
    assert listener.kept[1]["lengthSource"] == "measured"


def test_reports_of_the_player_are_ignored_while_the_next_tune_is_fetched() -> None:
    async def choose_and_fail() -> None:
        listener.tunes.waiting = asyncio.Event()
        opening = asyncio.create_task(listener.playback.open(listener.tunes.named[SONGS]))
        await asyncio.sleep(0)
        listener.player.fail("too late")
        assert listener.playback.state == "fetching"
        listener.tunes.waiting.set()
        await opening

    listener = HandListener()
    listener.choose(LONG)
    asyncio.run(choose_and_fail())
    assert listener.playback.state == "playing"
    assert listener.messages == []
    assert actions(listener) == ["play", "skip_early", "play"]


@pytest.mark.parametrize("position", [0.0, 20.0])
@pytest.mark.parametrize("presses", [1, 2])
def test_pause_while_a_tune_is_fetched_holds_it_until_play(presses: int, position: float) -> None:
    async def choose_and_press() -> None:
        listener.tunes.waiting = asyncio.Event()
        opening = asyncio.create_task(playback.cue(listener.tunes.named[SONGS], 0, position, True))
        await asyncio.sleep(0)
        assert playback.active
        for press in range(presses):
            playback.toggle()
            assert playback.active == (press == 1)
            assert listener.player._status == "paused", "the tune before falls silent"
        listener.tunes.waiting.set()
        await opening

    listener = HandListener()
    playback = listener.playback
    listener.choose(LONG)
    asyncio.run(choose_and_press())
    assert playback.state == ("paused" if presses == 1 else "playing")
    assert playback.elapsed == position
    if presses == 1:
        playback.toggle()
    assert playback.active
    assert playback.state == "playing"
    assert actions(listener) == ["play", "skip_early", "play"]


def test_pause_holds_also_the_tune_that_follows_one_that_cannot_be_played() -> None:
    async def choose_and_pause() -> None:
        listener.tunes.waiting = asyncio.Event()
        opening = asyncio.create_task(listener.playback.open(missing(listener)))
        await asyncio.sleep(0)
        listener.playback.pause()
        listener.tunes.waiting.set()
        await opening

    listener = HandListener()
    asyncio.run(choose_and_pause())
    assert listener.playback.skips.note
    assert listener.playback.state == "paused"
    assert actions(listener) == []


def test_the_newest_of_two_choices_plays() -> None:
    async def choose_twice() -> None:
        listener.tunes.waiting = asyncio.Event()
        first = asyncio.create_task(listener.playback.open(listener.tunes.named[LONG]))
        await asyncio.sleep(0)
        second = asyncio.create_task(listener.playback.open(listener.tunes.named[SONGS]))
        await asyncio.sleep(0)
        listener.tunes.waiting.set()
        await asyncio.gather(first, second)

    listener = HandListener()
    asyncio.run(choose_twice())
    assert listener.playback.tune is listener.tunes.named[SONGS]
    assert [event["sidPath"] for event in listener.events()] == [listener.tunes.named[SONGS].sid_path]


def test_playback_stops_at_the_end_if_no_tune_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tunes, "take", lambda _tunes: None)
    listener = HandListener()
    listener.choose(LONG)
    listener.listen(101)
    assert listener.playback.state == "stopped"
    assert actions(listener) == ["play", "play_complete"]


def test_a_tune_that_played_incognito_stays_private_and_can_not_be_judged() -> None:
    listener = HandListener()
    listener.choose(LONG)
    listener.playback.set_incognito(True)
    listener.next()
    assert not listener.playback.can_judge
    assert listener.playback.rate({"e": 3}) is None
    listener.playback.set_incognito(False)
    assert listener.playback.track
    assert listener.playback.track.private
    listener.like()
    assert actions(listener) == ["play"]
    listener.next()
    assert listener.playback.can_judge
    assert actions(listener) == ["play", "play"]


def test_a_like_is_recorded_once_and_taken_back_by_the_second() -> None:
    listener = HandListener()
    assert not listener.playback.can_judge
    listener.choose(LONG)
    listener.like()
    assert actions(listener) == ["play", "like"]
    assert (listener.playback.judgment, listener.withdrawn) == ("like", [])
    listener.like()
    assert actions(listener) == ["play", "like"]
    assert (listener.playback.judgment, listener.withdrawn) == (None, [listener.events()[1]["uuid"]])
    listener.like()
    assert actions(listener) == ["play", "like", "like"]
    assert listener.playback.judgment == "like"


def test_a_like_of_an_earlier_listen_still_shows_and_can_be_taken_back() -> None:
    listener = HandListener()
    listener.choose(LONG)
    listener.like()
    listener.next()
    assert listener.playback.judgment is None
    listener.choose(LONG)
    assert listener.playback.judgment == "like"
    listener.like()
    assert (listener.playback.judgment, actions(listener).count("like")) == (None, 1)
    assert listener.withdrawn == [listener.events()[1]["uuid"]]


@pytest.mark.parametrize("judgment", ["like", "dislike"])
def test_a_judgment_whose_event_is_deleted_no_longer_shows(judgment: Literal["like", "dislike"]) -> None:
    listener = HandListener()
    listener.choose(LONG)
    listener.playback.judge(judgment)
    listener.playback.forget(["another"])
    assert listener.playback.judgment == judgment
    listener.next()
    listener.choose(LONG)
    assert listener.playback.judgment == judgment
    listener.playback.forget([listener.events()[1]["uuid"]])
    assert listener.playback.judgment is None
    listener.playback.judge(judgment)
    listener.playback.forget_all()
    assert (listener.playback.judgment, listener.withdrawn) == (None, [])
    assert listener.storage.kept == {}


def test_a_dislike_of_an_earlier_listen_still_shows_and_is_taken_back_without_going_on() -> None:
    listener = HandListener()
    listener.choose(LONG)
    asyncio.run(listener.playback.dislike())
    assert listener.playback.tune is not listener.tunes.named[LONG]
    listener.choose(LONG)
    assert listener.playback.judgment == "dislike"
    asyncio.run(listener.playback.dislike())
    assert listener.playback.judgment is None
    assert listener.playback.tune is listener.tunes.named[LONG]
    assert listener.withdrawn == [listener.events()[1]["uuid"]]
    asyncio.run(listener.playback.dislike())
    listener.choose(LONG)
    listener.like()
    assert (listener.playback.judgment, actions(listener).count("dislike")) == ("like", 2)
    assert len(listener.withdrawn) == 2


def test_a_dislike_is_undone_while_the_next_tune_plays() -> None:
    listener = HandListener()
    disliked = []
    listener.playback.disliked.connect(lambda tune, event: disliked.append((tune, event)))
    listener.choose(LONG)
    asyncio.run(listener.playback.dislike())
    assert disliked == [(listener.tunes.named[LONG], listener.events()[1]["uuid"])]
    following = listener.playback.tune
    listener.like()
    listener.playback.take_back_dislike(*disliked[0])
    assert listener.withdrawn == [disliked[0][1]]
    assert (listener.playback.tune, listener.playback.judgment) == (following, "like")
    listener.choose(LONG)
    assert listener.playback.judgment is None


def test_a_like_of_a_tune_that_is_not_loaded_replaces_its_dislike() -> None:
    listener = HandListener()
    tune = listener.tunes.named[LONG]
    listener.choose(LONG)
    asyncio.run(listener.playback.dislike())
    listener.playback.like(tune)
    assert listener.withdrawn == [listener.events()[1]["uuid"]]
    assert listener.judgments.paths("like") == [tune.sid_path]
    listener.playback.like(tune)
    assert (listener.judgments.paths("like"), len(listener.withdrawn)) == ([], 2)


def test_what_another_tab_judges_shows_here_too() -> None:
    listener, other = HandListener(), Judgments(Storage())
    listener.choose(LONG)
    tune = listener.tunes.named[LONG]
    listener.playback.judge("dislike")
    other.add(tune, "like", "another")
    listener.storage.kept = other._storage.kept  # type: ignore[attr-defined]
    listener.playback.on_storage(KEY)
    assert listener.playback.judgment == "like"
    listener.storage.kept = {}
    listener.playback.on_storage(None)
    assert listener.playback.judgment is None


def test_a_dislike_replaces_the_like_of_an_earlier_listen() -> None:
    listener = HandListener()
    listener.choose(LONG)
    listener.like()
    listener.next()
    listener.choose(LONG)
    asyncio.run(listener.playback.dislike())
    assert listener.withdrawn == [listener.events()[1]["uuid"]]
    assert actions(listener).count("dislike") == 1


def test_a_dislike_replaces_a_like_and_goes_on_to_the_next_tune() -> None:
    listener = HandListener()
    listener.choose(LONG)
    listener.like()
    listener.listen(20)
    asyncio.run(listener.playback.dislike())
    assert actions(listener) == ["play", "like", "dislike", "play"]
    assert listener.withdrawn == [listener.events()[1]["uuid"]]
    assert listener.playback.tune is not listener.tunes.named[LONG]
    assert listener.playback.judgment is None


def test_a_rating_is_no_skip_unless_it_was_taken_back() -> None:
    listener = HandListener()
    listener.choose(LONG)
    listener.listen(12)
    saved = listener.playback.rate({"e": 3})
    assert saved
    listener.next()
    listener.choose(LONG)
    listener.listen(12)
    listener.playback.confirm(saved)  # The same again: nothing is recorded.
    listener.next()
    found = [event.get("action", "rated") for event in listener.events()]
    assert found == ["play", "rated", "play", "skip_early", "play", "play"]
    listener.choose(LONG)
    listener.playback.forget([listener.playback.rate({"e": 4}) or ""])
    listener.next()
    listener.choose(LONG)
    listener.playback.rate({"e": 5})
    listener.playback.forget_all()
    listener.next()
    events = [event for event in listener.events() if event["sidPath"] == "Demo/0.sid"]
    again = [event.get("action", "rated") for event in events[-6:]]
    assert again == ["play", "rated", "skip_early", "play", "rated", "skip_early"]


def test_a_dislike_of_the_last_tune_can_be_taken_back() -> None:
    listener = HandListener()
    listener.tunes.queue = []
    listener.choose(LONG)
    asyncio.run(listener.playback.dislike())
    assert listener.playback.judgment == "dislike"
    asyncio.run(listener.playback.dislike())
    assert listener.playback.judgment is None
    assert listener.withdrawn == [listener.events()[1]["uuid"]]


def test_previous_restarts_the_song_and_in_its_first_seconds_goes_back() -> None:
    listener = HandListener()
    first, second = listener.tunes.make(), listener.tunes.make()

    def back() -> tuple[Tune | None, int]:
        asyncio.run(listener.playback.previous())
        return listener.playback.tune, listener.playback.song

    assert back() == (None, 0)
    asyncio.run(listener.playback.open(first))
    listener.set_song(2)
    listener.listen(2)
    asyncio.run(listener.playback.open(second))
    listener.listen(4)
    assert back() == (second, 1)
    assert listener.player.position == 0
    listener.listen(2)
    assert back() == (first, 2)
    listener.listen(2)
    assert back() == (first, 2), "there is nothing before it"
    assert listener.player.position == 0
    assert listener.playback.state == "playing"


def test_a_tune_that_could_not_be_played_is_not_gone_back_to() -> None:
    listener = HandListener()
    first, last = listener.tunes.make(), listener.tunes.make()
    asyncio.run(listener.playback.open(first))
    listener.tunes.queue = [last]
    asyncio.run(listener.playback.open(missing(listener)))
    assert listener.playback.tune is last
    asyncio.run(listener.playback.previous())
    assert listener.playback.tune is first


def test_a_cued_song_waits_at_its_position_until_it_is_played() -> None:
    listener = HandListener()
    tune = listener.tunes.make()
    asyncio.run(listener.playback.cue(tune, 2, 30.0))
    assert (listener.playback.state, listener.playback.song, listener.player.position) == ("paused", 2, 30)
    listener.listen(5)
    assert listener.player.position == 30
    assert actions(listener) == []
    listener.playback.toggle()
    listener.listen(5)
    assert listener.player.position == 35
    assert actions(listener) == ["play"]
    assert listener.events()[0]["position"] == 30


def test_a_cued_song_that_can_not_be_played_says_so_and_plays_nothing_else() -> None:
    listener = HandListener()
    asyncio.run(listener.playback.cue(missing(listener), 0, 0.0))
    assert listener.messages == ["Tune can't be played. The file is gone."]
    assert listener.playback.tune is None


def test_a_tune_plays_from_its_start_song_and_the_others_can_be_walked() -> None:
    listener = HandListener()
    tune = listener.tunes.make(start_song=3)
    asyncio.run(listener.playback.open(tune))
    assert listener.playback.song == 3
    for step, song in ((1, 1), (-1, 3), (-1, 2)):
        listener.playback.step_song(step)
        assert listener.playback.song == song
    tune.update({"sidPath": tune.sid_path, "songs": 1})
    listener.playback.step_song(1)
    assert listener.playback.song == 2
    assert [(event["action"], event["song"]) for event in listener.events()] == [
        *(("play", 3), ("skip_early", 3), ("play", 1), ("skip_early", 1), ("play", 3), ("skip_early", 3)),
        ("play", 2),
    ]


@pytest.mark.parametrize("abilities", [ALL, ()], ids=str)
def test_all_songs_of_a_tune_play_before_the_next_one_does(abilities: tuple[Ability, ...]) -> None:
    listener = HandListener(abilities)
    listener.playback.all_songs = True
    tune = listener.tunes.make(5.0, start_song=2)
    tune.lengths[2] = 20.0
    asyncio.run(listener.playback.open(tune))
    listener.listen(33)
    played = [(event["sidPath"], event["song"], event["length"]) for event in listener.events()]
    path = tune.sid_path
    assert played[:6:2] == [(path, 2, 5), (path, 3, 20), (path, 1, 5)]
    assert actions(listener) == ["play", "play_complete"] * 3 + ["play"]
    assert listener.playback.tune is not tune


def test_without_the_setting_the_next_tune_follows_the_start_song() -> None:
    listener = HandListener()
    asyncio.run(listener.playback.open(listener.tunes.make(5.0, start_song=2)))
    listener.listen(6)
    assert len({event["sidPath"] for event in listener.events()}) == 2


def missing(listener: HandListener) -> Tune:
    """Return a tune whose file is gone."""
    tune = listener.tunes.make()
    del listener.tunes.bytes[tune.sid_path]
    return tune


def test_what_can_not_be_played_is_skipped_with_a_note_and_leaves_no_event() -> None:
    listener = HandListener()
    broken, gone, good = listener.tunes.make(data=b""), missing(listener), listener.tunes.make()
    listener.tunes.queue = [broken, gone, good]
    listener.choose(SHORT)
    listener.wait_for_end()
    assert listener.playback.tune is good
    assert listener.playback.state == "playing"
    note = "Skipped 2 tunes that can't be played. The last, “Tune”: The file is gone."
    assert listener.playback.skips.note == note
    assert actions(listener) == ["play", "play_complete", "play"]
    assert {event["sidPath"] for event in listener.events()}.isdisjoint({broken.sid_path, gone.sid_path})
    assert listener.messages == [], "nothing interrupts the listener"
    listener.listen(101)
    assert listener.tunes.reads.count(broken.sid_path) == 1, "it isn't tried again"
    assert listener.playback.skips.note == ""


def test_a_tune_that_breaks_while_it_plays_is_skipped_and_a_paused_one_is_not() -> None:
    listener = HandListener()
    listener.choose(LONG)
    listener.listen(20)
    listener.player.fail("The tune halted the processor.", tune_fault=True)
    listener.listen(TICK)
    assert listener.playback.tune is not listener.tunes.named[LONG]
    note = "Skipped “Tune”, which can't be played. The tune halted the processor."
    assert listener.playback.skips.note == note
    assert actions(listener) == ["play", "play"]
    assert listener.tunes.rejected == [listener.tunes.named[LONG].sid_path]
    playing = listener.playback.tune
    listener.pause()
    listener.player.fail("The tune halted the processor.", tune_fault=True)
    listener.listen(TICK)
    assert listener.playback.tune is playing
    assert listener.messages == ["The tune halted the processor."]


def test_if_nothing_can_be_played_the_page_says_so_once_and_next_tries_again() -> None:
    listener = HandListener()
    listener.tunes.queue = [missing(listener) for _ in range(3)]
    listener.choose(SHORT)
    listener.wait_for_end()
    assert listener.messages == [NOTHING_PLAYS + "The file is gone."]
    assert (listener.playback.state, listener.playback.tune) == ("error", None)
    reads = len(listener.tunes.reads)
    listener.listen(5)
    assert len(listener.tunes.reads) == reads, "it has stopped"
    listener.tunes.bytes[listener.tunes.queue[1].sid_path] = b"PSID"
    listener.next()
    assert listener.playback.tune is listener.tunes.queue[1]
    assert actions(listener) == ["play", "play_complete", "play"]


def test_endless_failures_stop_after_a_hundred() -> None:
    listener = HandListener()
    listener.tunes.take = lambda: missing(listener)  # type: ignore[method-assign]
    listener.playback._take_next = listener.tunes.take
    asyncio.run(listener.playback.open(missing(listener)))
    assert len(listener.messages) == 1
    assert len(listener.tunes.reads) == MAX_SKIPS


def test_choice_of_the_listener_ends_the_search_for_a_tune_that_plays() -> None:
    async def choose_meanwhile() -> None:
        listener.tunes.waiting = asyncio.Event()
        opening = asyncio.create_task(listener.playback.open(missing(listener)))
        await asyncio.sleep(0)
        choosing = asyncio.create_task(listener.playback.open(listener.tunes.named[LONG]))
        await asyncio.sleep(0)
        listener.tunes.waiting.set()
        await asyncio.gather(opening, choosing)

    listener = HandListener()
    asyncio.run(choose_meanwhile())
    assert listener.playback.tune is listener.tunes.named[LONG]
    assert listener.playback.skips.note == ""
