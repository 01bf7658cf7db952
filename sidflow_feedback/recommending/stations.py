"""Stations: queues by likeness to songs, or by a feeling; and the variety of all queues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.recommending.ranking import Ranking, descending, shuffled
from sidflow_feedback.recommending.similarity import ranks
from sidflow_feedback.vocabulary import DIMENSIONS, FEATURE_NAMES, FEELINGS, MAX_RATING, MIN_RATING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidflow_feedback.recommending.ranking import Numbers
    from sidflow_feedback.types import Dimension, Feeling

PARTS: Final[dict[str, tuple[tuple[str, float], ...]]] = {
    "calm": (("energy", -1.0), ("bpm", -0.5)),
    "driving": (("energy", 1.0), ("bpm", 0.5)),
    "dark": (("spectralCentroid", -1.0), ("spectralRolloff", -1.0)),
    "bright": (("spectralCentroid", 1.0), ("spectralRolloff", 1.0)),
    "simple": (("zeroCrossingRate", -1.0), ("energy", -0.5), ("confidence", 1.0)),
    "intricate": (("zeroCrossingRate", 1.0), ("energy", 0.5), ("confidence", -1.0)),
}
"""What makes a song feel like that: features with their weights, compared with the rest of the library."""

INTRICATE: Final = (
    *("note_rate", "gate", "envelopes", "pitch_range"),
    *("arpeggio", "pulse_moves", "filter_changes"),
)
"""Dimensions of the embedding that an intricate song has much of: many notes at a time, of many instruments,
over a wide range, and always in motion. They stand in for `PARTS` where they are known."""

MAP_FEELINGS: Final[dict[Dimension, Feeling]] = {"e": "driving", "m": "bright"}
"""The feelings that the directions of the taste map stand for."""

MIN_MAP_RANGE: Final = 0.5
"""Difference between the lowest and the highest prediction below which the model doesn't tell items apart."""

SHARE: Final = 0.2
"""Of the library that a station by feeling plays."""

GAP: Final = 3
"""Tunes of others between two of one composer."""

SPREAD: Final = 200
"""Positions of a queue for which composers are spread: more than anybody hears before it is made again."""


def by_likeness(similarities: NDArray[np.float32]) -> Ranking:
    """Rank items by how similar they are, shape (n,); those of unknown similarity come last."""
    known = int((~np.isnan(similarities)).sum())
    return Ranking(descending(similarities), known, similarities, np.zeros_like(similarities))


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where items lie on the taste map.

    Attributes
    ----------
    energy, mood
        From 1 to 5, NaN where unknown, shape (n,).
    by_sound
        Which of them the model can't tell yet: they stand for the sound then, as in the stations by feeling.
    """

    energy: NDArray[np.float32]
    mood: NDArray[np.float32]
    by_sound: str

    @classmethod
    def of(cls, outputs: NDArray[np.float32], features: NDArray[np.float32]) -> Places:
        """Return the places of items with these predictions, shape (n, 4), and features, shape (n, 8)."""
        found: dict[str, NDArray[np.float32]] = {}
        by_sound = ""
        for name, feeling in MAP_FEELINGS.items():
            column = outputs[:, DIMENSIONS.index(name)]
            known = column[~np.isnan(column)]
            if known.size and np.ptp(known) < MIN_MAP_RANGE:
                by_sound += name
                column = MIN_RATING + (MAX_RATING - MIN_RATING) * _scores(feeling, features)
            found[name] = column
        return cls(found["e"], found["m"], by_sound)

    def from_place(self, place: Sequence[float]) -> Ranking:
        """Rank the items by how near they are to an energy and a mood, nearest first."""
        energy, mood = place
        return by_likeness(-np.hypot(self.energy - energy, self.mood - mood).astype(np.float32))


def by_feeling(
    feeling: Feeling,
    features: NDArray[np.float32],
    identities: NDArray[np.uint32],
    *,
    traits: NDArray[np.float32],
    preferences: NDArray[np.floating],
    seed: int,
) -> Ranking:
    """Rank the fifth of the items that feel most like this by preference; in random order if all are equal.

    Parameters
    ----------
    features
        Of each item, shape (n, 8).
    identities
        See `ranking.queue`.
    traits
        `INTRICATE` of each item, shape (n, dimensions); NaN where unknown.
    preferences
        Predicted, shape (n,); NaN where unknown.
    seed
        Another one gives another random order.
    """
    assert feeling in FEELINGS
    scores = _scores(feeling, features)
    if feeling in ("simple", "intricate"):
        intricacy = ranks(traits.mean(axis=1)[:, None])[:, 0]
        better = intricacy if feeling == "intricate" else 1 - intricacy
        scores = np.where(np.isnan(better), scores, better)
    order = descending(scores)
    count = int(np.ceil(SHARE * (~np.isnan(scores)).sum()))
    chosen, others = order[:count], order[count:]
    chosen = chosen[shuffled(identities[chosen], seed)]
    chosen = chosen[descending(np.round(preferences[chosen], 1))]
    return Ranking(np.concatenate([chosen, others]), count, preferences, np.zeros(len(scores)))


def _scores(feeling: Feeling, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much each item feels like this, from 0 to 1: its rank; NaN where unknown, shape (n,)."""
    columns = [FEATURE_NAMES.index(name) for name, _ in PARTS[feeling]]
    weights = np.array([weight for _, weight in PARTS[feeling]], np.float32)
    return ranks((ranks(features[:, columns]) @ weights)[:, None])[:, 0]


def spread(order: Numbers, composers: NDArray[np.uint32], heard: Numbers) -> Numbers:
    """Return positions in a queue such that composers alternate, shape (n,).

    Each time, the first item is next whose composer isn't among those of the `GAP` items before. Where
    there is none, the first one is. Composers of number 0 are unknown, and each one another.

    Parameters
    ----------
    order
        The queue, shape (n,).
    composers
        Of all items.
    heard
        The items that were played last, latest first.
    """
    waiting = list(range(min(len(order), 2 * SPREAD)))
    of = composers[order[: len(waiting)]].tolist()
    last = composers[heard[:GAP][::-1]].tolist()
    if len(set(of) - {0}) < 2:
        return np.arange(len(order))
    found: list[int] = []
    while waiting and len(found) < SPREAD:
        recent = set(last[-GAP:]) - {0}
        at = next((at for at, position in enumerate(waiting) if of[position] not in recent), 0)
        position = waiting.pop(at)
        found.append(position)
        last.append(of[position])
    rest = np.arange(len(found) + len(waiting), len(order))
    return np.concatenate([np.array(found + waiting, np.intp), rest])
