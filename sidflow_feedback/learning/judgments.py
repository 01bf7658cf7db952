"""Judgments: the labels that a listener's ratings and actions on one song give it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sidflow_feedback.events import RatingEvent
from sidflow_feedback.vocabulary import is_listen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidflow_feedback.events import Event, ImplicitEvent
    from sidflow_feedback.types import Action, Dimension, Milliseconds

IMPLIED_PREFERENCES: Final[Mapping[Action, tuple[float, float]]] = {
    "like": (5.0, 0.8),
    "replay": (4.5, 0.4),
    "play_complete": (4.0, 0.2),
    "skip_late": (3.0, 0.1),
    "skip": (2.0, 0.2),
    "skip_early": (1.5, 0.3),
    "dislike": (1.0, 0.8),
}
"""Preference that an action implies, and its weight. A rating has weight 1, and a play implies nothing."""

OPINIONS: Final[tuple[Action, ...]] = ("dislike", "like")
"""Actions that are a judgment like a rating of preference: the latest of all three is the label."""

HABITS: Final[tuple[Action, ...]] = tuple(name for name in IMPLIED_PREFERENCES if name not in OPINIONS)
"""Actions that imply a preference only as long as there is no judgment."""

IGNORED_AFTER_LISTEN: Final = ("skip", "skip_early")
"""Actions that imply nothing once the song counts as listened to: leaving a long song after 4 minutes isn't a
rejection."""

HALF_LIFE_DAYS: Final = 30.0
"""Time after which an implied preference has half its weight. Ratings and dislikes keep theirs."""

_DAY: Final[Milliseconds] = 86_400_000


@dataclass(slots=True)
class Judgments:
    """What the events on one song say about it.

    The latest rating of each dimension counts. Of ratings of preference, likes, and dislikes, the latest
    counts, whichever it is. Other actions count only without one of these; they are averaged by weight, and
    their total weight is at most that of a rating.
    """

    ratings: dict[Dimension, int] = field(default_factory=dict)
    times: dict[Dimension, Milliseconds] = field(default_factory=dict)
    opinion: ImplicitEvent | None = None
    weight: float = 0.0
    weighted: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.ratings or self.opinion or self.weight)

    def take(self, event: Event, now: Milliseconds) -> None:
        """Add an event, in any order."""
        if isinstance(event, RatingEvent):
            for name, rating in event.ratings.items():
                if event.timestamp > self.times.get(name, -1):
                    self.ratings[name], self.times[name] = rating, event.timestamp
        elif event.action in OPINIONS:
            if self.opinion is None or event.timestamp > self.opinion.timestamp:
                self.opinion = event
        elif event.action in IMPLIED_PREFERENCES and not _is_ignored(event):
            preference, weight = IMPLIED_PREFERENCES[event.action]
            weight *= _decay(event, now)
            self.weight += weight
            self.weighted += weight * preference

    def label(self, dimension: Dimension, now: Milliseconds) -> tuple[float, float]:
        """Return the label and its weight; weight 0 where there is no label."""
        opinion = self.opinion if dimension == "p" else None
        if opinion is not None and opinion.timestamp >= self.times.get("p", -1):
            preference, weight = IMPLIED_PREFERENCES[opinion.action]
            return preference, weight * (1.0 if opinion.action == "dislike" else _decay(opinion, now))
        if dimension in self.ratings:
            return float(self.ratings[dimension]), 1.0
        if dimension == "p" and self.weight:
            return self.weighted / self.weight, min(1.0, self.weight)
        return 0.0, 0.0


def _decay(event: ImplicitEvent, now: Milliseconds) -> float:
    return float(0.5 ** (max(0.0, now - event.timestamp) / _DAY / HALF_LIFE_DAYS))


def _is_ignored(event: ImplicitEvent) -> bool:
    listened = is_listen(event.track.listened_seconds or 0.0, event.track.length)
    return listened and event.action in IGNORED_AFTER_LISTEN
