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
    from collections.abc import Generator, Sequence

    from numpy.typing import NDArray

    from sidflow_feedback.idle import Steps
    from sidflow_feedback.learning.model import Array, Network

BATCH_SIZE: Final = 32


class Learner:
    """Fits a network, in place. Labels may be missing.

    The loss of n rows is the weighted squared error ``sum(weights * (outputs - labels)**2) / (2 n)`` plus
    ``l2 / 2`` times the squared distance of all weights from `anchor`. This keeps fine-tuning on a few
    ratings from erasing what the model has learned before (L2-SP, Li et al. 2018).

    Parameters
    ----------
    network
        Changed in place.
    anchor
        Parameters that the weights are pulled to; None for 0.
    learning_rate, l2
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
        anchor: Array | None = None,
        learning_rate: float = 1e-3,
        l2: float = 0.0,
        batch_size: int = BATCH_SIZE,
        seed: int = 0,
    ) -> None:
        parameters = network.parameters
        self.network = network
        self.adam = Adam(parameters.size, learning_rate, dtype=parameters.dtype)
        self._anchor = np.zeros_like(parameters) if anchor is None else anchor.astype(parameters.dtype)
        self._l2 = l2
        self._batch_size = batch_size
        self._random = random.Random(seed)
        self._gradients = layer_views(self.adam.gradient, network.sizes)
        self._pass = _Pass(network, 0)
        self._distance = np.zeros_like(parameters)

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
        dtype = self.network.parameters.dtype
        rows = [np.ascontiguousarray(values, dtype) for values in (inputs, labels, weights)]
        size = min(self._batch_size, len(inputs))
        parts = [np.empty((size, values.shape[1]), dtype) for values in rows]
        for picked in self._minibatches(len(inputs), size, iterations):
            yield "gradient"
            for values, part in zip(rows, parts, strict=True):
                values.take(picked, axis=0, out=part, mode="clip")
            self.gradient(*parts)
            yield "update"
            self.adam.update(self.network.parameters)

    def step(self, inputs: Array, labels: Array, weights: Array) -> None:
        """Make one optimizer step on one batch of scaled features, labels, and label weights."""
        self.gradient(inputs, labels, weights)
        self.adam.update(self.network.parameters)

    def gradient(self, inputs: Array, labels: Array, weights: Array) -> Array:
        """Return the gradient of the loss, shape (parameters,). The next call reuses the array."""
        if self._pass.size != len(inputs):
            self._pass = _Pass(self.network, len(inputs))
        self._pass.forward(inputs)
        self._pass.backward(labels, weights, self._gradients)
        if self._l2:
            np.subtract(self.network.parameters, self._anchor, out=self._distance)
            self._distance *= self._l2
            self.adam.gradient += self._distance
        return self.adam.gradient

    def loss(self, inputs: Array, labels: Array, weights: Array) -> float:
        """Return the loss, which `step` minimizes."""
        errors = self.network.predict_many(inputs) - labels
        distance = self.network.parameters - self._anchor
        data = (weights * errors**2).sum() / (2 * len(inputs))
        return float(data + self._l2 / 2 * (distance @ distance))

    def _minibatches(self, rows: int, size: int, count: int) -> Generator[NDArray[np.intp], None, None]:
        start = rows
        for _ in range(count):
            if start + size > rows:
                order, start = self._shuffled(rows), 0
            yield order[start : start + size]
            start += size

    def _shuffled(self, rows: int) -> NDArray[np.intp]:
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

    Each layer's input has a column of ones, so that one product covers kernel and bias. Views are created
    once, because in a browser creating one costs as much as a small product.
    """

    def __init__(self, network: Network, size: int) -> None:
        dtype = network.parameters.dtype
        self.size = size
        self._layers = network.layers
        self._inputs = [np.ones((size, inputs + 1), dtype) for inputs in network.sizes[:-1]]
        self._outputs = [np.empty((size, outputs), dtype) for outputs in network.sizes[1:]]
        self._errors = [np.empty((size, outputs), dtype) for outputs in network.sizes[1:]]
        self._active = [np.empty((size, outputs), np.bool_) for outputs in network.sizes[1:-1]]
        self._values = [inputs[:, :-1] for inputs in self._inputs]
        self._transposed = [inputs.T for inputs in self._inputs]
        self._kernels = [layer[:-1].T for layer in network.layers]

    def forward(self, inputs: Array) -> None:
        self._values[0][:] = inputs
        last = len(self._layers) - 1
        for i, layer in enumerate(self._layers):
            np.dot(self._inputs[i], layer, out=self._outputs[i])
            if i < last:
                np.maximum(self._outputs[i], 0, out=self._values[i + 1])

    def backward(self, labels: Array, weights: Array, gradients: Sequence[Array]) -> None:
        error = self._errors[-1]
        np.subtract(self._outputs[-1], labels, out=error)
        error *= weights
        error *= 1 / self.size
        for i in range(len(self._layers) - 1, 0, -1):
            np.dot(self._transposed[i], self._errors[i], out=gradients[i])
            np.dot(self._errors[i], self._kernels[i], out=self._errors[i - 1])
            np.greater(self._outputs[i - 1], 0, out=self._active[i - 1])
            self._errors[i - 1] *= self._active[i - 1]
        np.dot(self._transposed[0], self._errors[0], out=gradients[0])
