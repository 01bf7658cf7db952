import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from app.page.core.resume import KEY, Resume
from app.page.core.sleep_timer import FADE_SECONDS, SleepTimer
from app.page.core.tune import Tune
from sidflow_feedback.page.signal import Signal
from sidflow_feedback.types import Record
from tests.contracts.player_contract import LONG, SHORT, SHORT_SECONDS
from tests.unit.player.hand_listener import TICK, HandListener, Storage

if TYPE_CHECKING:
    from app.page.core.recommendations import Recommendations


class Queue:
    """What `Resume` reads of `Recommendations`, and the station."""

    def __init__(self) -> None:
        self.changed: Signal[[]] = Signal()
        self.arranged: list[Tune] = []
        self.station = self.in_order = ""

    def arrange(self, *tunes: Tune) -> None:
        self.arranged = list(tunes)
        self.changed.emit()


def resumed(
    listener: HandListener, queue: Queue | None = None, storage: Storage | None = None
) -> tuple[Resume, Storage]:
    queue, storage = queue or Queue(), storage or Storage()
    recommendations = cast("Recommendations", queue)
    return Resume(listener.playback, recommendations, storage, lambda: queue.station), storage


def listen(listener: HandListener, resume: Resume, seconds: float) -> None:
    for _ in range(round(seconds / TICK)):
        listener.listen(TICK)
        resume.tick()


def test_song_and_position_are_kept_every_few_seconds_and_at_a_pause() -> None:
    listener = HandListener()
    resume, storage = resumed(listener)
    follows: Record = {"station": "", "order": "", "next": []}
    assert resume.left() is None
    listener.choose(LONG)
    listener.set_song(2)
    listen(listener, resume, 62)
    path = listener.tunes.named[LONG].sid_path
    assert resume.left() == {"path": path, "song": 2, "position": 60, **follows}
    assert storage.writes < 20
    listener.pause()
    assert resume.left() == {"path": path, "song": 2, "position": 62, **follows}
    assert resumed(HandListener(), storage=storage)[0].left() == resume.left(), (
        "it is there on the next visit"
    )
    resume.forget()
    assert resume.left() is None
    listener.playback.toggle()
    listen(listener, resume, 20)
    assert resume.left() is None, "of the song that plays, nothing more is written"
    listener.choose(SHORT)
    listen(listener, resume, SHORT_SECONDS / 2)
    assert resume.left() is not None


def test_nothing_is_kept_of_what_plays_incognito_or_was_only_shown() -> None:
    listener = HandListener()
    resume, storage = resumed(listener)
    asyncio.run(listener.playback.cue(listener.tunes.named[LONG], 0, 20.0))
    listener.choose(SHORT)
    kept = storage.kept[KEY]
    listener.playback.set_incognito(True)
    listener.choose(LONG)
    listen(listener, resume, 10)
    listener.pause()
    assert storage.kept == {KEY: kept}


def test_station_order_and_tunes_that_were_put_next_are_kept_unless_that_was_incognito() -> None:
    listener, queue = HandListener(), Queue()
    resume, storage = resumed(listener, queue)
    long, short = listener.tunes.named[LONG], listener.tunes.named[SHORT]
    listener.choose(LONG)
    listen(listener, resume, 1)
    queue.station, queue.in_order = "calm", "the list by year"
    queue.arrange(short)
    left = resume.left()
    assert left is not None
    assert (left["station"], left["order"], left["next"]) == ("calm", "the list by year", [short.sid_path])
    kept = storage.kept[KEY]
    listener.playback.set_incognito(True)
    queue.arrange(long, short)
    assert storage.kept == {KEY: kept}
    listener.playback.set_incognito(False)
    listener.choose(SHORT)
    listen(listener, resume, 1)
    listener.pause()
    left = resume.left()
    assert left is not None
    assert (left["path"], left["next"]) == (short.sid_path, [short.sid_path]), "not what was put next in it"
    resume.forget()
    queue.arrange(short, long)
    assert storage.kept == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"path": "a", "song": "x", "position": 1}'])
def test_what_was_edited_by_hand_is_ignored(text: str) -> None:
    resume, storage = resumed(HandListener())
    storage.kept[KEY] = text
    assert resume.left() is None


def slept(listener: HandListener) -> tuple[SleepTimer, list[float]]:
    """Return a timer, and the volumes that the player is set to."""
    volumes: list[float] = []
    listener.player.set_volume = volumes.append  # type: ignore[method-assign,assignment]
    return SleepTimer(listener.playback, lambda: listener.now), volumes


def pass_time(listener: HandListener, timer: SleepTimer, seconds: float) -> list[bool]:
    ended = []
    for _ in range(round(seconds / TICK)):
        listener.listen(TICK)
        ended.append(timer.tick())
    return ended


def test_the_timer_fades_out_and_pauses() -> None:
    listener = HandListener()
    listener.choose(LONG)
    timer, volumes = slept(listener)
    timer.start(1)
    assert timer.remaining == 60
    assert not any(pass_time(listener, timer, 60 - FADE_SECONDS))
    assert set(volumes) == {1.0}
    assert pass_time(listener, timer, FADE_SECONDS)[-1]
    fading = volumes[1:-1]
    assert fading == sorted(fading, reverse=True)
    assert fading[-1] < 0.05
    assert volumes[-1] == 1, "the next tune is as loud as before"
    assert listener.playback.state == "paused"
    assert timer.remaining is None


def test_the_timer_can_be_canceled_while_it_fades() -> None:
    listener = HandListener()
    listener.choose(LONG)
    timer, volumes = slept(listener)
    timer.start(1)
    pass_time(listener, timer, 55)
    timer.cancel()
    pass_time(listener, timer, 10)
    assert volumes[-1] == 1
    assert listener.playback.state == "playing"


def test_the_timer_ends_with_the_tune() -> None:
    listener = HandListener()
    listener.choose(SHORT)
    timer, _ = slept(listener)
    timer.wait_for_end()
    assert timer.at_end
    listener.listen(SHORT_SECONDS + 5)
    assert listener.playback.state == "stopped"
    assert listener.playback.tune is listener.tunes.named[SHORT]
    timer.cancel()
    listener.choose(SHORT)
    listener.listen(SHORT_SECONDS + 5)
    assert isinstance(listener.playback.tune, Tune)
    assert listener.playback.tune is not listener.tunes.named[SHORT]
