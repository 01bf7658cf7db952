"""A listener's actions and the events that result: the same with every player.

A test implements a `Listener` for its player, and compares ``recorded_events(listener)`` with `EVENTS`.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from sidflow_feedback.types import Record

LONG: Final = "a long tune"
SONGS: Final = "a long tune with several songs"
LONG_SECONDS: Final = 300.0
"""So long that even on a slow machine a skip still comes early, in the first tenth."""

SHORT: Final = "a tune that is over after 2 s"
SHORT_SECONDS: Final = 2.0


class Listener(Protocol):
    """Methods act and wait for the effect: `choose` until the tune plays, `next` until another one does."""

    def choose(self, tune: str) -> None:
        """Click a tune: `LONG`, `SONGS` or `SHORT`."""

    def listen(self, seconds: float) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def seek(self, seconds: float) -> None:
        """Go to a position in the song; do nothing if the player can't seek."""

    def next(self) -> None: ...
    def double_next(self) -> None:
        """Click Next twice, as fast as a double click."""

    def like(self) -> None: ...
    def set_song(self, song: int) -> None: ...
    def hide(self) -> None:
        """Hide the page for a moment."""

    def open_broken_file(self) -> None:
        """Open a file that no player can play; return when the page reports it."""

    def wait_for_end(self) -> None:
        """Return when the tune has ended by itself and the next one plays."""

    def switch(self) -> None:
        """Choose another player during the tune; return when that player continues it."""

    def events(self) -> list[Record]:
        """Return the recorded events in order."""


EVENTS: Final = [
    ("play", 0, 1, 0),
    ("like", 0, 1, 0),
    ("play", 1, 1, 0),
    ("skip_early", 1, 1, 0),
    ("play", 2, 1, 0),
    ("skip_early", 2, 1, 0),
    ("play", 3, 1, 0),
    ("skip_early", 3, 1, 0),
    ("play", 3, 2, 0),
    ("skip_early", 3, 2, 0),
    ("play", 4, 1, 0),
    ("play_complete", 4, 1, 0),
    ("play", 5, 1, 0),
    ("like", 5, 1, 1),
    ("play", 6, 1, 1),
]
"""Action, tune (numbered in order of appearance), song, and player (0 before the switch, 1 after it)."""


def recorded_events(listener: Listener) -> list[tuple[str, int, int, int]]:
    """Let `listener` do everything once; return the events in the form of `EVENTS`."""
    listener.choose(LONG)
    listener.listen(1)
    listener.pause()
    listener.resume()
    listener.choose(LONG)  # Start over.
    listener.like()
    listener.next()
    listener.listen(0.5)
    listener.double_next()
    listener.choose(SONGS)
    listener.set_song(2)
    listener.hide()
    listener.seek(90)
    listener.listen(0.5)
    listener.open_broken_file()
    listener.choose(SHORT)
    listener.wait_for_end()
    listener.switch()
    listener.listen(0.5)
    listener.like()
    listener.next()
    return _numbered(listener.events())


def _numbered(events: list[Record]) -> list[tuple[str, int, int, int]]:
    tunes: list[Any] = list(dict.fromkeys(event["sidPath"] for event in events))
    players: list[Any] = list(dict.fromkeys(event["pipeline"] for event in events))
    return [
        (event["action"], tunes.index(event["sidPath"]), event["song"], players.index(event["pipeline"]))
        for event in events
    ]


def check_context(events: list[Record], *, positions: bool) -> None:
    """Check player, position, and length of each event; `positions`: the player knows its position."""
    for event in events:
        assert event["sessionId"]
        assert event["length"] > 0
        assert event["lengthSource"] == "catalog"
        assert set(event["features"] or ()) >= {"rms", "bpm"}
        assert 0 <= event["listenedSeconds"] < LONG_SECONDS / 10
        if positions:
            assert 0 <= event["position"] < LONG_SECONDS
        else:
            assert event["position"] is None
    for event in events:
        if event["action"] == "skip_early" and event["song"] == 2:
            assert event["listenedSeconds"] < LONG_SECONDS / 10, "what was jumped over was not heard"
            assert not positions or event["position"] >= 90, "telemetry gets the last position"
