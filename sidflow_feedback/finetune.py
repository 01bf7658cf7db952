"""Fine-tuning: from a model and what the listener rated to a model that fits them better, or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.learner import Learner
from sidflow_feedback.model import in_range

if TYPE_CHECKING:
    from collections.abc import Generator

    from sidflow_feedback.dataset import Dataset
    from sidflow_feedback.model import Array, Model, Network
    from sidflow_feedback.snapshot import Snapshot
    from sidflow_feedback.types import FloatArray

LEARNING_RATE: Final = 2e-3
L2: Final = 0.05
"""Both chosen on simulated listeners with 16, 64 and 256 noisy ratings, after one run and after three: a
weaker pull to the global model learns 16 ratings by heart, a faster rate does so with 64."""


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
) -> Generator[None, None, FineTuned]:
    """Fit a copy of the last accepted model, else of `base`, in small steps; `base` is also the anchor.

    Raises
    ------
    TrainingError
        All rows are held out, or a value is not finite.
    """
    network = (last.model if last else base).network.copy()
    learner = Learner(network, anchor=base.network.parameters, learning_rate=LEARNING_RATE, l2=L2, seed=seed)
    if last:
        learner.adam.resume(last.moments, last.steps)
    inputs, learned = base.stats.scale(dataset.features), ~dataset.held_out
    yield
    before = _held_out_error(network, inputs, dataset)
    yield
    yield from learner.learn_many(
        inputs[learned], dataset.labels[learned], dataset.weights[learned], iterations
    )
    after = _held_out_error(network, inputs, dataset)
    return FineTuned(network, learner.adam.moments, learner.adam.steps, before, after)


def _held_out_error(network: Network, inputs: FloatArray, dataset: Dataset) -> float:
    """Return the weighted root mean square error, in ratings."""
    rows = dataset.held_out
    errors = in_range(network.predict_many(inputs[rows])) - dataset.labels[rows]
    weights = dataset.weights[rows]
    return float(np.sqrt((weights * errors**2).sum() / weights.sum()))
