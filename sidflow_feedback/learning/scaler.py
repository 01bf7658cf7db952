"""The scaler: brings the audio features to one scale, which the network needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.vocabulary import FEATURE_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidflow_feedback.types import FloatArray

CLIP_SIGMAS: Final = 10.0
"""Standard deviations from the mean at which values are clipped."""


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
        scaled = (matrix - np.asarray(self.means)) / np.asarray(self.deviations)
        clipped: FloatArray = np.clip(scaled, -CLIP_SIGMAS, CLIP_SIGMAS)
        return clipped
