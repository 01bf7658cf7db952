"""The learner: fits a network by backpropagation, in small steps.

Only a `Learner` changes a `Network`; prediction never does.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.errors import TrainingError
from sidflow_feedback.learning.adam import Adam
from sidflow_feedback.learning.model import layer_views

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sidflow_feedback.idle import Steps
    from sidflow_feedback.learning.model import Array, Network

BATCH_SIZE: Final = 32


class Learner:
    """Fits a network, in place. Labels may be missing.

    The loss of n rows is the weighted squared error ``sum(weights * (outputs - labels)**2) / (2 n)``.

    Parameters
    ----------
    network
        Changed in place.
    learning_rate
        At least 0.
    batch_size
        Rows of a minibatch.
    seed
        Seed for the order of the rows. The same seed and data give the same weights.
    """

    def __init__(
        self,
        network: Network,
        *,
        learning_rate: float = 1e-3,
        batch_size: int = BATCH_SIZE,
        seed: int = 0,
    ) -> None:
        parameters = network.parameters
        self.network = network
        self.adam = Adam(parameters.size, learning_rate, dtype=parameters.dtype)
        self._batch_size = batch_size
        self._random = random.Random(seed)
        self._gradients = layer_views(self.adam.gradient, network.sizes)
        self._pass = _Pass(network, 0)

    def learn_many(self, inputs: Array, labels: Array, weights: Array, iterations: int) -> Steps[None]:
        """Make `iterations` optimizer steps, each divided into gradient and update.

        Parameters
        ----------
        inputs
            Scaled features, shape (n, inputs).
        labels
            Ratings, shape (n, outputs). Where the weight is 0, the value has no effect but must be finite.
        weights
            Weight of each label, shape (n, outputs); 0 if the label is missing.

        Raises
        ------
        TrainingError
            There are no rows, the shapes don't match, or a value isn't finite.
        """
        self._check(inputs, labels, weights)
        rows, size = len(inputs), min(self._batch_size, len(inputs))
        data = self._columns(inputs, labels, weights, size)
        shuffled, start = np.empty_like(data), rows
        for _ in range(iterations):
            if start + size > rows:
                yield "shuffle"
                data.take(self._order(rows), axis=1, out=shuffled, mode="clip")
                start = 0
            yield "gradient"
            self._gradient(shuffled[:, start : start + size])
            start += size
            yield "update"
            self.adam.update(self.network.parameters)

    def step(self, inputs: Array, labels: Array, weights: Array) -> None:
        """Make one optimizer step on one batch of scaled features, labels, and label weights."""
        self.gradient(inputs, labels, weights)
        self.adam.update(self.network.parameters)

    def gradient(self, inputs: Array, labels: Array, weights: Array) -> Array:
        """Return the gradient of the loss, shape (parameters,). The next call reuses the array."""
        return self._gradient(self._columns(inputs, labels, weights, len(inputs)))

    def _columns(self, inputs: Array, labels: Array, weights: Array, size: int) -> Array:
        """Return a column for each row of the data, for `_Pass`. Weights are divided by the batch size."""
        ones = np.ones(len(inputs))
        return np.vstack([inputs.T, ones, labels.T, weights.T / size]).astype(self.network.parameters.dtype)

    def _gradient(self, columns: Array) -> Array:
        if self._pass.size != columns.shape[1]:
            self._pass = _Pass(self.network, columns.shape[1])
        self._pass.run(columns, self._gradients)
        return self.adam.gradient

    def loss(self, inputs: Array, labels: Array, weights: Array) -> float:
        """Return the loss, which `step` minimizes."""
        errors = self.network.predict_many(inputs) - labels
        return float((weights * errors**2).sum() / (2 * len(inputs)))

    def _order(self, rows: int) -> NDArray[np.intp]:
        # Not numpy.random: a browser needs several idle slots to load it.
        return np.frombuffer(self._random.randbytes(4 * rows), np.uint32).argsort(kind="stable")

    def _check(self, inputs: Array, labels: Array, weights: Array) -> None:
        sizes, rows = self.network.sizes, len(inputs)
        outputs = (rows, sizes[-1])
        if (
            not rows
            or inputs.shape != (rows, sizes[0])
            or labels.shape != outputs
            or weights.shape != outputs
        ):
            raise TrainingError(
                f"Can't train on inputs {inputs.shape}, labels {labels.shape}, and weights {weights.shape}: "
                f"expected (n, {sizes[0]}), (n, {sizes[-1]}), and (n, {sizes[-1]}), with n at least 1."
            )
        if not all(np.isfinite(values).all() for values in (inputs, labels, weights)):
            raise TrainingError(
                "Can't train: features, labels, and weights must be finite. Remove the other rows."
            )


class _Pass:
    """One forward and backward pass through a network, with the arrays for a batch of `size` rows.

    All arrays have a column for each row of the batch, so that the row of ones below each layer's input,
    by which one product covers kernel and bias, leaves the input contiguous. In a browser, numpy has no BLAS:
    there `matmul` needs less time than `dot`, a scalar as an array less than one of Python, and a view that
    exists less than a new one.
    """

    def __init__(self, network: Network, size: int) -> None:
        sizes, dtype = network.sizes, network.parameters.dtype
        self.size = size
        self._zero = np.zeros((), dtype)
        self._ends = (sizes[0] + 1, sizes[0] + 1 + sizes[-1])
        self._transposed = [layer.T for layer in network.layers]
        self._kernels = [layer[:-1] for layer in network.layers]
        self._inputs = [np.ones((units + 1, size), dtype) for units in sizes[1:-1]]
        self._active = [inputs[:-1] for inputs in self._inputs]
        self._errors = [np.empty((units, size), dtype) for units in sizes[1:]]
        self._errors_transposed = [error.T for error in self._errors]

    def run(self, columns: Array, gradients: Sequence[Array]) -> None:
        """Write the gradient of each layer for inputs, ones, labels, and weights, one below the other."""
        features, labels = self._ends
        inputs = [columns[:features], *self._inputs]
        for i, values in enumerate(self._active):
            np.matmul(self._transposed[i], inputs[i], out=values)
            np.maximum(values, self._zero, out=values)
        error = self._errors[-1]
        np.matmul(self._transposed[-1], inputs[-1], out=error)
        error -= columns[features:labels]
        error *= columns[labels:]
        for i in range(len(inputs) - 1, 0, -1):
            np.matmul(inputs[i], self._errors_transposed[i], out=gradients[i])
            np.matmul(self._kernels[i], self._errors[i], out=self._errors[i - 1])
            values = self._active[i - 1]
            np.sign(values, out=values)  # The derivative of max(0, x) where x is known to be at least 0.
            self._errors[i - 1] *= values
        np.matmul(inputs[0], self._errors_transposed[0], out=gradients[0])
