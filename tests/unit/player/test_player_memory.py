"""The player whose time is set by hand keeps the contract of players, and takes over from another one."""

from __future__ import annotations

import asyncio

import pytest

from sidflow_feedback.errors import PlayerError
from sidflow_feedback.player import Ability, PlayerState
from sidflow_feedback.player.memory import MemoryPlayer
from tests.contracts.player_contract import (
    EVENTS,
    LONG,
    SONGS,
    check_context,
    recorded_events,
)
from tests.unit.player.hand_listener import ALL, TICK, HandListener, actions


@pytest.mark.parametrize("abilities", [ALL, ("volume",), ()], ids=str)
def test_contract(abilities: tuple[Ability, ...]) -> None:
    listener = HandListener(abilities)
    assert recorded_events(listener) == EVENTS
    check_context(listener.events(), positions="position" in abilities)
    assert listener.messages == []


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


async def opened(player: MemoryPlayer) -> None:
    await player.load(b"PSID", 1)


def test_memory_player_refuses_invalid_values() -> None:
    player = MemoryPlayer()
    with pytest.raises(PlayerError, match="choose 0 to 1"):
        player.set_volume(2)
    with pytest.raises(PlayerError, match="No tune is loaded"):
        player.set_song(1)
    asyncio.run(opened(player))
    with pytest.raises(PlayerError, match="no song 2"):
        player.set_song(2)


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
