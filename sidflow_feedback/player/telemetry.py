"""From what a player does to what a listener meant, as a pure state machine.

Shared by page and engine: imports on MicroPython too.

A listen begins when a track is heard (`play`, or `replay`), and ends with at most one of

=============  ====================================================================
play_complete  at least 90 % was heard, or the track came to its end
skip_early     left within the first 10 s or 10 %
skip_late      left after 70 %
skip           left in between
replay         begun again at once, after it had counted as a listen
=============  ====================================================================

It *counts as a listen* once min(50 %, 240 s) were heard (`is_listen`). `play` alone says only that it began:
no opinion follows from it. Starting a track over before that is the same listen going on, not a skip and a
play; after that it is a replay. A skip of what counted as a listen is reported, but not held against the tune
(`dataset.py`).

Only audible time counts, not pauses, seeks or stalls. No skip at all is reported

- of a track that was liked: going on is not a change of mind;
- of one under 30 s or of unknown length (also one whose length is a default): leaving it says nothing;
- when the player failed, or changed to another adapter in mid-tune, where the listen goes on.
"""

from sidflow_feedback.vocabulary import LengthSource, is_listen

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from sidflow_feedback.types import Action, Track

    Judgment = Literal["like", "dislike"]

COMPLETE = 0.9
LATE = 0.7
EARLY = 0.1
EARLY_SECONDS = 10
SHORTEST = 30
SLACK = 0.5
"""Seconds that a position may run ahead of the clock before its step is a seek."""

_IDENTITY = ("item_id", "song", "private")
"""What was heard in private is another listen: nothing that follows may tell of it."""

LONGEST_STEP = 90.0
"""Seconds between two looks at a player without a position; after more the machine was asleep. A browser
wakes the timers of a hidden page at least once a minute."""


class Telemetry:
    """Watches one player and reports actions.

    Parameters
    ----------
    report
        Called as ``report(action, track, position, heard)``: the track as it was given to `started`, the
        player's last position (None where it can't tell), and the audible seconds of this listen.

    Attributes
    ----------
    track
        The track being listened to, None between two.
    heard
        Audible seconds of this listen.
    judgment
        ``like``, ``dislike`` or None: what was said of this listen.
    """

    def __init__(self, report: "Callable[[Action, Track, float | None, float], object]") -> None:
        self._report = report
        self.track: Track | None = None
        self._finished: Track | None = None
        self.heard = 0.0
        self.judgment: Judgment | None = None
        self._position: float | None = None
        self._seen: float | None = None

    def started(self, track: "Track", position: float | None = None) -> None:
        """Tell that a track is heard from its beginning, and the player's position.

        The track is a dict with ``item_id``, ``song``, ``length`` (seconds or None) and ``length_source``.
        """
        self.paused()
        if _same(track, self.track):
            if not self._counts():
                return
            self._finished = self.track
            self._end("play_complete" if self._share() >= COMPLETE else None)
        self.left()
        action: Action = "replay" if _same(track, self._finished) else "play"
        self.track, self._finished, self._position = track, None, position
        self._tell(action)

    def moved(self, position: float | None, now: float) -> None:
        """Tell that the track is audible: the player's position and a steady clock, in seconds.

        To be called when it begins to be audible, a few times each second, and when it falls silent.
        """
        if self.track is None:
            return
        if self._seen is not None:
            self.heard += _audible(self._position, position, now - self._seen)
        self._position, self._seen = position, now

    def paused(self) -> None:
        """Tell that nothing is audible until `moved` is called again."""
        self._seen = None

    def liked(self) -> None:
        """Tell that the listener likes the track."""
        self._judge("like")

    def disliked(self) -> None:
        """Tell that the listener dislikes the track."""
        self._judge("dislike")

    def ended(self) -> None:
        """Tell that the track came to its end by itself."""
        if self.track is not None:
            self._finished = self.track
            self._end("play_complete")

    def left(self) -> None:
        """Tell that the listener went on: next, another track, another subsong."""
        if self.track is not None:
            self._end(self._action_of_leaving(self.track))

    def failed(self) -> None:
        """Tell that the player can't go on: the listener has skipped nothing."""
        if self.track is not None:
            self._end("play_complete" if self._share() >= COMPLETE else None)

    def _judge(self, judgment: "Judgment") -> None:
        if self.track is None or self.judgment == judgment:
            return
        self.judgment = judgment
        self._tell(judgment)

    def _counts(self) -> bool:
        return self.track is not None and is_listen(self.heard, self.track.get("length"))

    def _share(self) -> float:
        length = self.track.get("length") if self.track else None
        return self.heard / length if length else 0.0

    def _action_of_leaving(self, track: "Track") -> "Action | None":
        share = self._share()
        if share >= COMPLETE:
            return "play_complete"
        if self.judgment == "like" or not _known_to_be_long(track):
            return None
        if self.heard < EARLY_SECONDS or share < EARLY:
            return "skip_early"
        return "skip_late" if share > LATE else "skip"

    def _end(self, action: "Action | None") -> None:
        if action is not None:
            self._tell(action)
        self.track = self.judgment = self._position = self._seen = None
        self.heard = 0.0

    def _tell(self, action: "Action") -> None:
        if self.track is not None:
            self._report(action, self.track, self._position, self.heard)


def _audible(before: float | None, position: float | None, elapsed: float) -> float:
    """Return the seconds that were heard between two looks at the player."""
    if before is None or position is None:
        return elapsed if 0 < elapsed <= LONGEST_STEP else 0.0
    step = position - before
    return step if 0 < step <= elapsed + SLACK else 0.0


def _known_to_be_long(track: "Track") -> bool:
    return track.get("length_source") != LengthSource.DEFAULT and (track.get("length") or 0) >= SHORTEST


def _same(track: "Track", other: "Track | None") -> bool:
    return other is not None and all(track.get(key) == other.get(key) for key in _IDENTITY)
