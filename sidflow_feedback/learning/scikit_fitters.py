"""Methods of scikit-learn. Importing this module loads none of it; `load` does.

`ridge` and `sgd` fit the last layer only: a linear model of what is missing to the anchor's outputs, with
the hidden units as features. So what the listener has not rated stays as the anchor has it. `mlp` fits all
layers. A Gaussian process is not among them: what it has learned are its rows, no network of a few weights,
and neither a snapshot of 8 KB nor TensorFlow.js could hold that.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from sidflow_feedback.errors import TrainingError
from sidflow_feedback.learning.fitters import without_state
from sidflow_feedback.learning.learner import BATCH
from sidflow_feedback.learning.model import Network

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sidflow_feedback.idle import Steps
    from sidflow_feedback.learning.fitters import FitProblem, Fitted, Fitter, Rows
    from sidflow_feedback.learning.model import Array
    from sidflow_feedback.types import FloatArray

LoadScikit: TypeAlias = Callable[[Callable[[str], None]], Awaitable[None]]
"""Imports scikit-learn, fetching it first where it must, and says meanwhile what it does."""

RIDGE_PRIOR: Final = 8.0
SGD_RATE: Final = 1e-2
MLP_RATE: Final = 2e-3


async def load(_tell: Callable[[str], None] = print) -> None:
    """Import what the methods need, where it is installed. Takes seconds in a browser, in two pieces.

    Raises
    ------
    TrainingError
        It is not, or does not work.
    """
    for module in ("sklearn.linear_model", "sklearn.neural_network"):
        try:
            importlib.import_module(module)
        except ImportError as exc:
            raise TrainingError(f"scikit-learn can't be loaded: {exc}.") from exc
        await asyncio.sleep(0)


def fit_ridge(problem: FitProblem) -> Steps[Fitted]:
    """Fit the last layer in closed form (`Ridge`)."""
    from sklearn.linear_model import Ridge

    yield "ridge"
    network = problem.anchor.copy()
    for column, hidden, missing, weights in _unexplained(network, problem.rows):
        model = Ridge(alpha=RIDGE_PRIOR, fit_intercept=False)
        column += model.fit(hidden, missing, sample_weight=weights).coef_
        yield "ridge"
    return without_state(network)


def fit_sgd(problem: FitProblem) -> Steps[Fitted]:
    """Fit the last layer by passes over the rows (`SGDRegressor`), as many as come to the iterations."""
    from sklearn.linear_model import SGDRegressor

    yield "sgd"
    network = problem.anchor.copy()
    passes = max(1, problem.iterations * BATCH // max(1, len(problem.rows[0])))
    for column, hidden, missing, weights in _unexplained(network, problem.rows):
        model = SGDRegressor(
            alpha=problem.l2,
            eta0=SGD_RATE,
            learning_rate="constant",
            fit_intercept=False,
            random_state=problem.seed,
        )
        for _ in range(passes):
            model.partial_fit(hidden, missing, sample_weight=weights)
            yield "sgd"
        column += model.coef_
    return without_state(network)


def fit_mlp(problem: FitProblem) -> Steps[Fitted]:
    """Fit all layers by Adam, one minibatch a step (`MLPRegressor.partial_fit`), without a pull.

    It knows no weights of single labels. A label half-way from the prediction has the gradient of one of
    weight 0.5, so that is what it is given, and for a missing one the prediction itself.
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
    model.partial_fit(inputs[:1], labels[:1])  # Makes its layers, which then become ours.
    model.coefs_ = [layer[:-1] for layer in network.layers]
    model.intercepts_ = [layer[-1] for layer in network.layers]
    del model._optimizer  # So that a new one begins without what the first step has left.
    rows = np.random.default_rng(problem.seed)
    for _ in range(problem.iterations):
        yield "mlp"
        picked = rows.permutation(len(inputs))[:BATCH]
        guess = network.predict_many(inputs[picked])
        model.partial_fit(inputs[picked], guess + weights[picked] * (labels[picked] - guess))
    fitted = problem.start.copy()
    fitted.parameters[:] = network.parameters
    return without_state(fitted)


METHODS: Final[Mapping[str, Fitter]] = {"ridge": fit_ridge, "sgd": fit_sgd, "mlp": fit_mlp}


def _unexplained(network: Network, rows: Rows) -> Iterator[tuple[Array, FloatArray, FloatArray, FloatArray]]:
    """Give for each rated output its column of the last layer, and what is missing to its labels.

    The column is a view; the others are the units before it with a one, the missing, and its weights.
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
