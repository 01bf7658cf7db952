"""What fits a network to the listener: a seam, and its default, our own learner in numpy.

All methods start from the same problem and give back a network of the same layers, so that snapshots,
predictions and manifests don't know which one it was. The others are in `scikit`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import numpy as np

from sidflow_feedback.learning.learner import Learner

if TYPE_CHECKING:
    from sidflow_feedback.idle import Steps
    from sidflow_feedback.learning.model import Array, Network
    from sidflow_feedback.types import FloatArray

    Rows: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]
    """Scaled features, labels, and weights of these."""

LEARNING_RATE: Final = 8e-3
"""Of the first step; it falls to 0 with the last, so that no run ends on the noise of a minibatch."""


@dataclass(frozen=True, slots=True, eq=False)
class FitProblem:
    """What is to be fitted.

    Attributes
    ----------
    start
        Where steps start; not changed.
    anchor
        Where a listener of whom little is known probably is: methods pull towards it.
    rows
        Labels of weight 0 are missing.
    l2
        The pull, over the number of rows.
    moments, steps
        State of the optimizer that has led to `start`, see `Adam`; None and 0 where there is none.
    iterations
        Steps to make, for methods that work by steps.
    seed
        The same seed and data give the same weights.
    """

    start: Network
    anchor: Network
    rows: Rows
    l2: float
    moments: Array | None
    steps: int
    iterations: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A network, and the state of the optimizer, see `Adam`."""

    network: Network
    moments: Array
    steps: int


class Fitter(Protocol):
    """A way to fit a network, in small steps."""

    def __call__(self, problem: FitProblem) -> Steps[Fitted]:
        """Fit; raise `TrainingError` where that is not possible."""


def fit_adam(problem: FitProblem) -> Steps[Fitted]:
    """Fit all layers by Adam, see `Learner`."""
    network = problem.start.copy()
    learner = Learner(
        network,
        anchor=problem.anchor.parameters,
        learning_rate=LEARNING_RATE,
        l2=problem.l2,
        seed=problem.seed,
    )
    if problem.moments is not None:
        learner.adam.resume(problem.moments, problem.steps)
    for kind in learner.learn_many(*problem.rows, problem.iterations):
        done = learner.adam.steps - problem.steps
        learner.adam.learning_rate = LEARNING_RATE * (1 - done / problem.iterations)
        yield kind
    return Fitted(network, learner.adam.moments, learner.adam.steps)


def without_state(network: Network) -> Fitted:
    """Return the result of a method that leaves no optimizer to go on with."""
    return Fitted(network, np.zeros((2, network.parameters.size), network.parameters.dtype), 0)
