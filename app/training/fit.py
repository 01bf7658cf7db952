"""Fitting the next global model to the statistics, and measuring it against the present one."""

from __future__ import annotations

import hashlib
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.learning.model import LAYERS, Model, Network, in_range
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.vocabulary import NEUTRAL_RATING

from .errors import TrainingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidflow_feedback.types import FloatArray

    from .statistics import Statistics

LEAST_TUNES: Final = 20
"""With fewer tunes than this the held-out ones say nothing."""

HELD_OUT: Final = 5
"""One tune of this many measures the error, and is never learned from."""

PRIOR: Final = 1.0
"""Ratings that the present model's word weighs against what is known of a tune, in each dimension."""

ALPHA: Final = 5.0
"""L2 penalty of `MLPRegressor`."""

ITERATIONS: Final = 500

# `PRIOR` and `ALPHA` were chosen on simulated listeners, 30 to 1,000 of them: docs/benchmarks.md.

SPREAD: Final = 4.0
"""Deviations at which a feature is cut when it is learned from."""


@dataclass(frozen=True, slots=True, eq=False)
class Tunes:
    """Tunes that can be learned from.

    Attributes
    ----------
    features
        Shape (t, 8).
    labels, weights
        Mean e, m, c and p, 1 to 5, and how many ratings' worth they rest on, 0 for none; shape (t, 4).
    held_out
        Which only measure the error, shape (t,).
    """

    features: FloatArray
    labels: FloatArray
    weights: FloatArray
    held_out: NDArray[np.bool_]


def tunes_of(statistics: Statistics, least_uploads: int) -> Tunes:
    """Return the tunes that at least so many different uploads have, and whose features are known.

    Raises
    ------
    TrainingError
        If they are too few.
    """
    features = statistics.features()
    known = (statistics.upload_counts() >= least_uploads) & ~np.isnan(features[:, 0])
    weights = np.maximum(statistics.weights[known], 0)
    means = np.divide(statistics.pulls[known], weights, out=np.zeros_like(weights), where=weights > 0)
    held_out = statistics.tunes[known] % HELD_OUT == 0
    if known.sum() < LEAST_TUNES or not weights[held_out].sum() > 0:
        raise TrainingError(
            f"{known.sum()} tunes have had {least_uploads} uploads; it takes {LEAST_TUNES}. "
            "Nothing is published. Try again when more has been shared."
        )
    return Tunes(features[known], in_range(means + NEUTRAL_RATING), weights, held_out)


def fit(tunes: Tunes, present: Model, seed: int) -> Model:
    """Fit a network to the tunes that are not held out; the same seed gives the same one.

    Where little is known of a tune in a dimension, the present model's word counts more (`PRIOR`). Tunes
    weigh as much as is known of them, so that making up many tunes gains nothing.
    """
    scaler, learned = _robust_stats(tunes), ~tunes.held_out
    features, labels, weights = (part[learned] for part in (tunes.features, tunes.labels, tunes.weights))
    word = present.predict_many(features)
    targets = (weights * labels + PRIOR * word) / (weights + PRIOR)
    inputs = np.clip(scaler.scale(features), -SPREAD, SPREAD)
    network = _regress(inputs, targets, weights.mean(axis=1), seed)
    version = _version(network, scaler, present)
    return Model(version, version, scaler, network)


def error(model: Model, tunes: Tunes) -> float:
    """Return the weighted root mean square error on the held-out tunes, in ratings."""
    rows = tunes.held_out
    weights = tunes.weights[rows]
    errors = model.predict_many(tunes.features[rows]) - tunes.labels[rows]
    return float(np.sqrt((weights * errors**2).sum() / weights.sum()))


def _robust_stats(tunes: Tunes) -> FeatureScaler:
    """Return the scale of the features: median and half of what lies between the 16th and 84th percentile.

    For normal numbers that is mean and deviation, and odd tunes with little weight don't move it.
    """
    low, middle, high = np.quantile(
        tunes.features,
        [0.16, 0.5, 0.84],
        axis=0,
        weights=tunes.weights.mean(axis=1),
        method="inverted_cdf",
    )
    spread = (high - low) / 2
    return FeatureScaler(tuple(middle.tolist()), tuple(np.where(spread > 0, spread, 1.0).tolist()))


def _regress(inputs: FloatArray, targets: FloatArray, weights: FloatArray, seed: int) -> Network:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor
    from threadpoolctl import threadpool_limits

    estimator = MLPRegressor(
        hidden_layer_sizes=LAYERS[1:-1], solver="lbfgs", alpha=ALPHA, max_iter=ITERATIONS, random_state=seed
    )
    # One thread: with several, sums come out differently from run to run.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(inputs, targets - NEUTRAL_RATING, sample_weight=weights / weights.mean())
    network = Network(LAYERS)
    for layer, kernel, bias in zip(network.layers, estimator.coefs_, estimator.intercepts_, strict=True):
        layer[:-1], layer[-1] = kernel, bias
    network.layers[-1][-1] += NEUTRAL_RATING
    return network


def _version(network: Network, scaler: FeatureScaler, present: Model) -> str:
    """Return `global-<n>-<hash>`, n one more than the present model's."""
    content = network.parameters.tobytes() + np.array([scaler.means, scaler.deviations]).tobytes()
    found = re.match(r"global-(\d{1,9})\b", present.version)
    number = int(found[1]) + 1 if found else 1
    return f"global-{number}-{hashlib.sha256(content).hexdigest()[:12]}"
