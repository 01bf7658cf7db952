"""Telemetry: what a player does becomes what a listener meant."""

from __future__ import annotations

from typing import Any, Literal, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidflow_feedback.player.telemetry import Telemetry
from sidflow_feedback.types import Action, Track
from sidflow_feedback.vocabulary import ACTIONS, is_listen

TICK = 0.5
FIRST: Track = {"item_id": "Demo/First.sid", "song": 1, "length": 100.0}
OTHER: Track = {"item_id": "Demo/Other.sid", "song": 1, "length": 100.0}
ENDS = ("play_complete", "skip_early", "skip", "skip_late")


class Listening:
    """A listener with a player; `actions` is what telemetry made of it."""

    def __init__(self) -> None:
        self.reports: list[tuple[Action, Track, float]] = []
        self.positions: list[float | None] = []
        self.telemetry = Telemetry(self.report)
        self.position = 0.0
        self.now = 1000.0
        self.tells_position = True

    def report(self, action: Action, track: Track, position: float | None, listened: float) -> None:
        self.reports.append((action, track, listened))
        self.positions.append(position)

    @property
    def actions(self) -> list[Action]:
        return [action for action, _track, _listened in self.reports]

    def start(self, **changes: Any) -> Listening:
        self.position = 0.0
        self.telemetry.started(cast("Track", {**FIRST, **changes}))
        self.look()
        return self

    def look(self) -> None:
        self.telemetry.moved(self.position if self.tells_position else None, self.now)

    def listen(self, seconds: float) -> Listening:
        for _ in range(round(seconds / TICK)):
            self.position += TICK
            self.now += TICK
            self.look()
        return self

    def wait(self, seconds: float) -> Listening:
        """Let time pass in silence."""
        self.telemetry.paused()
        self.now += seconds
        self.look()
        return self

    def seek(self, position: float) -> Listening:
        self.position = position
        self.look()
        return self


def test_start_is_a_play_of_that_track() -> None:
    here = Listening().start()
    assert here.reports == [("play", FIRST, 0.0)]
    assert here.telemetry.track == FIRST


@pytest.mark.parametrize(
    ("heard", "length", "action"),
    [
        (0, 100, "skip_early"),
        (9.5, 100, "skip_early"),  # under 10 s
        (10, 100, "skip"),
        (19.5, 200, "skip_early"),  # under 10 %
        (20, 200, "skip"),
        (70, 100, "skip"),
        (70.5, 100, "skip_late"),  # over 70 %
        (89.5, 100, "skip_late"),
        (90, 100, "play_complete"),
        (100, 100, "play_complete"),
        (9.5, 30, "skip_early"),
        (10, 30, "skip"),
    ],
)
def test_leaving_is_judged_by_what_was_heard(heard: float, length: float, action: str) -> None:
    here = Listening().start(length=length).listen(heard)
    here.telemetry.left()
    assert here.actions == ["play", action]
    assert here.reports[1][2] == heard
    assert here.telemetry.track is None


@pytest.mark.parametrize("length", [None, 0.0, 10.0, 20.0, 40.0])
def test_end_after_a_listen_is_a_complete_play(length: float | None) -> None:
    here = Listening().start(length=length).listen(20)
    here.telemetry.ended()
    assert here.actions == ["play", "play_complete"]


@pytest.mark.parametrize("length", [None, 100.0, 1000.0])
@pytest.mark.parametrize("seen", [True, False])
def test_jump_to_the_end_is_no_complete_play(length: float | None, seen: bool) -> None:
    here = Listening().start(length=length).listen(5)
    if seen or length is None:  # Otherwise the player ends before it tells its position.
        here.seek(length or 100.0)
    here.telemetry.ended()
    here.start()
    assert here.actions == ["play", "play"]


def test_end_is_a_complete_play_for_a_player_that_can_not_tell_its_position() -> None:
    here = Listening()
    here.tells_position = False
    here.start(length=None).listen(5).telemetry.ended()
    assert here.actions == ["play", "play_complete"]


@pytest.mark.parametrize(
    ("length", "source"), [(None, None), (0, None), (5.0, None), (29.9, None), (180.0, "default")]
)
def test_short_or_unknown_length_gives_no_skip(length: float | None, source: str | None) -> None:
    for heard in (0, 4):
        here = Listening().start(length=length, length_source=source).listen(heard)
        here.telemetry.left()
        assert here.actions == ["play"]


def test_short_tune_heard_to_the_end_is_complete() -> None:
    here = Listening().start(length=20.0).listen(18)
    here.telemetry.left()
    assert here.actions == ["play", "play_complete"]


def test_next_is_one_skip() -> None:
    here = Listening().start().listen(30)
    here.telemetry.left()
    here.telemetry.started(OTHER)
    assert here.actions == ["play", "skip", "play"]
    assert [track for _, track, _ in here.reports] == [FIRST, FIRST, OTHER]


def test_choosing_another_tune_is_one_skip_too() -> None:
    here = Listening().start().listen(30)
    here.telemetry.started(OTHER)
    assert here.actions == ["play", "skip", "play"]


def test_another_subsong_is_another_track() -> None:
    here = Listening().start().listen(30).start(song=2)
    assert here.actions == ["play", "skip", "play"]
    assert here.reports[2][1]["song"] == 2


@pytest.mark.parametrize("first", ["ended", "left"])
@pytest.mark.parametrize("second", ["ended", "left"])
def test_each_track_ends_once(first: str, second: str) -> None:
    here = Listening().start().listen(95)
    getattr(here.telemetry, first)()
    getattr(here.telemetry, second)()
    assert here.actions == ["play", "play_complete"]


def test_pause_and_resume_report_nothing() -> None:
    for tells_position in (True, False):
        here = Listening()
        here.tells_position = tells_position
        here.start().listen(20).wait(60).listen(20)
        assert here.actions == ["play"]
        here.telemetry.left()
        assert here.reports[-1] == ("skip", FIRST, 40.0)


def test_stall_is_not_heard() -> None:
    here = Listening().start().listen(20)
    for _ in range(60):
        here.now += 1
        here.look()
    assert here.telemetry.listened_seconds == 20


def test_slow_ticks_of_a_hidden_page_lose_nothing() -> None:
    for tells_position in (True, False):
        here = Listening()
        here.tells_position = tells_position
        here.start()
        here.now += 60
        here.seek(60)
        assert here.telemetry.listened_seconds == 60


def test_sleep_of_the_machine_is_not_heard() -> None:
    here = Listening()
    here.tells_position = False
    here.start().listen(20)
    here.now += 3600
    here.look()
    assert here.telemetry.listened_seconds == 20


def test_position_that_is_not_known_is_null() -> None:
    here = Listening()
    here.tells_position = False
    here.start().listen(20)
    here.telemetry.left()
    assert here.actions == ["play", "skip"]
    assert here.positions == [None, None]


def test_change_of_the_adapter_goes_on_with_the_listen() -> None:
    here = Listening().start().listen(20)
    here.telemetry.paused()
    here.tells_position = False
    here.now += 3
    here.look()
    here.listen(20)
    here.telemetry.left()
    assert here.reports == [("play", FIRST, 0.0), ("skip", FIRST, 40.0)]
    assert here.positions == [None, None]


@pytest.mark.parametrize(("heard", "actions"), [(30, ["play"]), (95, ["play", "play_complete"])])
def test_failure_of_the_player_is_no_skip(heard: float, actions: list[str]) -> None:
    here = Listening().start().listen(heard)
    here.telemetry.failed()
    here.telemetry.left()
    assert here.actions == actions


@pytest.mark.parametrize(
    ("heard", "length", "counts"),
    [(49.5, 100, False), (50, 100, True), (239.5, 1000, False), (240, 1000, True), (240, None, True),
     (239.5, None, False), (0, 0, False)],
)  # fmt: skip
def test_listen_is_half_or_four_minutes(heard: float, length: float | None, counts: bool) -> None:
    assert is_listen(heard, length) is counts
    here = Listening().start(length=length).listen(heard).start(length=length)
    assert here.actions == (["play", "replay"] if counts else ["play"])


def test_starting_over_goes_on_with_the_listen() -> None:
    here = Listening().start().listen(5).start().listen(8)
    here.telemetry.left()
    assert here.reports == [("play", FIRST, 0.0), ("skip", FIRST, 13.0)]


def test_replay_ends_the_listen_before_it() -> None:
    here = Listening().start().listen(60).start().listen(5)
    here.telemetry.left()
    assert here.actions == ["play", "replay", "skip_early"]
    here = Listening().start().listen(95).start()
    assert here.actions == ["play", "play_complete", "replay"]


def test_what_was_jumped_over_was_not_heard() -> None:
    here = Listening().start().listen(5).seek(95).listen(4)
    here.telemetry.left()
    assert here.reports[-1] == ("skip_early", FIRST, 9.0)


def test_what_was_heard_again_counts_again() -> None:
    here = Listening().start().listen(20).seek(0).listen(20)
    here.telemetry.left()
    assert here.reports[-1] == ("skip", FIRST, 40.0)


@pytest.mark.parametrize("judgment", ["like", "dislike"])
def test_what_was_judged_is_no_skip(judgment: Literal["like", "dislike"]) -> None:
    here = Listening().start().listen(12)
    here.telemetry.judge(judgment)
    here.telemetry.left()
    assert here.reports == [("play", FIRST, 0.0), (judgment, FIRST, 12.0)]


def test_what_was_rated_is_no_skip() -> None:
    here = Listening().start().listen(12)
    here.telemetry.rated("1")
    here.telemetry.left()
    here.start(song=2).listen(12)
    here.telemetry.left()
    assert here.actions == ["play", "play", "skip"], "a rating belongs to one listen"


def test_what_is_taken_back_does_not_keep_a_skip_away() -> None:
    here = Listening().start().listen(12)
    here.telemetry.judge("dislike")
    for uuid in ("1", "2"):
        here.telemetry.rated(uuid)
    here.telemetry.take_back()
    here.telemetry.forget_ratings(["1", "another"])
    here.telemetry.left()
    assert here.actions == ["play", "dislike"], "one rating is left"
    here.start().listen(12)
    here.telemetry.rated("3")
    here.telemetry.forget_ratings(["3"])
    here.telemetry.left()
    assert here.actions == ["play", "dislike", "play", "skip"]


def test_a_rating_between_two_listens_belongs_to_none() -> None:
    here = Listening()
    here.telemetry.rated("1")
    here.start().listen(12)
    here.telemetry.left()
    assert here.actions == ["play", "skip"]


def test_liked_track_can_still_be_complete() -> None:
    here = Listening().start().listen(12)
    here.telemetry.judge("like")
    here.listen(80)
    here.telemetry.left()
    assert here.actions == ["play", "like", "play_complete"]


def test_judgment_counts_once_until_it_changes() -> None:
    here = Listening().start()
    here.telemetry.judge("like")
    here.telemetry.judge("like")
    here.telemetry.judge("dislike")
    here.telemetry.judge("dislike")
    here.telemetry.judge("like")
    assert here.actions == ["play", "like", "dislike", "like"]


def test_judgment_belongs_to_one_track() -> None:
    here = Listening().start()
    here.telemetry.judge("like")
    here.start(song=2).listen(30)
    here.telemetry.left()
    assert here.actions == ["play", "like", "play", "skip"]


def test_without_a_track_nothing_is_reported() -> None:
    here = Listening()
    here.telemetry.judge("like")
    for call in ("ended", "left", "failed", "paused"):
        getattr(here.telemetry, call)()
    assert here.actions == []


def test_again_after_the_end_is_a_replay() -> None:
    here = Listening().start().listen(100)
    here.telemetry.ended()
    here.start(features={"rms": 1}).listen(100)
    here.telemetry.ended()
    here.start()
    assert here.actions == ["play", "play_complete", "replay", "play_complete", "replay"]


def test_replay_is_of_the_same_song_and_at_once() -> None:
    here = Listening().start().listen(100)
    here.telemetry.ended()
    here.start(song=2).listen(100)
    here.telemetry.ended()
    here.start()
    assert here.actions == ["play", "play_complete", "play", "play_complete", "play"]


def test_replay_that_was_left_is_followed_by_a_play() -> None:
    here = Listening().start().listen(100)
    here.telemetry.ended()
    here.start().listen(30)
    here.telemetry.left()
    here.start()
    assert here.actions == ["play", "play_complete", "replay", "skip", "play"]


def test_positions_between_two_tracks_are_nobodys() -> None:
    here = Listening().start().listen(100)
    here.telemetry.ended()
    here.seek(0).listen(20)
    here.start().listen(5)
    here.telemetry.left()
    assert here.reports[-1] == ("skip_early", FIRST, 5.0)


STEPS = st.one_of(
    st.tuples(st.just("started"), st.fixed_dictionaries({
        "item_id": st.sampled_from(["a", "b"]),
        "song": st.integers(1, 2),
        "length": st.none() | st.floats(0, 300),
    })),
    st.tuples(st.just("moved"), st.none() | st.floats(0, 400), st.floats(0, 400)),
    st.tuples(st.just("judge"), st.sampled_from(["like", "dislike"])),
    st.tuples(st.sampled_from(["ended", "left", "failed", "paused"])),
)  # fmt: skip


@given(st.lists(STEPS, max_size=40))
def test_whatever_happens_each_listen_has_one_start_and_at_most_one_end(steps: list[Any]) -> None:
    here = Listening()
    for name, *arguments in steps:
        getattr(here.telemetry, name)(*arguments)
    assert set(here.actions) <= set(ACTIONS)
    ended = True
    for action, track, heard in here.reports:
        if action in ("play", "replay"):
            ended, current = False, track
            assert heard == 0
        assert not ended
        assert all(track[key] == current[key] for key in ("item_id", "song"))
        assert heard >= 0
        ended = action in ENDS


def test_what_was_heard_in_private_makes_no_replay() -> None:
    here = Listening().start(private=True).listen(100)
    here.telemetry.ended()
    here.start()
    assert [(action, track.get("private")) for action, track, _ in here.reports] == [
        ("play", True),
        ("play_complete", True),
        ("play", None),
    ]
