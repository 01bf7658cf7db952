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
        Of the last layer's weights for each output, in variances of the noise, shape (4, units + 1, units
        + 1). noises
        Standard deviation of a rating around its prediction, in ratings, shape (4,); NaN without labels.
    widths
        Half of the 90 % interval, in deviations, shape (4,).
    """

    covariances: FloatArray
    noises: FloatArray
    widths: FloatArray

    def deviations(self, network: Network, inputs: FloatArray) -> FloatArray:
        """Return how far the expectation of a rating may be off, one standard deviation in ratings.

        Parameters
        ----------
        inputs
            Scaled features, shape (n, 8).

        Returns
        -------
        FloatArray
            Shape (n, 4).
        """
        deviations: FloatArray = self.noises * np.sqrt(
            spreads(self.covariances, hidden_units(network, inputs))
        )
        return deviations

    def half_widths(self, network: Network, inputs: FloatArray) -> FloatArray:
        """Return half of the 90 % interval of the listener's next rating, in ratings, shape (n, 4)."""
        relative = spreads(self.covariances, hidden_units(network, inputs))
        widths: FloatArray = self.noises * self.widths * np.sqrt(1 + relative)
        return widths


def hidden_units(network: Network, inputs: FloatArray) -> FloatArray:
    """Return the values of the last hidden layer and a column of ones, shape (n, units + 1)."""
    values: Array = np.asarray(inputs, np.float32)
    for layer in network.layers[:-1]:
        values = np.maximum(values @ layer[:-1] + layer[-1], 0)
    units: FloatArray = np.column_stack([values.astype(np.float64), np.ones(len(values))])
    return units


def spreads(covariances: FloatArray, units: FloatArray) -> FloatArray:
    """Return the variance that each output's weights add, in variances of the noise, shape (n, 4)."""
    columns = [((units @ covariance) * units).sum(axis=1) for covariance in covariances]
    variances: FloatArray = np.maximum(np.array(columns).T, 0)
    return variances


def posterior_covariances(network: Network, inputs: FloatArray, weights: FloatArray) -> Steps[FloatArray]:
    """Return the covariances of the last layer's weights, given rows with these label weights."""
    size = network.sizes[-2] + 1
    products = np.zeros((len(DIMENSIONS), size, size))
    squares = np.zeros(size)
    for start in range(0, len(inputs), _ROWS_PER_STEP):
        yield "uncertainty"
        rows = slice(start, start + _ROWS_PER_STEP)
        units = hidden_units(network, inputs[rows])
        squares += (units**2).sum(axis=0)
        for output in range(len(products)):
            products[output] += (units * weights[rows, output][:, None]).T @ units
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
