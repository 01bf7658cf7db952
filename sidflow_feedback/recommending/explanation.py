"""Why a prediction is what it is: what each feature contributes to it."""

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
    """A prediction, taken apart.

    Attributes
    ----------
    baseline, prediction
        Of the average tune and of this one, shape (outputs,).
    contributions
        What each feature adds to the baseline, shape (features, outputs): they sum up to the difference.
    above
        Which features are greater than the average tune's, shape (features,).
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

        In a coalition of features, those within have this tune's values and the others the average ones. With
        8 features there are 256 coalitions: no need to sample.

        Parameters
        ----------
        predict
            Returns outputs, shape (n, outputs), for feature vectors, shape (n, features).
        features, average
            Of this tune and of the average one, shape (features,).
        """
        count = len(features)
        outputs = predict(np.where(_coalitions(count), features, average))
        return cls(outputs[0], outputs[-1], _shapley_weights(count) @ outputs, features > average)


@lru_cache(maxsize=1)
def _coalitions(count: int) -> NDArray[np.bool_]:
    """Return who is in each coalition, shape (2**count, count): nobody in the first, all in the last."""
    members: NDArray[np.bool_] = np.arange(2**count)[:, None] >> np.arange(count) & 1 == 1
    return members


@lru_cache(maxsize=1)
def _shapley_weights(count: int) -> FloatArray:
    """Return what each coalition's output counts for each feature, shape (count, 2**count).

    A feature is credited with what it adds to a coalition of the others, averaged over all orders in which
    they may come together.
    """
    members = _coalitions(count)
    by_size = np.array([factorial(s) * factorial(count - s - 1) / factorial(count) for s in range(count)])
    sizes = members.sum(axis=1)
    joined, left = by_size[sizes - 1], -by_size[np.minimum(sizes, count - 1)]
    weights: FloatArray = np.where(members.T, joined, left)
    return weights
