"""Standard methods that predict a listener's ratings, each tuned by inner cross-validation or evidence only.

A method takes scaled features, shape (n, 8), and one dimension's ratings, shape (n,), and returns a function
from scaled features to ratings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from sidflow_feedback.types import FloatArray

Predictor: TypeAlias = "Callable[[FloatArray], FloatArray]"
Method: TypeAlias = "Callable[[FloatArray, FloatArray], Predictor]"

PENALTIES: Final = 10.0 ** np.arange(-1, 3.01, 0.5)
LENGTHS: Final = (1.5, 2.5, 4.0, 7.0, 12.0, 20.0)
NOISES: Final = 10.0 ** np.arange(-2, 1.51, 0.25)
"""Ratios of the noise variance to the function's variance."""
NEIGHBORS: Final = (1, 3, 5, 9, 15, 25)


def listeners_mean(inputs: FloatArray, ratings: FloatArray) -> Predictor:
    """Predict the mean of the ratings."""
    mean = ratings.mean() if len(inputs) else 3.0
    return lambda unseen: np.full(len(unseen), mean)


def ridge(inputs: FloatArray, ratings: FloatArray) -> Predictor:
    """Ridge regression with an intercept; the penalty has the least leave-one-out error (closed form)."""
    center, mean = inputs.mean(axis=0), ratings.mean()
    left, singular, right = np.linalg.svd(inputs - center, full_matrices=False)
    projected = left.T @ (ratings - mean)

    def leave_one_out(penalty: float) -> float:
        shrink = singular**2 / (singular**2 + penalty)
        residual = ratings - mean - left @ (shrink * projected)
        leverage = 1 / len(ratings) + left**2 @ shrink
        return float(np.mean((residual / np.maximum(1 - leverage, 1e-6)) ** 2))

    penalty = min(PENALTIES, key=leave_one_out)
    weights = right.T @ (singular / (singular**2 + penalty) * projected)
    return lambda unseen: mean + (unseen - center) @ weights


def gaussian_process(inputs: FloatArray, ratings: FloatArray) -> Predictor:
    """Gaussian process with an isotropic squared-exponential kernel, by marginal likelihood.

    Rasmussen and Williams (2006), 2.2 and 5.4.1; the scale of the function is solved in closed form, length
    and noise come from a grid.
    """
    mean = ratings.mean()
    centered = ratings - mean
    best = (-np.inf, LENGTHS[0], centered)
    for length in LENGTHS:
        values, vectors = np.linalg.eigh(_kernel(inputs, inputs, length))
        projected = vectors.T @ centered
        for noise in NOISES:
            spectrum = np.maximum(values, 0) + noise
            scale = np.mean(projected**2 / spectrum)
            evidence = -0.5 * (len(ratings) * np.log(max(scale, 1e-12)) + np.log(spectrum).sum())
            if evidence > best[0]:
                best = (evidence, length, vectors @ (projected / spectrum))
    _, length, dual = best
    return lambda unseen: mean + _kernel(unseen, inputs, length) @ dual


def nearest_neighbors(inputs: FloatArray, ratings: FloatArray) -> Predictor:
    """Mean rating of the k nearest tunes; k has the least leave-one-out error."""
    others = _squares(inputs, inputs)
    np.fill_diagonal(others, np.inf)
    order = others.argsort(axis=1)

    def leave_one_out(k: int) -> float:
        return float(np.mean((ratings - ratings[order[:, :k]].mean(axis=1)) ** 2))

    k = min((k for k in NEIGHBORS if k < len(ratings)), key=leave_one_out, default=1)
    return lambda unseen: ratings[_squares(unseen, inputs).argsort(axis=1)[:, :k]].mean(axis=1)


def _squares(left: FloatArray, right: FloatArray) -> FloatArray:
    squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * left @ right.T
    positive: FloatArray = np.maximum(squares, 0)
    return positive


def _kernel(left: FloatArray, right: FloatArray, length: float) -> FloatArray:
    kernel: FloatArray = np.exp(-0.5 * _squares(left, right) / length**2)
    return kernel


STANDARD: Final[dict[str, Method]] = {
    "mean": listeners_mean,
    "ridge": ridge,
    "gp": gaussian_process,
    "neighbors": nearest_neighbors,
}
