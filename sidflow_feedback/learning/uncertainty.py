"""Uncertainty of a model's predictions: a Bayesian last layer, calibrated on held-out rows.

The hidden units are taken as given, and the last layer as a Bayesian linear regression on them (Snoek et al.
2015; Kristiadi et al. 2020): a song whose hidden units are unlike those of the rated songs is uncertain. The
width of an interval is a quantile of what held-out rows were wrong by, in these deviations (split conformal
prediction, Vovk et al. 2005; Lei et al. 2018). So it covers what it says whatever the ratings are
distributed like.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.vocabulary import DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidflow_feedback.idle import Steps
    from sidflow_feedback.learning.model import Array, Network
    from sidflow_feedback.types import FloatArray

COVERAGE: Final = 0.9
"""Share of ratings that an interval is to contain."""

PRIOR_SIGNAL: Final = 0.3
"""Variance of what a listener's taste adds, in variances of the noise, for a song like no rated one."""

_ROWS_PER_STEP = 256


@dataclass(frozen=True, slots=True, eq=False)
class Uncertainty:
    """How sure the predictions of a network are.

    Attributes
    ----------
    covariances
        Of the last layer's weights for each output, in variances of the noise, shape (4, units + 1,
        units + 1).
    noises
        Standard deviation of a rating around its prediction, in ratings, shape (4,); NaN without labels.
    widths
        Half of the 90 % interval, in deviations, shape (4,).
    """

    covariances: FloatArray
    noises: FloatArray
    widths: FloatArray

    def deviations(self, hidden: Array, outputs: Sequence[int]) -> FloatArray:
        """Return how far expected ratings may be off, one standard deviation in ratings.

        Parameters
        ----------
        hidden
            Units of the last hidden layer and ones, shape (units + 1, n): see `Network.hidden`.
        outputs
            The numbers of the outputs that are asked for.

        Returns
        -------
        FloatArray
            Shape (n, outputs).
        """
        chosen = list(outputs)
        deviations: FloatArray = self.noises[chosen] * np.sqrt(spreads(self.covariances[chosen], hidden))
        return deviations

    def half_widths(self, hidden: Array) -> FloatArray:
        """Return half of the 90 % interval of the listener's next rating, in ratings, shape (n, 4)."""
        widths: FloatArray = self.noises * self.widths * np.sqrt(1 + spreads(self.covariances, hidden))
        return widths


def spreads(covariances: FloatArray, hidden: Array) -> FloatArray:
    """Return the variance that each output's weights add, in variances of the noise, shape (n, outputs)."""
    variances = np.empty((hidden.shape[1], len(covariances)))
    for output, covariance in enumerate(covariances):
        # Faster than `@` in a browser: see `Network.hidden`.
        products = np.einsum("uv,vn->un", covariance.astype(hidden.dtype), hidden)
        variances[:, output] = np.einsum("un,un->n", products, hidden)
    return np.maximum(variances, 0)


def posterior_covariances(network: Network, inputs: FloatArray, weights: FloatArray) -> Steps[FloatArray]:
    """Return the covariances of the last layer's weights, given rows with these label weights."""
    size = network.sizes[-2] + 1
    products = np.zeros((len(DIMENSIONS), size, size))
    squares = np.zeros(size)
    for start in range(0, len(inputs), _ROWS_PER_STEP):
        yield "uncertainty"
        rows = slice(start, start + _ROWS_PER_STEP)
        hidden = network.hidden(inputs[rows]).astype(np.float64)
        squares += (hidden**2).sum(axis=1)
        for output in range(len(products)):
            products[output] += (hidden * weights[rows, output]) @ hidden.T
    yield "uncertainty"
    # Must not be 0: a unit that is inactive for all rows may be active for other songs.
    typical = np.maximum(squares / len(inputs), 0.01 * squares.max() / len(inputs))
    prior = np.diag(size * typical / PRIOR_SIGNAL)
    return np.linalg.inv(products + prior).astype(np.float64)


def calibrated_width(errors: FloatArray, deviations: FloatArray, weights: FloatArray) -> float:
    """Return the number of deviations that contain `COVERAGE` of the held-out errors, all of shape (n,)."""
    ratios = np.abs(errors) / deviations
    order = np.argsort(ratios)
    shares = np.cumsum(weights[order]) / (weights.sum() + weights.mean())
    enough = int(np.searchsorted(shares, COVERAGE))
    return float(ratios[order[min(enough, len(ratios) - 1)]])
