"""Introduction: the few songs of a library whose judgment says most about a listener.

There is one for each cluster of the library (k-means, Lloyd 1982; begun by k-means++, Arthur and
Vassilvitskii 2007), and it lies beyond the middle of its cluster: what is typical of a cluster in a high
degree tells it from the others, and shows a taste that changes along a line, too.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.learning.scaler import QuantileScaler

if TYPE_CHECKING:
    from sidflow_feedback.idle import Steps
    from sidflow_feedback.types import FloatArray

COUNT: Final = 8
"""As many as learning needs to begin."""

MAX_SONGS: Final = 512
"""Songs that stand for the library."""

OUTWARD: Final = 2.0
"""Distance of the wanted song from the middle of the library, in that of its cluster's middle."""

STARTS: Final = 8
ROUNDS: Final = 20


def introduction(features: FloatArray, count: int = COUNT) -> Steps[list[int]]:
    """Return the numbers of at most `count` songs, those of the largest clusters first.

    Works in small steps.

    Parameters
    ----------
    features
        Shape (n, 8), all known.
    """
    if len(features) <= count:
        return list(range(len(features)))
    scaler = yield from QuantileScaler.fit(features)
    yield "scale"
    scaled = scaler.scale(features)
    centers = yield from _clusters(scaled, count)
    chosen: list[int] = []
    for center in centers:
        distances = ((scaled - OUTWARD * center) ** 2).sum(axis=1)
        distances[chosen] = np.inf
        chosen.append(int(distances.argmin()))
    return chosen


def _clusters(scaled: FloatArray, count: int) -> Steps[FloatArray]:
    """Return the middles of the clusters, the largest cluster first, shape (count, 8)."""
    best, least = scaled[:count], np.inf
    for start in range(STARTS):
        centers = yield from _first_centers(scaled, count, random.Random(start))
        for _ in range(ROUNDS):
            yield "cluster"
            distances = _distances(scaled, centers)
            nearest, spread = distances.argmin(axis=1), distances.min(axis=1).sum()
            sizes = np.bincount(nearest, minlength=count)
            sums = np.array([np.bincount(nearest, column, minlength=count) for column in scaled.T]).T
            centers = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centers)
        if spread < least:
            best, least = centers[np.argsort(-sizes, kind="stable")], spread
    return best


def _first_centers(scaled: FloatArray, count: int, chance: random.Random) -> Steps[FloatArray]:
    """Return songs that are likely to be far from each other."""
    chosen = [chance.randrange(len(scaled))]
    while len(chosen) < count:
        yield "cluster"
        totals = np.cumsum(_distances(scaled, scaled[chosen]).min(axis=1))
        found = int(np.searchsorted(totals, chance.random() * totals[-1], side="right"))
        chosen.append(min(found, len(scaled) - 1))
    return scaled[chosen]


def _distances(rows: FloatArray, centers: FloatArray) -> FloatArray:
    """Return the squared distances, shape (rows, centers)."""
    distances: FloatArray = ((rows[:, None] - centers) ** 2).sum(axis=2)
    return distances
