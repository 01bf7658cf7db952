"""Scalers: bring the audio features to one scale, which the network needs."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.vocabulary import FEATURE_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidflow_feedback.idle import Steps
    from sidflow_feedback.types import FloatArray

CLIP_SIGMAS: Final = 10.0
"""Standard deviations from the mean at which values are clipped."""


KNOTS: Final = 17
"""Quantiles of a feature that a `QuantileScaler` knows: a curve of 16 straight lines."""

LARGEST_SCORE: Final = 2.5
"""Score of the least and of the greatest value, in standard deviations."""


class Scaler(Protocol):
    """Brings feature vectors to one scale."""

    def scale(self, matrix: FloatArray) -> FloatArray:
        """Return scaled feature vectors, shape (n, 8)."""


@dataclass(frozen=True, slots=True)
class FeatureScaler:
    """Standardizes feature vectors by means and standard deviations.

    Attributes
    ----------
    means, deviations
        8 numbers each, in the order of `FEATURE_NAMES`.

    Raises
    ------
    InvalidRecordError
        There aren't 8 of each, one isn't finite, or a deviation isn't above 0.
    """

    means: Sequence[float]
    deviations: Sequence[float]

    def __post_init__(self) -> None:
        for field, values in (("means", self.means), ("stds", self.deviations)):
            if len(values) != len(FEATURE_NAMES) or not np.isfinite(values).all():
                raise InvalidRecordError(
                    f"featureStats.{field}", f"must be {len(FEATURE_NAMES)} finite numbers"
                )
        if min(self.deviations) <= 0:
            raise InvalidRecordError("featureStats.stds", "must be above 0")

    @classmethod
    def fit(cls, matrix: FloatArray) -> FeatureScaler:
        """Return the scaler for feature vectors, shape (n, 8). A constant feature isn't scaled."""
        deviations = matrix.std(axis=0)
        deviations[deviations == 0] = 1.0
        return cls(tuple(matrix.mean(axis=0).tolist()), tuple(deviations.tolist()))

    def scale(self, matrix: FloatArray) -> FloatArray:
        """Return standardized feature vectors, shape (..., 8).

        Values more than `CLIP_SIGMAS` deviations from the mean are clipped, so that one wrong number doesn't
        outweigh all others.
        """
        with np.errstate(over="ignore"):  # What is too large for a float is clipped, too.
            scaled = (matrix - np.asarray(self.means)) / np.asarray(self.deviations)
        clipped: FloatArray = np.clip(scaled, -CLIP_SIGMAS, CLIP_SIGMAS)
        return clipped


class QuantileScaler:
    """Gives each feature a normal distribution over a library: rank-based inverse normal scores.

    Many features are skewed, and some are 0 for most songs. Standardized, their few large values are all that
    a smooth model sees. Values between two quantiles are interpolated, those beyond the outermost are
    clipped.

    Parameters
    ----------
    quantiles
        Equidistant quantiles of each feature from least to greatest, shape (17, 8).

    Raises
    ------
    InvalidRecordError
        The shape is another, a value isn't finite, or they descend.
    """

    def __init__(self, quantiles: FloatArray) -> None:
        if quantiles.shape != (KNOTS, len(FEATURE_NAMES)) or not np.isfinite(quantiles).all():
            raise InvalidRecordError("quantiles", f"must be {KNOTS} finite numbers for each feature")
        if (np.diff(quantiles, axis=0) < 0).any():
            raise InvalidRecordError("quantiles", "must ascend")
        self.quantiles = quantiles
        self._curves = [_curve(column) for column in quantiles.T]

    @classmethod
    def fit(cls, matrix: FloatArray) -> Steps[QuantileScaler]:
        """Return the scaler for the songs of a library, shape (n, 8), with n at least 1. Works in steps."""
        shares = np.linspace(0, len(matrix) - 1, KNOTS)
        quantiles = np.empty((KNOTS, matrix.shape[1]))
        for i, column in enumerate(matrix.T):
            yield "scale"
            quantiles[:, i] = np.interp(shares, np.arange(len(matrix)), np.sort(column))
        return cls(np.maximum.accumulate(quantiles.astype(np.float32)).astype(np.float64))

    def scale(self, matrix: FloatArray) -> FloatArray:
        """Return normal scores of feature vectors, shape (..., 8). A constant feature is 0."""
        scaled = np.empty(matrix.shape)
        for i, (values, scores) in enumerate(self._curves):
            scaled[..., i] = np.interp(matrix[..., i], values, scores)
        return scaled


def _curve(quantiles: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the different values of a feature, ascending, and the mean score of each."""
    # Not `np.unique`: its first call takes 150 ms in a browser.
    first = np.concatenate([[True], np.diff(quantiles) > 0])
    groups = np.cumsum(first) - 1
    scores: FloatArray = np.bincount(groups, weights=_SCORES) / np.bincount(groups)
    return quantiles[first], scores


def _normal_scores() -> FloatArray:
    normal = NormalDist()
    edge = normal.cdf(-LARGEST_SCORE)
    shares = np.clip(np.linspace(0, 1, KNOTS), edge, 1 - edge)
    return np.array([normal.inv_cdf(share) for share in shares.tolist()])


_SCORES = _normal_scores()
