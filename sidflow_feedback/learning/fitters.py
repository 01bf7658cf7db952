"""Fitters: methods that teach a network. The default is our own learner in numpy.

All fitters solve the same problem and return a network with the same layers, so snapshots, predictions, and
manifests don't depend on the method. The other fitters are in `scikit_fitters`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from sidflow_feedback.learning.learner import Learner

if TYPE_CHECKING:
    from sidflow_feedback.idle import Steps
    from sidflow_feedback.learning.model import Network
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
    rows
        Labels of weight 0 are missing.
    iterations
        Number of steps, for fitters that work in steps.
    seed
        The same seed and data give the same weights.
    """

    start: Network
    rows: Rows
    iterations: int
    seed: int


class Fitter(Protocol):
    """Fits a network, in small steps."""

    def __call__(self, problem: FitProblem) -> Steps[Network]:
        """Return the fitted network; raise `TrainingError` if that is impossible."""


def fit_adam(problem: FitProblem) -> Steps[Network]:
    """Fit all layers with Adam, see `Learner`."""
    network = problem.start.copy()
    learner = Learner(network, learning_rate=LEARNING_RATE, batch_size=BATCH_SIZE, seed=problem.seed)
    for kind in learner.learn_many(*problem.rows, problem.iterations):
        learner.adam.learning_rate = LEARNING_RATE * (1 - learner.adam.steps / problem.iterations)
        yield kind
    return network
