"""Fitters: methods that teach a network. The default is our own learner in numpy.

All fitters solve the same problem and return a network with the same layers, so snapshots, predictions, and
manifests don't depend on the method. The other fitters are in `scikit_fitters`.
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
    """Scaled features, labels, and the weights of the labels."""

BATCH_SIZE: Final = 96
"""Rows of a minibatch. 200 steps of 96 rows come as close to the teacher as 400 of 32, in less time."""

LEARNING_RATE: Final = 3e-2
"""Learning rate of the first step. It falls to 0 with the last step, so that no run ends on the noise of a
minibatch."""


@dataclass(frozen=True, slots=True, eq=False)
class FitProblem:
    """The input of a fitter.

    Attributes
    ----------
    start
        Network to start from; not changed.
    anchor
        The best guess for a listener with few ratings: fitters pull the weights to it.
    rows
        Labels of weight 0 are missing.
    l2
        Strength of the pull, divided by the number of rows.
    moments, steps
        State of the optimizer that produced `start`, see `Adam`; None and 0 if there is none.
    iterations
        Number of steps, for fitters that work in steps.
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
class FitResult:
    """The fitted network, and the state of the optimizer, see `Adam`."""

    network: Network
    moments: Array
    steps: int


class Fitter(Protocol):
    """Fits a network, in small steps."""

    def __call__(self, problem: FitProblem) -> Steps[FitResult]:
        """Return the fitted network; raise `TrainingError` if that is impossible."""


def fit_adam(problem: FitProblem) -> Steps[FitResult]:
    """Fit all layers with Adam, see `Learner`."""
    network = problem.start.copy()
    learner = Learner(
        network,
        anchor=problem.anchor.parameters,
        learning_rate=LEARNING_RATE,
        l2=problem.l2,
        batch_size=BATCH_SIZE,
        seed=problem.seed,
    )
    if problem.moments is not None:
        learner.adam.resume(problem.moments, problem.steps)
    for kind in learner.learn_many(*problem.rows, problem.iterations):
        done = learner.adam.steps - problem.steps
        learner.adam.learning_rate = LEARNING_RATE * (1 - done / problem.iterations)
        yield kind
    return FitResult(network, learner.adam.moments, learner.adam.steps)


def without_state(network: Network) -> FitResult:
    """Return the result of a fitter that has no optimizer state to continue from."""
    return FitResult(network, np.zeros((2, network.parameters.size), network.parameters.dtype), 0)
