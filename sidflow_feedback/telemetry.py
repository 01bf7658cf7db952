"""From what a player does to what a listener meant, as a pure state machine.

Shared by page and engine: imports on MicroPython too.

One listen of a tune gives one `play` (or `replay`) at its start, and at most one action at its end:

=============  ====================================================================
play_complete  at least 90 % was heard, or the tune came to its end
skip_early     left within the first 10 s or 10 %
skip_late      left after 70 %
skip           left in between
=============  ====================================================================

Only audible time counts: pauses and seeks don't. A tune that was liked is not skipped by going on. A tune
under 30 s, or of unknown length, gives no skip: leaving it early says nothing.
"""

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Track = dict[str, Any]

COMPLETE = 0.9
LATE = 0.7
EARLY = 0.1
EARLY_SECONDS = 10
SHORTEST = 30
LONGEST_STEP = 2.0
"""Seconds: a larger step of the position is a seek, not listening."""


class Telemetry:
    """Watches one player and reports actions.

    Parameters
    ----------
    report
        Called as ``report(action, track, heard)``: the track as it was given to `started`, and the seconds
        that were heard of it.
    """

    def __init__(self, report: "Callable[[str, Track, float], object]") -> None:
        self._report = report
        self._track: Track | None = None
        self._finished: Track | None = None
        self._heard = 0.0
        self._position = 0.0
        self._judgement: str | None = None

    @property
    def track(self) -> "Track | None":
        """The track being listened to, None between two."""
        return self._track

    def started(self, track: "Track") -> None:
        """Tell that a track begins: a dict with ``sidPath``, ``song`` and ``length`` (seconds or None)."""
        if self._track is not None:
            self.left()
        self._forget()
        self._track = track
        action = "replay" if _same(track, self._finished) else "play"
        self._finished = None
        self._report(action, track, 0.0)

    def moved(self, position: float) -> None:
        """Tell the player's position in seconds; called a few times each second while it plays."""
        step = position - self._position
        if 0 < step <= LONGEST_STEP:
            self._heard += step
        self._position = position

    def liked(self) -> None:
        """Tell that the listener likes the track."""
        self._judge("like")

    def disliked(self) -> None:
        """Tell that the listener dislikes the track."""
        self._judge("dislike")

    def ended(self) -> None:
        """Tell that the track came to its end by itself."""
        if self._track is None:
            return
        self._finished = self._track
        self._end("play_complete")

    def left(self) -> None:
        """Tell that the listener went on: next, another track, another subsong."""
        if self._track is None:
            return
        self._end(self._action_of_leaving(self._track))

    def _judge(self, judgement: str) -> None:
        if self._track is None or self._judgement == judgement:
            return
        self._judgement = judgement
        self._report(judgement, self._track, self._heard)

    def _action_of_leaving(self, track: "Track") -> str | None:
        length = track.get("length")
        if length and self._heard >= COMPLETE * length:
            return "play_complete"
        if self._judgement == "like" or not length or length < SHORTEST:
            return None
        if self._heard < EARLY_SECONDS or self._heard < EARLY * length:
            return "skip_early"
        return "skip_late" if self._heard > LATE * length else "skip"

    def _end(self, action: str | None) -> None:
        track, heard = self._track, self._heard
        self._track = None
        if action is not None and track is not None:
            self._report(action, track, heard)

    def _forget(self) -> None:
        self._heard = 0.0
        self._position = 0.0
        self._judgement = None


def _same(track: "Track", other: "Track | None") -> bool:
    return other is not None and all(track.get(key) == other.get(key) for key in ("sidPath", "song"))
