"""Likes, dislikes, and ratings of what plays, of earlier listens, and of other tabs."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from app.page.core.judgments import KEY, Judgments
from tests.contracts.player_contract import (
    LONG,
)
from tests.unit.player.hand_listener import HandListener, Storage, actions


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
