"""Fitting the next global model to the statistics, and comparing it with the current one."""

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

MIN_TUNES: Final = 20
"""With fewer tunes, the held-out ones tell nothing about the error."""

HELD_OUT: Final = 5
"""One in this many tunes is held out of training, to measure the held_out_error."""

PRIOR_WEIGHT: Final = 1.0
"""Weight of the current model's prediction for a tune, in ratings, in each dimension."""

ALPHA: Final = 5.0
"""L2 penalty of `MLPRegressor`."""

ITERATIONS: Final = 500

# `PRIOR_WEIGHT` and `ALPHA` were chosen on 30 to 1,000 simulated listeners: see docs/benchmarks.md.

CLIP_SIGMAS: Final = 4.0
"""Standard deviations to which features are clipped for training."""


@dataclass(frozen=True, slots=True, eq=False)
class Tunes:
    """The tunes to learn from.

    Attributes
    ----------
    features
        Shape (t, 8).
    labels, weights
        Mean e, m, c, and p from 1 to 5, and their weights in ratings (0: unknown); shape (t, 4).
    settled_labels, settled_weights
        Those of the uploads that judge a new model.
    held_out
        Whether a tune is used to measure the held_out_error only, shape (t,).
    """

    features: FloatArray
    labels: FloatArray
    weights: FloatArray
    settled_labels: FloatArray
    settled_weights: FloatArray
    held_out: NDArray[np.bool_]


def select_tunes(statistics: Statistics, min_uploads: int, sounds: FloatArray) -> Tunes:
    """Return the tunes with known features that occur in at least `min_uploads` uploads.

    Parameters
    ----------
    statistics
        Statistics of all events.
    min_uploads
        Uploads that a tune needs.
    sounds
        The features of each tune that the server knows by itself, NaN for others, shape (t, 8). Only those of
        the others are taken from uploads.

    Raises
    ------
    TrainingError
        If there are too few.
    """
    features = np.where(np.isnan(sounds), statistics.features(), sounds)
    known = (statistics.upload_counts() >= min_uploads) & ~np.isnan(features[:, 0])
    labels, weights = _means(statistics.pulls[known], statistics.weights[known])
    settled = _means(statistics.settled_pulls[known], statistics.settled_weights[known])
    held_out = statistics.tunes[known] % HELD_OUT == 0
    if known.sum() < MIN_TUNES or not settled[1][held_out].sum() > 0:
        raise TrainingError(
            f"Only {known.sum()} tunes occur in {min_uploads} uploads; training needs {MIN_TUNES}. "
            "Nothing was published. Try again when listeners have shared more."
        )
    return Tunes(features[known], labels, weights, *settled, held_out)


def _means(pulls: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean ratings, and their weights."""
    weights = np.maximum(weights, 0)
    means = np.divide(pulls, weights, out=np.zeros_like(weights), where=weights > 0)
    return in_range(means + NEUTRAL_RATING), weights


def fit(tunes: Tunes, current: Model, seed: int) -> Model:
    """Fit a network to the tunes that aren't held out. The same seed gives the same network.

    The less evidence there is for a tune in a dimension, the more the current model's prediction counts
    (`PRIOR_WEIGHT`). The weight of a tune is its evidence, so that inventing many tunes gains nothing.
    """
    scaler, learned = _robust_stats(tunes), ~tunes.held_out
    features, labels, weights = (part[learned] for part in (tunes.features, tunes.labels, tunes.weights))
    prior = current.predict_many(features)
    targets = (weights * labels + PRIOR_WEIGHT * prior) / (weights + PRIOR_WEIGHT)
    inputs = np.clip(scaler.scale(features), -CLIP_SIGMAS, CLIP_SIGMAS)
    network = _regress(inputs, targets, weights.mean(axis=1), seed)
    version = _version(network, scaler, current)
    return Model(version, version, scaler, network)


def held_out_error(model: Model, tunes: Tunes) -> float:
    """Return the root mean square error on the held-out tunes, in ratings, weighted by settled evidence."""
    rows = tunes.held_out
    weights = tunes.settled_weights[rows]
    errors = model.predict_many(tunes.features[rows]) - tunes.settled_labels[rows]
    return float(np.sqrt((weights * errors**2).sum() / weights.sum()))


def _robust_stats(tunes: Tunes) -> FeatureScaler:
    """Return the scale of the features: median, and half the distance from 16th to 84th percentile.

    For a normal distribution, these are mean and standard deviation. Outliers of little weight don't change
    them.
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
    # One thread: with several, rounding differs from run to run.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(inputs, targets - NEUTRAL_RATING, sample_weight=weights / weights.mean())
    network = Network(LAYERS)
    for layer, kernel, bias in zip(network.layers, estimator.coefs_, estimator.intercepts_, strict=True):
        layer[:-1], layer[-1] = kernel, bias
    network.layers[-1][-1] += NEUTRAL_RATING
    return network


def _version(network: Network, scaler: FeatureScaler, current: Model) -> str:
    """Return `global-<n>-<hash>`, where n is one more than the current model's."""
    content = network.parameters.tobytes() + np.array([scaler.means, scaler.deviations]).tobytes()
    found = re.match(r"global-(\d{1,9})\b", current.version)
    number = int(found[1]) + 1 if found else 1
    return f"global-{number}-{hashlib.sha256(content).hexdigest()[:12]}"
