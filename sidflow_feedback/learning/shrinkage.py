"""Shrinkage: how far predictions are to be trusted, by what they predict for rows that they don't know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.learning.model import in_range

if TYPE_CHECKING:
    from sidflow_feedback.types import FloatArray

SLOPE_MEAN: Final = 0.8
SLOPE_DEVIATION: Final = 0.5
"""Prior of the slope of truth on prediction, which is 1 if a model is calibrated. The less it is, the less
coin flips cost, and the more a taste that is known from a few ratings."""

MIN_SLOPE: Final = 0.1
"""Least slope: it costs no error, and keeps the order of the predictions."""

CERTAINTY: Final = 2.0
"""Standard errors above 0 that the correlation of truth and prediction must have, before anything is
claimed."""


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """What held-out rows say about the predictions of one output.

    Attributes
    ----------
    mean
        Weighted mean of the labels, to which predictions are shrunk.
    slope
        Factor of a prediction's distance from the mean, 0.1 to 1.
    error, mean_error
        Root mean square error on held-out rows, in ratings: of the shrunk predictions, and of the mean.
    tells
        Whether the predictions are better than chance, as far as the held-out rows can tell.
    """

    mean: float
    slope: float
    error: float
    mean_error: float
    tells: bool

    @classmethod
    def of(
        cls,
        mean: float,
        held_out: FloatArray,
        held_out_means: FloatArray,
        labels: FloatArray,
        weights: FloatArray,
    ) -> Shrinkage:
        """Judge predictions of rows that were held out; all arrays have shape (n,), with n at least 2.

        The slope is that of a Bayesian regression through the means of the other rows.
        """
        distance, wanted = held_out - held_out_means, labels - held_out_means
        noise = np.average((wanted - distance) ** 2, weights=weights)
        prior = max(float(noise), 1e-9) / SLOPE_DEVIATION**2
        products, squares = weights @ (distance * wanted), weights @ distance**2
        slope = float(np.clip((products + SLOPE_MEAN * prior) / (squares + prior), MIN_SLOPE, 1.0))
        predicted = in_range(held_out_means + slope * distance)
        return cls(
            mean=mean,
            slope=slope,
            error=_root(predicted - labels, weights),
            mean_error=_root(wanted, weights),
            tells=_tells(distance, wanted, weights),
        )

    def apply(self, predicted: FloatArray) -> FloatArray:
        """Return predictions moved towards the mean."""
        return self.mean + self.slope * (predicted - self.mean)


def _root(errors: FloatArray, weights: FloatArray) -> float:
    return float(np.sqrt(np.average(errors**2, weights=weights)))


def _tells(distance: FloatArray, wanted: FloatArray, weights: FloatArray) -> bool:
    """Return whether the correlation is above 0 by `CERTAINTY` standard errors (Fisher's z)."""
    one, other = (values - np.average(values, weights=weights) for values in (distance, wanted))
    scale = (weights @ one**2) * (weights @ other**2)
    count = weights.sum() ** 2 / (weights @ weights)
    if scale <= 1e-12 or count <= 3:
        return False
    correlation = np.clip(weights @ (one * other) / np.sqrt(scale), -0.999, 0.999)
    return bool(np.arctanh(correlation) * np.sqrt(count - 3) > CERTAINTY)
