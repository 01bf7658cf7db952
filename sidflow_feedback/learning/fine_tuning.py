"""Fine-tuning: learns a listener's taste, and teaches it to a network.

The teacher is a `LandmarkProcess`, shrunk by what it predicts for rows that it doesn't know. It knows the
global model, the listener's mean, and every row. The network, which can be stored, explained, and read by
TensorFlow.js, learns the teacher's predictions for songs of the library (distillation, Hinton et al.
2015). So no run has to be thrown away: at worst, it has learned the listener's mean.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.errors import TrainingError
from sidflow_feedback.learning.fitters import FitProblem, fit_adam
from sidflow_feedback.learning.landmark_process import LandmarkProcess
from sidflow_feedback.learning.model import LAYERS, Network, in_range, standard_activations
from sidflow_feedback.learning.scaler import QuantileScaler
from sidflow_feedback.learning.shrinkage import Shrinkage
from sidflow_feedback.learning.uncertainty import (
    Uncertainty,
    calibrated_width,
    posterior_covariances,
    spreads,
)
from sidflow_feedback.vocabulary import DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sidflow_feedback.idle import Steps
    from sidflow_feedback.learning.dataset import Dataset
    from sidflow_feedback.learning.fitters import Fitter, Rows
    from sidflow_feedback.learning.model import Array, Model
    from sidflow_feedback.types import FloatArray

MAX_SONGS: Final = 512
"""Songs of the library, and rated songs, on which the network is taught."""

JITTER: Final = 0.5
"""Greatest distance, in deviations, of an invented song from the one that it is a copy of."""

ROWS_PER_GROWTH: Final = 256
MAX_GROWTH: Final = 2.5
"""A run with more than 256 rows makes more steps, in proportion, but at most 2.5 times as many."""

# Chosen on splits other than those that are reported: see docs/learning.md.

_ROWS_PER_STEP = 32


@dataclass(frozen=True, slots=True, eq=False)
class FineTuningResult:
    """What a listener's taste was learned as.

    Attributes
    ----------
    shrinkages
        What held-out rows say about each output; None for those with fewer than two labels, which are as the
        global model predicts them.
    """

    network: Network
    scaler: QuantileScaler
    uncertainty: Uncertainty
    shrinkages: Sequence[Shrinkage | None]
    error: float
    mean_error: float

    @property
    def tells(self) -> str:
        """The dimensions whose predictions are better than chance, for example ``ep``."""
        pairs = zip(DIMENSIONS, self.shrinkages, strict=True)
        return "".join(name for name, shrinkage in pairs if shrinkage is not None and shrinkage.tells)


def fine_tune(
    base: Model,
    last: Model | None,
    dataset: Dataset,
    songs: FloatArray,
    *,
    iterations: int,
    seed: int,
    method: Fitter = fit_adam,
) -> Steps[FineTuningResult]:
    """Learn from all rows of `dataset`, in small steps.

    Parameters
    ----------
    base
        The global model, the guess as long as there are few rows.
    last
        The model of the run before, from whose network the network starts; None for that of `base`.
    songs
        Features of songs of the library, shape (n, 8): what the model is to predict.

    Raises
    ------
    TrainingError
        There are no rows, or a value isn't finite.
    """
    _check(dataset)
    library = np.concatenate([songs[:MAX_SONGS], dataset.features[:MAX_SONGS]])
    scaler = yield from QuantileScaler.fit(library)
    inputs = yield from _in_chunks(scaler.scale, dataset.features, dataset.features.shape[1])
    guesses = yield from _in_chunks(base.predict_many, dataset.features)
    process = LandmarkProcess(inputs, guesses, dataset.labels, dataset.weights, dataset.items)
    yield from process.fit()
    yield "shrink"
    shrinkages = [_shrinkage(process, dataset, output) for output in range(len(DIMENSIONS))]
    rows = yield from _lesson(base, process, shrinkages, scaler, library, seed)
    growth = min(MAX_GROWTH, max(1.0, len(dataset) / ROWS_PER_GROWTH))
    problem = FitProblem(_start(base, last), rows, round(iterations * growth), seed)
    network = _half_precision((yield from method(problem)))
    uncertainty = yield from _uncertainty(network, inputs, dataset, process, shrinkages)
    totals = dataset.weights.sum(axis=0)
    return FineTuningResult(
        network,
        scaler,
        uncertainty,
        shrinkages,
        _pooled([None if one is None else one.error for one in shrinkages], totals),
        _pooled([None if one is None else one.mean_error for one in shrinkages], totals),
    )


def _check(dataset: Dataset) -> None:
    values = (dataset.features, dataset.labels, dataset.weights)
    if not len(dataset) or not all(np.isfinite(part).all() for part in values):
        raise TrainingError(
            "Can't train: there must be rows, and their features and labels must be finite. The "
            "previous model stays in use."
        )


def _in_chunks(
    function: Callable[[FloatArray], Array], rows: FloatArray, columns: int = len(DIMENSIONS)
) -> Steps[FloatArray]:
    """Return what `function` does for all rows, shape (n, columns)."""
    found = np.empty((len(rows), columns))
    for start in range(0, len(rows), _ROWS_PER_STEP):
        yield "rows"
        chunk = slice(start, start + _ROWS_PER_STEP)
        found[chunk] = function(rows[chunk])
    return found


def _shrinkage(process: LandmarkProcess, dataset: Dataset, output: int) -> Shrinkage | None:
    """Return what the held-out rows say about an output; None if there are fewer than two."""
    known, mixture = np.isfinite(process.held_out[:, output]), process.mixtures[output]
    if mixture is None or known.sum() < 2:
        return None
    return Shrinkage.of(
        mixture.mean,
        process.held_out[known, output],
        process.held_out_means[known, output],
        dataset.labels[known, output],
        dataset.weights[known, output],
    )


def _lesson(
    base: Model,
    process: LandmarkProcess,
    shrinkages: Sequence[Shrinkage | None],
    scaler: QuantileScaler,
    library: FloatArray,
    seed: int,
) -> Steps[Rows]:
    """Return the rows on which the network is taught: songs, and an invented song near each."""
    inputs = yield from _in_chunks(scaler.scale, library, library.shape[1])
    guesses = yield from _in_chunks(base.predict_many, library)
    # Not numpy.random: a browser needs several idle slots to load it.
    noise = np.frombuffer(random.Random(seed).randbytes(2 * inputs.size), np.uint16).reshape(inputs.shape)
    inputs = np.concatenate([inputs, inputs + JITTER * (noise / 32768.0 - 1.0)])
    guesses = np.concatenate([guesses, guesses])
    targets = np.empty_like(guesses)
    for start in range(0, len(inputs), _ROWS_PER_STEP):
        yield "teach"
        rows = slice(start, start + _ROWS_PER_STEP)
        targets[rows] = _taught(process, shrinkages, inputs[rows], guesses[rows])
    return inputs, targets, np.ones_like(targets)


def _taught(
    process: LandmarkProcess, shrinkages: Sequence[Shrinkage | None], inputs: FloatArray, guesses: FloatArray
) -> FloatArray:
    predicted = process.predict(inputs, guesses)
    columns = [
        guesses[:, output] if shrinkage is None else shrinkage.apply(predicted[:, output])
        for output, shrinkage in enumerate(shrinkages)
    ]
    return np.array(columns).T


def _start(base: Model, last: Model | None) -> Network:
    for model in (last, base):
        if model is not None and _is_standard(model.network):
            return model.network
    return Network.random(1)


def _is_standard(network: Network) -> bool:
    return network.sizes == LAYERS and network.activations == tuple(standard_activations(LAYERS))


def _half_precision(network: Network) -> Network:
    """Return `network` with its weights rounded to the precision of a snapshot."""
    rounded = network.copy()
    with np.errstate(over="ignore"):
        rounded.parameters[:] = network.parameters.astype(np.float16)
    if not np.isfinite(rounded.parameters).all():
        raise TrainingError("Training led to weights that aren't finite. The previous model stays in use.")
    return rounded


def _uncertainty(
    network: Network,
    inputs: FloatArray,
    dataset: Dataset,
    process: LandmarkProcess,
    shrinkages: Sequence[Shrinkage | None],
) -> Steps[Uncertainty]:
    covariances = yield from posterior_covariances(network, inputs, dataset.weights)
    variances = yield from _in_chunks(lambda rows: spreads(covariances, network.hidden(rows)), inputs)
    noises, widths = np.full(len(DIMENSIONS), np.nan), np.ones(len(DIMENSIONS))
    for output, shrinkage in enumerate(shrinkages):
        if shrinkage is None:
            continue
        known = np.flatnonzero(np.isfinite(process.held_out[:, output]))
        weights, labels = dataset.weights[known, output], dataset.labels[known, output]
        relative = variances[known, output]
        yield "calibrate"
        means = process.held_out_means[known, output]
        predicted = in_range(means + shrinkage.slope * (process.held_out[known, output] - means))
        noises[output] = shrinkage.error / np.sqrt(1 + np.average(relative, weights=weights))
        deviations = np.maximum(noises[output], 1e-3) * np.sqrt(1 + relative)
        widths[output] = calibrated_width(predicted - labels, deviations, weights)
    return Uncertainty(covariances, noises, widths)


def _pooled(errors: Sequence[float | None], totals: FloatArray) -> float:
    """Return the root mean square error over all labels."""
    squares = [(error**2, total) for error, total in zip(errors, totals, strict=True) if error is not None]
    weight = sum(total for _, total in squares)
    return (
        float(np.sqrt(sum(square * total for square, total in squares) / weight)) if weight else float("nan")
    )


def with_result(base: Model, version: str, result: FineTuningResult) -> Model:
    """Return the listener's model."""
    return replace(
        base,
        version=version,
        base_version=base.version,
        scaler=result.scaler,
        network=result.network,
        uncertainty=result.uncertainty,
        tells=result.tells,
    )
