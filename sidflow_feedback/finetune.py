"""Fine-tuning: from a model and what the listener rated to a model that fits them better, or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.learner import Learner
from sidflow_feedback.model import NEUTRAL_RATING, in_range

if TYPE_CHECKING:
    from sidflow_feedback.dataset import Dataset
    from sidflow_feedback.idle import Steps
    from sidflow_feedback.model import Array, Model, Network
    from sidflow_feedback.snapshot import Snapshot
    from sidflow_feedback.types import FloatArray

LEARNING_RATE: Final = 5e-3
"""Of the first step; it falls to 0 with the last, so that no run ends on the noise of a minibatch."""

PRIOR: Final = 7.0
"""Pull to the anchor, over the number of rows: a prior that few ratings obey and many outvote."""

CALIBRATION_PRIOR: Final = 2.0
"""Of a ridge regression, in ratings at a distance of 1 from the middle of the scale."""

# All three were chosen on simulated listeners, others than those of `make bench-taste`: docs/benchmarks.md.

_ROWS_PER_STEP = 256


@dataclass(frozen=True, slots=True, eq=False)
class FineTuned:
    """A fitted network, the state of its optimiser (see `Adam`), and the held-out error before and after."""

    network: Network
    moments: Array
    steps: int
    error_before: float
    error_after: float


def fine_tune(
    base: Model, last: Snapshot | None, dataset: Dataset, *, iterations: int, seed: int
) -> Steps[FineTuned]:
    """Fit the last accepted model, else `base`, in small steps; neither is changed.

    The anchor is `base`, calibrated to this listener; the steps start there, too, without a last model or if
    that goes back to another base. The error before is that of the model in use: the last one, else `base`.

    Raises
    ------
    TrainingError
        All rows are held out, or a value is not finite.
    """
    inputs, learned = base.stats.scale(dataset.features), ~dataset.held_out
    rows = inputs[learned], dataset.labels[learned], dataset.weights[learned]
    yield "predict"
    anchor = yield from calibrated(base.network, *rows)
    yield "predict"
    before = yield from _held_out_error(last.model if last else base, dataset)
    yield "prepare"
    start = last if last and last.model.base_version == base.version else None
    network = (start.model.network if start else anchor).copy()
    l2 = PRIOR / max(1, len(rows[0]))
    learner = Learner(network, anchor=anchor.parameters, learning_rate=LEARNING_RATE, l2=l2, seed=seed)
    if start:
        learner.adam.resume(start.moments, start.steps)
    for done, kind in enumerate(learner.learn_many(*rows, iterations)):
        learner.adam.learning_rate = LEARNING_RATE * (1 - done / iterations)
        yield kind
    yield "predict"
    after = yield from _held_out_error(replace(base, network=network), dataset)
    return FineTuned(network, learner.adam.moments, learner.adam.steps, before, after)


def calibrated(network: Network, inputs: Array, labels: Array, weights: Array) -> Steps[Network]:
    """Return `network` with each output scaled and shifted to fit the labels (ridge regression).

    People use the ends of the scale differently, and some mean the opposite of what most mean: that can be
    told from a handful of ratings. An output without labels stays as it is.

    Parameters
    ----------
    inputs
        Scaled features, shape (n, inputs).
    labels, weights
        Ratings and their weights, 0 for a missing one, shape (n, outputs).
    """
    fitted = network.copy()
    outputs = (yield from _predicted(network, inputs)) - NEUTRAL_RATING
    yield "calibrate"
    wanted = labels - NEUTRAL_RATING
    prior = CALIBRATION_PRIOR * np.eye(2)
    for i, column in enumerate(fitted.layers[-1].T):
        terms = np.stack([outputs[:, i], np.ones(len(inputs))])
        weighted = terms * weights[:, i]
        scale, shift = np.linalg.solve(weighted @ terms.T + prior, weighted @ wanted[:, i] + prior[0])
        column *= scale
        column[-1] += shift + NEUTRAL_RATING * (1 - scale)
        yield "calibrate"
    return fitted


def _held_out_error(model: Model, dataset: Dataset) -> Steps[float]:
    """Return the weighted root mean square error, in ratings."""
    rows = dataset.held_out
    predicted = yield from _predicted(model.network, model.stats.scale(dataset.features[rows]))
    weights, errors = dataset.weights[rows], in_range(predicted) - dataset.labels[rows]
    return float(np.sqrt((weights * errors**2).sum() / weights.sum()))


def _predicted(network: Network, inputs: FloatArray) -> Steps[FloatArray]:
    outputs = np.empty((len(inputs), network.sizes[-1]))
    for start in range(0, len(inputs), _ROWS_PER_STEP):
        rows = slice(start, start + _ROWS_PER_STEP)
        outputs[rows] = network.predict_many(inputs[rows])
        yield "predict"
    return outputs
