"""How often uploads of one listener are recognized by taste: `make bench-linkability`.

100 simulated listeners, each with a taste of its own, send three uploads each about random tunes. Somebody
who knows how the uploads of a listener vary compares each with all uploads before it, by mean ratings and by
the features that go with high ratings. The figures are how often the listener's own is the nearest, times
chance, by the number of ratings in an upload and by the noise.
"""

from __future__ import annotations

import numpy as np

from sidflow_feedback.types import FloatArray
from tests.bench.harness import Figures, run
from tests.bench.taste_listeners import KINDS, SimulatedListener

LISTENERS, ROUNDS, TUNES = 100, 3, 2000
SIZES = (1, 5, 12, 25)
EPSILONS = {"exact": None, "epsilon_4": 4.0, "epsilon_2": 2.0, "epsilon_1": 1.0}
RATINGS = 5


def measure(*, repeats: int = 8) -> Figures:
    """Return how often uploads of one listener are recognized, with `repeats` crowds of listeners each."""
    return {
        f"times_chance_{name}": {str(size): times_chance(size, epsilon, repeats) for size in SIZES}
        for name, epsilon in EPSILONS.items()
    }


def times_chance(size: int, epsilon: float | None, repeats: int) -> float:
    """Return how often the upload before is found, times chance, with `size` ratings in each."""
    rng = np.random.default_rng((size, int(epsilon or 0)))
    return float(np.mean([_found(size, epsilon, repeat, rng) for repeat in range(repeats)])) * LISTENERS


def _found(size: int, epsilon: float | None, repeat: int, rng: np.random.Generator) -> float:
    features = rng.standard_normal((TUNES, 8))
    listeners = [
        SimulatedListener(KINDS[i % len(KINDS)], features, 1000 * repeat + i) for i in range(LISTENERS)
    ]
    starts = [number * size for number in range(ROUNDS)]
    uploads = np.array(
        [[_traits(one, features, rated, size, epsilon, rng) for rated in starts] for one in listeners]
    )
    known = uploads[::2]
    within = (known - known.mean(axis=1, keepdims=True)).reshape(-1, uploads.shape[2])
    inverse = np.linalg.inv(np.cov(within.T) + 1e-3 * np.eye(uploads.shape[2]))
    whitened = uploads @ np.linalg.cholesky(inverse)
    hits = [
        _nearest(whitened[:, number], whitened[:, number - 1]) == np.arange(LISTENERS)
        for number in range(1, ROUNDS)
    ]
    return float(np.mean(hits))


def _nearest(uploads: FloatArray, before: FloatArray) -> FloatArray:
    distances = ((uploads[:, None] - before[None]) ** 2).sum(axis=-1)
    nearest: FloatArray = distances.argmin(axis=1)
    return nearest


def _traits(
    listener: SimulatedListener,
    features: FloatArray,
    rated: int,
    size: int,
    epsilon: float | None,
    rng: np.random.Generator,
) -> FloatArray:
    """Return what the ratings of an upload say: their means, and the features that go with high ones."""
    tunes = rng.permutation(TUNES)[:size]
    ratings = _perturbed(listener.rate(tunes, np.full(size, rated), rng), epsilon, rng)
    ratings = np.where(np.isnan(ratings), 3.0, ratings)
    tendencies = [(features[tunes] * (column[:, None] - 3)).mean(axis=0) for column in ratings.T]
    return np.concatenate([ratings.mean(axis=0), *tendencies])


def _perturbed(ratings: FloatArray, epsilon: float | None, rng: np.random.Generator) -> FloatArray:
    """Return ratings after randomized response, as a listener with this noise sends them."""
    if epsilon is None:
        return ratings
    each = epsilon / np.maximum((~np.isnan(ratings)).sum(axis=1, keepdims=True), 1)
    kept = rng.random(ratings.shape) < np.exp(each) / (np.exp(each) + RATINGS - 1)
    others = (ratings - 1 + rng.integers(1, RATINGS, ratings.shape)) % RATINGS + 1
    return np.where(kept | np.isnan(ratings), ratings, others)


if __name__ == "__main__":
    run(measure)
