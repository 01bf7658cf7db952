"""Turns what a player does into the listener's actions, as a pure state machine.

The page and the engine share it: it also runs on MicroPython.

A listen begins when a track becomes audible (`play` or `replay`). It ends with at most one of these actions:

=============  ====================================================================
play_complete  at least 90 % was audible, or the track reached its end and had counted as a listen
skip_early     left within the first 10 s or 10 %
skip_late      left after 70 %
skip           left in between
replay         restarted at once, after it had counted as a listen
=============  ====================================================================

It *counts as a listen* once min(50 %, 240 s) were audible (`is_listen`). `play` says only that the track
began: it carries no opinion. A restart before that point continues the same listen, so it is neither a skip
nor a play; a restart after it is a replay. A skip of a track that counted as a listen is reported, but not
held against the track (`dataset.py`).

Only audible time counts: no pauses, seeks, or stalls. So a jump to the end reports nothing. No skip is
reported

- of a listen that was judged or rated, unless that was taken back: the listener has said what they think;
- of a track under 30 s or of unknown or default length: leaving it says nothing;
- when the player failed, or was replaced by another adapter, where the listen continues.
"""

from sidflow_feedback.vocabulary import LengthSource, is_listen

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, TypeAlias

    from sidflow_feedback.types import Action, Track

    Judgment: TypeAlias = Literal["like", "dislike"]

COMPLETE = 0.9
LATE = 0.7
EARLY = 0.1
EARLY_SECONDS = 10
MIN_SKIP_LENGTH = 30
"""Seconds: leaving a shorter track says nothing."""

SLACK = 0.5
"""Seconds that a position may run ahead of the clock before its step is a seek."""

_IDENTITY = ("item_id", "song", "private")
"""Fields that two starts of the same track share. A private listen is separate: later events must not reveal
it."""

MAX_STEP = 90.0
"""Seconds between two updates from a player without a position. After more, the machine was asleep: a browser
runs the timers of a hidden page at least once a minute."""


class Telemetry:
    """Watches one player and reports actions.

    Parameters
    ----------
    report
        Called as ``report(action, track, position, listened_seconds)``: the track as it was given to
        `started`, the player's last position (None if it can't tell), and the audible seconds of this listen.
        Returns the uuid of the event, or None.

    Attributes
    ----------
    track
        The track of the current listen; None between two listens.
    listened_seconds
        Audible seconds of this listen.
    judgment
        The listener's judgment in this listen; None if there is none.
    ratings
        The UUIDs of the listener's ratings of the track in this listen.
    """

    def __init__(self, report: "Callable[[Action, Track, float | None, float], str | None]") -> None:
        self._report = report
        self.track: Track | None = None
        self._finished: Track | None = None
        self.listened_seconds = 0.0
        self.judgment: Judgment | None = None
        self.ratings: list[str] = []
        self._position: float | None = None
        self._updated: float | None = None

    def started(self, track: "Track", position: float | None = None) -> None:
        """Start a track from its beginning.

        Parameters
        ----------
        track
            Has ``item_id``, ``song``, ``length`` (seconds or None), and ``length_source``.
        position
            The player's position in seconds; None if it can't tell.
        """
        self.paused()
        if _same(track, self.track):
            if not self._counts():
                self.track = track
                return
            self._finished = self.track
            self._end("play_complete" if self._share() >= COMPLETE else None)
        self.left()
        action: Action = "replay" if _same(track, self._finished) else "play"
        self.track, self._finished, self._position = track, None, position
        self._emit(action)

    def moved(self, position: float | None, now: float) -> None:
        """Update the position while the track is audible.

        Must be called when the track becomes audible, a few times each second, and when it falls silent.

        Parameters
        ----------
        position
            The player's position in seconds; None if it can't tell.
        now
            A monotonic clock in seconds.
        """
        if self.track is None:
            return
        if self._updated is not None:
            self.listened_seconds += _audible(self._position, position, now - self._updated)
        self._position, self._updated = position, now

    def paused(self) -> None:
        """Count nothing as audible until the next `moved`."""
        self._updated = None

    def judge(self, judgment: "Judgment") -> str | None:
        """Report a like or dislike of the track, once for each listen; return what `report` did."""
        if self.track is None or self.judgment == judgment:
            return None
        self.judgment = judgment
        return self._emit(judgment)

    def take_back(self) -> None:
        """Forget the judgment of this listen. Its event is the caller's to withdraw."""
        self.judgment = None

    def rated(self, uuid: str) -> None:
        """Note that the caller has recorded a rating of the track with this UUID."""
        if self.track is not None:
            self.ratings.append(uuid)

    def forget_ratings(self, uuids: list[str]) -> None:
        """Note that these ratings were taken back."""
        self.ratings = [uuid for uuid in self.ratings if uuid not in uuids]

    def ended(self) -> None:
        """End the listen: the track reached its end, by itself or because the listener jumped there."""
        if self.track is None:
            return
        length = self.track.get("length") or self._position
        if length and not is_listen(self.listened_seconds + SLACK, length):
            self._end(None)  # A jump, or a wrong length: neither says anything.
        else:
            self._finished = self.track
            self._end("play_complete")

    def left(self) -> None:
        """End the listen: the listener moved on to another track or song."""
        if self.track is not None:
            self._end(self._action_of_leaving(self.track))

    def failed(self) -> None:
        """End the listen: the player can't continue, so the listener has skipped nothing."""
        if self.track is not None:
            self._end("play_complete" if self._share() >= COMPLETE else None)

    def _counts(self) -> bool:
        return self.track is not None and is_listen(self.listened_seconds, self.track.get("length"))

    def _share(self) -> float:
        length = self.track.get("length") if self.track else None
        return self.listened_seconds / length if length else 0.0

    def _action_of_leaving(self, track: "Track") -> "Action | None":
        share = self._share()
        if share >= COMPLETE:
            return "play_complete"
        if self.judgment or self.ratings or not _known_to_be_long(track):
            return None
        if self.listened_seconds < EARLY_SECONDS or share < EARLY:
            return "skip_early"
        return "skip_late" if share > LATE else "skip"

    def _end(self, action: "Action | None") -> None:
        if action is not None:
            self._emit(action)
        self.track = self.judgment = self._position = self._updated = None
        self.listened_seconds, self.ratings = 0.0, []

    def _emit(self, action: "Action") -> str | None:
        if self.track is None:
            return None
        return self._report(action, self.track, self._position, self.listened_seconds)


def _audible(before: float | None, position: float | None, elapsed: float) -> float:
    """Return the audible seconds between two updates."""
    if before is None or position is None:
        return elapsed if 0 < elapsed <= MAX_STEP else 0.0
    step = position - before
    return step if 0 < step <= elapsed + SLACK else 0.0


def _known_to_be_long(track: "Track") -> bool:
    return (
        track.get("length_source") != LengthSource.DEFAULT and (track.get("length") or 0) >= MIN_SKIP_LENGTH
    )


def _same(track: "Track", other: "Track | None") -> bool:
    return other is not None and all(track.get(key) == other.get(key) for key in _IDENTITY)
