"""Explanations: what each feature contributes to a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidflow_feedback.types import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """The parts of a prediction.

    Attributes
    ----------
    baseline, prediction
        Predictions for the average song and for this one, shape (outputs,).
    contributions
        What each feature adds to the baseline, shape (features, outputs). The sum is the difference between
        prediction and baseline.
    above
        Whether each feature is greater than the average, shape (features,).
    """

    baseline: FloatArray
    prediction: FloatArray
    contributions: FloatArray
    above: NDArray[np.bool_]

    @classmethod
    def of(
        cls, predict: Callable[[FloatArray], FloatArray], features: FloatArray, average: FloatArray
    ) -> Explanation:
        """Return the exact Shapley values (Shapley 1953; Lundberg and Lee 2017) of one prediction.

        In a coalition of features, the members have this song's values, and the others have the average ones.
        8 features have 256 coalitions, few enough to evaluate them all.

        Parameters
        ----------
        predict
            Returns outputs, shape (n, outputs), for feature vectors, shape (n, features).
        features, average
            Of this song and of the average one, shape (features,).
        """
        count = len(features)
        outputs = predict(np.where(_coalitions(count), features, average))
        return cls(outputs[0], outputs[-1], _shapley_weights(count) @ outputs, features > average)


@lru_cache(maxsize=1)
def _coalitions(count: int) -> NDArray[np.bool_]:
    """Return the members of each coalition, shape (2**count, count): none in the first, all in the last."""
    members: NDArray[np.bool_] = np.arange(2**count)[:, None] >> np.arange(count) & 1 == 1
    return members


@lru_cache(maxsize=1)
def _shapley_weights(count: int) -> FloatArray:
    """Return the weight of each coalition's output for each feature, shape (count, 2**count).

    A feature is credited with what it adds to a coalition of the others, averaged over all orders in which
    they can join.
    """
    members = _coalitions(count)
    by_size = np.array([factorial(s) * factorial(count - s - 1) / factorial(count) for s in range(count)])
    sizes = members.sum(axis=1)
    joined, left = by_size[sizes - 1], -by_size[np.minimum(sizes, count - 1)]
    weights: FloatArray = np.where(members.T, joined, left)
    return weights
