"""What plays, and what is recorded of it, as the listener chooses, pauses, and goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.page.core.playback import Playback
from app.page.core.tune import Tune
from sidflow_feedback.player import Ability, PlayerState, TuneHeader
from sidflow_feedback.player.memory import MemoryPlayer
from tests.contracts.player_contract import (
    LONG,
    SONGS,
)
from tests.unit.player.hand_listener import ALL, SONG_COUNT, HandListener, Tunes, actions, missing


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


def test_rating_has_position_and_listened_seconds() -> None:
    listener = HandListener()
    assert listener.playback.rate({"e": 3}) is None
    listener.choose(LONG)
    listener.listen(5)
    listener.playback.rate({"e": 3})
    assert (listener.kept[-1]["position"], listener.kept[-1]["listenedSeconds"]) == (5, 5)


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


async def _song_2(playback: Playback) -> None:
    playback.set_song(2)


async def _seek(playback: Playback) -> None:
    playback.seek(20)


@pytest.mark.parametrize("held", ["file", "header"])
@pytest.mark.parametrize(
    ("choose", "song", "position"),
    [(_song_2, 2, 0.0), (_seek, 1, 20.0), (Playback.previous, 1, 0.0)],
    ids=["song", "seek", "previous"],
)
def test_what_is_chosen_while_a_tune_is_loaded_holds_then(
    choose: Callable[[Playback], Awaitable[None]], song: int, position: float, held: str
) -> None:
    listener, gate = HandListener(), asyncio.Event()
    load = listener.player.load

    async def later(header: Awaitable[TuneHeader]) -> TuneHeader:
        await gate.wait()
        return await header

    async def choose_meanwhile() -> None:
        opening = asyncio.create_task(listener.playback.open(listener.tunes.named[SONGS]))
        await asyncio.sleep(0)
        await choose(listener.playback)
        await asyncio.sleep(0)
        gate.set()
        await opening
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

    if held == "file":
        listener.tunes.waiting = gate
    else:
        listener.player.load = lambda data, song: later(load(data, song))  # type: ignore[method-assign]
    asyncio.run(choose_meanwhile())
    assert (listener.player._song, listener.player.position) == (song, position)
    assert listener.playback.state == "playing"
    assert [event["song"] for event in listener.events()] == [song]


@pytest.mark.parametrize("choose", [_song_2, _seek])
def test_another_tune_wins_over_what_was_chosen_for_the_one_before(
    choose: Callable[[Playback], Awaitable[None]],
) -> None:
    async def choose_both() -> None:
        listener.tunes.waiting = asyncio.Event()
        opening = asyncio.create_task(listener.playback.open(listener.tunes.named[SONGS]))
        await asyncio.sleep(0)
        await choose(listener.playback)
        asyncio.get_running_loop().call_later(0.01, listener.tunes.waiting.set)
        await listener.playback.open(listener.tunes.named[LONG])
        await opening
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

    listener = HandListener()
    asyncio.run(choose_both())
    assert listener.tunes.reads[-1] == listener.tunes.named[LONG].sid_path
    assert (listener.player._song, listener.player.position) == (1, 0)
    assert [event["sidPath"] for event in listener.events()] == [listener.tunes.named[LONG].sid_path]


@pytest.mark.parametrize("choose", [_song_2, _seek])
def test_pause_right_after_what_is_chosen_while_a_tune_loads_holds_it(
    choose: Callable[[Playback], Awaitable[None]],
) -> None:
    async def choose_and_pause() -> None:
        listener.tunes.waiting = asyncio.Event()
        opening = asyncio.create_task(listener.playback.open(listener.tunes.named[SONGS]))
        await asyncio.sleep(0)
        await choose(listener.playback)
        listener.playback.pause()
        listener.tunes.waiting.set()
        await opening
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

    listener = HandListener()
    asyncio.run(choose_and_pause())
    assert listener.playback.state == "paused"
    assert listener.events() == []


def listener_in_a_tune() -> HandListener:
    """Return a listener who hears a tune with several songs, which take their time to begin."""

    def set_song(song: int) -> None:
        listener.player._song, listener.player._position = song, 0.0
        listener.player._change("loading")

    listener = HandListener()
    listener.player.set_song = set_song  # type: ignore[method-assign]
    asyncio.run(listener.playback.cue(listener.tunes.named[SONGS], 1, 20.0, play=True))
    listener.listen(1)
    return listener


def test_song_that_is_chosen_in_a_pause_waits_for_play() -> None:
    listener = listener_in_a_tune()
    listener.pause()
    listener.set_song(2)
    assert not listener.playback.active
    listener.player._change("stopped")
    assert listener.playback.state == "stopped"
    listener.resume()
    assert (listener.playback.state, listener.player._song) == ("playing", 2)


def test_pause_while_another_song_begins_holds_it_until_play() -> None:
    listener = listener_in_a_tune()
    listener.set_song(2)
    assert listener.playback.active
    listener.pause()
    listener.player._change("paused")
    assert listener.playback.state == "paused"
    listener.resume()
    assert (listener.playback.state, listener.player._song) == ("playing", 2)


def test_another_tune_plays_after_a_song_that_cannot_be_played() -> None:
    listener = listener_in_a_tune()
    listener.set_song(2)
    listener.player.fail("It crashes.", tune_fault=True)
    asyncio.run(listener.playback.tick())
    assert listener.playback.tune is not listener.tunes.named[SONGS]
    assert listener.playback.state == "playing"
    assert listener.playback.skips.note.endswith("which can't be played. It crashes.")


def test_another_tune_plays_after_one_that_was_held_first_and_breaks_then() -> None:
    listener = HandListener()
    asyncio.run(listener.playback.cue(listener.tunes.named[LONG], 1, 0.0))
    listener.resume()
    listener.player.fail("It crashes.", tune_fault=True)
    asyncio.run(listener.playback.tick())
    assert listener.playback.tune is not listener.tunes.named[LONG]
    assert listener.playback.state == "playing"


@pytest.mark.parametrize(("position", "before"), [(20.0, None), (0.0, LONG)], ids=["link", "tune before"])
def test_another_player_starts_a_tune_that_is_on_its_way_where_it_should(
    position: float, before: str | None
) -> None:
    listener = HandListener()
    if before:
        listener.choose(before)
        listener.listen(50)
    player = MemoryPlayer(
        lambda state: listener.playback.on_player_state("other", state),
        songs=SONG_COUNT,
        pipeline="other",
        abilities=ALL,
    )

    async def choose_player() -> None:
        listener.tunes.waiting = asyncio.Event()
        opening = asyncio.create_task(
            listener.playback.cue(listener.tunes.named[SONGS], 0, position, play=True)
        )
        await asyncio.sleep(0)
        changing = asyncio.create_task(listener.playback.use(player))
        await asyncio.sleep(0)
        listener.tunes.waiting.set()
        await asyncio.gather(opening, changing)

    asyncio.run(choose_player())
    assert (listener.playback.state, player.position) == ("playing", position)


def test_playback_stops_at_the_end_if_no_tune_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tunes, "take", lambda _tunes: None)
    listener = HandListener()
    listener.choose(LONG)
    listener.listen(101)
    assert listener.playback.state == "stopped"
    assert actions(listener) == ["play", "play_complete"]


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
