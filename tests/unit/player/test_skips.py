"""Tunes that can't be played are skipped."""

from __future__ import annotations

import asyncio

from app.page.core.skips import MAX_SKIPS, NOTHING_PLAYS
from tests.contracts.player_contract import (
    LONG,
    SHORT,
)
from tests.unit.player.hand_listener import TICK, HandListener, actions, missing


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
