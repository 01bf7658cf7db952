"""Fitters with methods of scikit-learn, which `load` loads. Importing this module doesn't.

`ridge` and `sgd` fit only the last layer: a linear model of the residuals of the first network's outputs,
with the hidden units as features. Outputs without labels stay as they are. `mlp` fits all layers.
There is no Gaussian process: its state is the training set, which fits into neither a snapshot of 8 KB nor
TensorFlow.js.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from sidflow_feedback.errors import TrainingError
from sidflow_feedback.learning.learner import BATCH_SIZE
from sidflow_feedback.learning.model import Network

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sidflow_feedback.idle import Steps
    from sidflow_feedback.learning.fitters import FitProblem, Fitter, Rows
    from sidflow_feedback.learning.model import Array
    from sidflow_feedback.types import FloatArray

LoadScikit: TypeAlias = Callable[[Callable[[str], None]], Awaitable[None]]
"""Imports scikit-learn, fetches it first if necessary, and calls its argument with progress messages."""

RIDGE_PRIOR: Final = 8.0
SGD_RATE: Final = 1e-2
MLP_RATE: Final = 2e-3


async def load(_notify: Callable[[str], None] = print) -> None:
    """Import the parts of scikit-learn that the fitters need. Takes seconds in a browser, in two pieces.

    Raises
    ------
    TrainingError
        scikit-learn isn't installed, or doesn't work.
    """
    for module in ("sklearn.linear_model", "sklearn.neural_network"):
        try:
            importlib.import_module(module)
        except ImportError as exc:
            raise TrainingError(f"scikit-learn can't be loaded: {exc}.") from exc
        await asyncio.sleep(0)


def fit_ridge(problem: FitProblem) -> Steps[Network]:
    """Fit the last layer in closed form (`Ridge`)."""
    from sklearn.linear_model import Ridge

    yield "ridge"
    network = problem.start.copy()
    for column, hidden, residuals, weights in _residuals(network, problem.rows):
        model = Ridge(alpha=RIDGE_PRIOR, fit_intercept=False)
        column += model.fit(hidden, residuals, sample_weight=weights).coef_
        yield "ridge"
    return network


def fit_sgd(problem: FitProblem) -> Steps[Network]:
    """Fit the last layer with `SGDRegressor`, in as many passes over the rows as `iterations` allow."""
    from sklearn.linear_model import SGDRegressor

    yield "sgd"
    network = problem.start.copy()
    passes = max(1, problem.iterations * BATCH_SIZE // max(1, len(problem.rows[0])))
    for column, hidden, residuals, weights in _residuals(network, problem.rows):
        model = SGDRegressor(
            alpha=0.0,
            eta0=SGD_RATE,
            learning_rate="constant",
            fit_intercept=False,
            random_state=problem.seed,
        )
        for _ in range(passes):
            model.partial_fit(hidden, residuals, sample_weight=weights)
            yield "sgd"
        column += model.coef_
    return network


def fit_mlp(problem: FitProblem) -> Steps[Network]:
    """Fit all layers with Adam, one minibatch for each step (`MLPRegressor.partial_fit`).

    `MLPRegressor` has no weights for single labels. A label halfway between prediction and rating has the
    same gradient as the rating with weight 0.5. So labels are moved toward the prediction, and a missing
    label is replaced by it.
    """
    from sklearn.neural_network import MLPRegressor

    yield "mlp"
    network = Network(problem.start.sizes, dtype=np.float64)
    network.parameters[:] = problem.start.parameters
    model = MLPRegressor(
        hidden_layer_sizes=network.sizes[1:-1],
        alpha=0.0,
        learning_rate_init=MLP_RATE,
        random_state=problem.seed,
    )
    inputs, labels, weights = problem.rows
    model.partial_fit(inputs[:1], labels[:1])  # Creates its layers, which are then replaced by ours.
    model.coefs_ = [layer[:-1] for layer in network.layers]
    model.intercepts_ = [layer[-1] for layer in network.layers]
    del model._optimizer  # Makes the next step start with a new optimizer.
    rows = np.random.default_rng(problem.seed)
    for _ in range(problem.iterations):
        yield "mlp"
        picked = rows.permutation(len(inputs))[:BATCH_SIZE]
        guess = network.predict_many(inputs[picked])
        model.partial_fit(inputs[picked], guess + weights[picked] * (labels[picked] - guess))
    fitted = problem.start.copy()
    fitted.parameters[:] = network.parameters
    return fitted


METHODS: Final[Mapping[str, Fitter]] = {"ridge": fit_ridge, "sgd": fit_sgd, "mlp": fit_mlp}


def _residuals(network: Network, rows: Rows) -> Iterator[tuple[Array, FloatArray, FloatArray, FloatArray]]:
    """Yield the parts of the problem for each rated output.

    They are its column of the last layer (a view), the hidden units with a column of ones for the bias, the
    residuals of its labels, and their weights.
    """
    inputs, labels, weights = rows
    units: Array = inputs
    for layer in network.layers[:-1]:
        units = np.maximum(units @ layer[:-1] + layer[-1], 0)
    units = np.column_stack([units, np.ones(len(units))])
    for i, column in enumerate(network.layers[-1].T):
        rated = weights[:, i] > 0
        if rated.any():
            yield column, units[rated], labels[rated, i] - units[rated] @ column, weights[rated, i]
