"""Fine-tuning: fits a model to the listener's ratings, and decides whether the result is better."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.errors import TrainingError
from sidflow_feedback.learning.fitters import FitProblem, fit_adam
from sidflow_feedback.learning.model import in_range
from sidflow_feedback.vocabulary import NEUTRAL_RATING

if TYPE_CHECKING:
    from sidflow_feedback.idle import Steps
    from sidflow_feedback.learning.dataset import Dataset
    from sidflow_feedback.learning.fitters import Fitter, Rows
    from sidflow_feedback.learning.model import Array, Model, Network
    from sidflow_feedback.learning.snapshot import Snapshot
    from sidflow_feedback.types import FloatArray

PRIOR: Final = 10.0
"""Pull to the anchor, divided by the number of rows: a prior that dominates a few ratings, and that many
ratings outweigh."""

FINISHING_DIVISOR: Final = 4
"""One in this many steps learns from all rows, including the held-out ones."""

CALIBRATION_PRIOR: Final = 2.0
"""Ridge penalty of the calibration, in ratings at a distance of 1 from the middle of the scale."""

# Chosen on simulated listeners other than those of `make bench-taste`; see docs/benchmarks.md.

_ROWS_PER_STEP = 256


@dataclass(frozen=True, slots=True, eq=False)
class FineTuningResult:
    """The result of fine-tuning.

    Attributes
    ----------
    network
        Fitted to all rows; the same as `validation_network` if the error grew.
    validation_network
        Fitted without the held-out rows. The errors are those of networks fitted in this way.
    moments, steps
        State of the optimizer that fitted `validation_network`, see `Adam`.
    error_before, error_after
        Root mean square error on the held-out rows, in ratings.
    """

    network: Network
    validation_network: Network
    moments: Array
    steps: int
    error_before: float
    error_after: float

    @property
    def accepted(self) -> bool:
        """Whether the error didn't grow."""
        return self.error_after <= self.error_before


def fine_tune(
    base: Model,
    last: Snapshot | None,
    dataset: Dataset,
    *,
    iterations: int,
    seed: int,
    method: Fitter = fit_adam,
) -> Steps[FineTuningResult]:
    """Fine-tune the last accepted model, else `base`, in small steps. Neither is changed.

    The first fit leaves out the held-out rows, and the change of the error on them decides. If it didn't
    grow, a second fit uses all rows, because every rating counts when there are few. Training resumes from
    the last validation network, so that each run is tested on rows that no earlier run has learned from.

    The anchor is `base`, calibrated to this listener. Training starts there if there is no last model, or if
    that was learned from another base. The error before is that of the last model, else of `base`.

    Raises
    ------
    TrainingError
        All rows are held out, or a value isn't finite.
    """
    inputs, training = base.scaler.scale(dataset.features), ~dataset.held_out
    everything = inputs, dataset.labels, dataset.weights
    rows = inputs[training], dataset.labels[training], dataset.weights[training]
    finishing = iterations // FINISHING_DIVISOR
    yield "predict"
    before = yield from _held_out_error(_validation_model(last) if last else base, dataset)
    yield "predict"
    problem = yield from _problem(base, last, rows, iterations - finishing, seed)
    fitted = yield from method(problem)
    validation_network = _half_precision(fitted.network)
    yield "predict"
    after = yield from _held_out_error(replace(base, network=validation_network), dataset)
    network = validation_network
    if after <= before:
        yield "predict"
        problem = yield from _problem(base, None, everything, finishing, seed)
        finished = yield from method(replace(problem, start=validation_network))
        network = _half_precision(finished.network)
    return FineTuningResult(network, validation_network, fitted.moments, fitted.steps, before, after)


def _problem(base: Model, last: Snapshot | None, rows: Rows, iterations: int, seed: int) -> Steps[FitProblem]:
    anchor = yield from calibrated(base.network, *rows)
    start = last if last and last.model.base_version == base.version else None
    return FitProblem(
        start=start.validation_network if start else anchor,
        anchor=anchor,
        rows=rows,
        l2=PRIOR / max(1, len(rows[0])),
        moments=start.moments if start else None,
        steps=start.steps if start else 0,
        iterations=iterations,
        seed=seed,
    )


def _validation_model(last: Snapshot) -> Model:
    return replace(last.model, network=last.validation_network)


def _half_precision(network: Network) -> Network:
    """Return `network` with its weights rounded to the precision of a snapshot."""
    rounded = network.copy()
    with np.errstate(over="ignore"):
        rounded.parameters[:] = network.parameters.astype(np.float16)
    if not np.isfinite(rounded.parameters).all():
        raise TrainingError("Training led to weights that aren't finite. The previous model stays in use.")
    return rounded


def calibrated(network: Network, inputs: Array, labels: Array, weights: Array) -> Steps[Network]:
    """Return `network` with each output scaled and shifted to fit the labels (ridge regression).

    People use the ends of the scale differently, and some prefer the opposite of what most do. A handful of
    ratings is enough to tell. An output without labels isn't changed.

    Parameters
    ----------
    inputs
        Scaled features, shape (n, inputs).
    labels, weights
        Ratings, and their weights (0 if missing), shape (n, outputs).
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
    predicted = yield from _predicted(model.network, model.scaler.scale(dataset.features[rows]))
    weights, errors = dataset.weights[rows], in_range(predicted) - dataset.labels[rows]
    return float(np.sqrt((weights * errors**2).sum() / weights.sum()))


def _predicted(network: Network, inputs: FloatArray) -> Steps[FloatArray]:
    outputs = np.empty((len(inputs), network.sizes[-1]))
    for start in range(0, len(inputs), _ROWS_PER_STEP):
        rows = slice(start, start + _ROWS_PER_STEP)
        outputs[rows] = network.predict_many(inputs[rows])
        yield "predict"
    return outputs
