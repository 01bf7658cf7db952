"""Simulated listeners, whose ratings follow plain assumptions that favor no method.

A listener's liking in each dimension is a function of the standardized features, with mean 0 and deviation 1
over the collection. A rating is ``3 + shift + spread * liking + noise``, rounded and clipped to 1 to 5.
Listeners partly agree with a common opinion, which there is none of about preference.

- `linear`: one direction in feature space for each dimension.
- `interaction`: half of the liking is a product of two features and the nearness to an ideal of a third.
- `clusters`: tunes are liked like the most similar of five tunes.
- `drifting`: linear, and the direction turns by a right angle in 256 ratings.
- `noisy`: linear, with noise of 1.2 instead of 0.5 ratings.
- `contrary`: linear, with the common opinion reversed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.vocabulary import FEATURE_NAMES

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from sidflow_feedback.types import FloatArray

KINDS: Final = ("linear", "interaction", "clusters", "drifting", "noisy", "contrary")
DIMENSIONS: Final = 4
HELD_OUT: Final = 44
"""Unseen tunes that measure the error."""

COMMON_OPINION: Final[dict[str, dict[str, float]]] = {
    "e": {"energy": 1.0, "bpm": 0.5, "rms": 0.4, "zeroCrossingRate": 0.3},
    "m": {"spectralCentroid": 0.8, "spectralRolloff": 0.5, "bpm": 0.6, "rms": 0.2},
    "c": {"energy": 0.6, "confidence": -0.6, "spectralCentroid": 0.4, "duration": 0.3},
    "p": {},
}
"""Weights of the features in each dimension."""

PREFERENCE_RATED: Final = 0.7
"""Share of the rated tunes whose preference is rated, too."""

_SPAN = 256
_NOISE, _MUCH_NOISE = 0.5, 1.2
_CENTERS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """A listener's ratings, oldest first, and their later ratings of unseen tunes.

    Attributes
    ----------
    tunes, unseen
        Indices of tunes, shapes (n,) and (44,).
    ratings, truth
        Of e, m, c and p, from 1 to 5, shapes (n, 4) and (44, 4); NaN where there is none.
    """

    tunes: NDArray[np.intp]
    ratings: FloatArray
    unseen: NDArray[np.intp]
    truth: FloatArray


class SimulatedListener:
    """Rates tunes.

    Parameters
    ----------
    kind
        One of `KINDS`.
    features
        Of all tunes, standardized, shape (tunes, 8).
    seed
        The same seed gives the same listener.
    noise
        Standard deviation of a rating, in stars; by default, that of the kind.
    """

    def __init__(self, kind: str, features: FloatArray, seed: int, *, noise: float | None = None) -> None:
        rng = np.random.default_rng((seed, KINDS.index(kind)))
        self.kind = kind
        self._noise = noise or (_MUCH_NOISE if kind == "noisy" else _NOISE)
        self._shift = rng.normal(0, 0.4, DIMENSIONS)
        self._spread = rng.uniform(0.6, 1.2, DIMENSIONS)
        agreement = rng.uniform(-1, 0) if kind == "contrary" else rng.uniform(0, 1)
        self._likings = _likings(kind, features, agreement, rng)
        self._later = _likings(kind, features, agreement, rng)
        self._order = rng.permutation(len(features))
        self._seed = seed

    def session(self, count: int) -> Session:
        """Return the first `count` ratings and the later ones of unseen tunes."""
        rng = np.random.default_rng((self._seed, count))
        tunes, unseen = self._order[:count], self._order[-HELD_OUT:]
        times = np.arange(count)
        ratings = self.rate(tunes, times, rng)
        truth = self.rate(unseen, np.full(HELD_OUT, count), rng)
        return Session(tunes, ratings, unseen, truth)

    def rate(self, tunes: NDArray[np.intp], times: NDArray[np.intp], rng: Generator) -> FloatArray:
        """Return ratings of `tunes`, shape (n, 4), each given after so many others as `times` says."""
        angle = np.pi / 2 * times[:, None] / _SPAN if self.kind == "drifting" else 0.0
        liking = np.cos(angle) * self._likings[tunes] + np.sin(angle) * self._later[tunes]
        exact = 3 + self._shift + self._spread * liking + rng.normal(0, self._noise, liking.shape)
        ratings: FloatArray = np.clip(np.round(exact), 1, 5)
        ratings[rng.random(len(tunes)) > PREFERENCE_RATED, 3] = np.nan
        return ratings


def listeners(features: FloatArray, of_each_kind: int) -> list[SimulatedListener]:
    """Return `of_each_kind` listeners of each kind."""
    return [SimulatedListener(kind, features, seed) for kind in KINDS for seed in range(of_each_kind)]


def _likings(kind: str, features: FloatArray, agreement: float, rng: Generator) -> FloatArray:
    """Return the liking of each tune in each dimension, shape (tunes, 4)."""
    linear = _standardized(features @ _directions(agreement, rng))
    if kind == "interaction":
        return _standardized(linear + _standardized(_interactions(features, rng)))
    if kind == "clusters":
        return _standardized(_clusters(features, linear, rng))
    return linear


def _directions(agreement: float, rng: Generator) -> FloatArray:
    """Return unit vectors between those of the common opinion and random ones, shape (8, 4)."""
    common = np.array([[one.get(name, 0.0) for one in COMMON_OPINION.values()] for name in FEATURE_NAMES])
    common /= np.maximum(np.linalg.norm(common, axis=0), 1e-9)
    own = rng.standard_normal(common.shape)
    own /= np.linalg.norm(own, axis=0)
    directions = agreement * common + (1 - abs(agreement)) * own
    directions /= np.linalg.norm(directions, axis=0)
    return directions


def _interactions(features: FloatArray, rng: Generator) -> FloatArray:
    """Return for each dimension a product of two features plus the nearness to an ideal of a third."""
    columns = []
    for _ in range(DIMENSIONS):
        one, two, three = features[:, rng.permutation(features.shape[1])[:3]].T
        columns.append(one * two - (three - rng.standard_normal()) ** 2)
    return np.array(columns).T


def _clusters(features: FloatArray, linear: FloatArray, rng: Generator) -> FloatArray:
    """Return for each tune the liking of the nearest of a few tunes."""
    centers = rng.permutation(len(features))[:_CENTERS]
    distances = np.linalg.norm(features[:, None] - features[centers], axis=2)
    liked: FloatArray = linear[centers][distances.argmin(axis=1)]
    return liked


def _standardized(values: FloatArray) -> FloatArray:
    standardized: FloatArray = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-9)
    return standardized
