"""Fitting a network: Adam, and a learner that works in small steps.

Learning and predicting are separate: a `Learner` changes its `Network`, predicting never does.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.errors import TrainingError
from sidflow_feedback.learning.model import layer_views

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import DTypeLike, NDArray

    from sidflow_feedback.idle import Steps
    from sidflow_feedback.learning.model import Array, Network

BATCH: Final = 32


class Adam:
    """The optimizer of Kingma and Ba (2015), algorithm 1 in the efficient form at the end of section 2.

    Attributes
    ----------
    moments
        Running means of the gradient and of its square, shape (2, parameters).
    steps
        Updates made so far.
    gradient
        Where the caller puts the gradient before `update`, shape (parameters,).
    """

    decay: Final = (0.9, 0.999)
    epsilon: Final = 1e-8

    def __init__(self, size: int, learning_rate: float, *, dtype: DTypeLike = np.float32) -> None:
        self.learning_rate = learning_rate
        self.moments: Array = np.zeros((2, size), dtype)
        self.steps = 0
        self._powers: Array = np.zeros((2, size), dtype)
        self._scratch: Array = np.zeros((2, size), dtype)
        self._gains = (1 - np.array(self.decay)).astype(dtype)[:, None]
        self.gradient: Array = self._powers[0]

    def resume(self, moments: Array, steps: int) -> None:
        """Go on from the state that an optimizer for the same parameters had."""
        self.moments[:] = moments
        self.steps = steps

    def update(self, parameters: Array) -> None:
        """Move `parameters` one step against the gradient, in place."""
        self.steps += 1
        gradient, square = self._powers
        np.multiply(gradient, gradient, out=square)
        np.subtract(self._powers, self.moments, out=self._scratch)
        self._scratch *= self._gains
        self.moments += self._scratch
        step, root = self._scratch
        np.sqrt(self.moments[1], out=root)
        root += self.epsilon
        np.divide(self.moments[0], root, out=step)
        step *= self._rate()
        parameters -= step

    def _rate(self) -> float:
        first, second = (1 - decay**self.steps for decay in self.decay)
        return float(self.learning_rate * second**0.5 / first)


class Learner:
    """Fits a network, in place, to labels of which some may be missing.

    The loss of n rows is the weighted squared error ``sum(weights * (outputs - labels)**2) / (2 n)`` plus
    ``l2 / 2`` times the squared distance of all weights from `anchor`: fine-tuning starts from a model that
    knows something, and must not forget it for a few ratings' sake (L2-SP, Li et al. 2018).

    Parameters
    ----------
    network
        Changed in place.
    anchor
        Parameters to stay near, None for 0.
    learning_rate, l2
        Not below 0.
    batch
        Rows of a minibatch.
    seed
        Of the order of the rows. The same seed and data give the same weights.
    """

    def __init__(
        self,
        network: Network,
        *,
        anchor: Array | None = None,
        learning_rate: float = 1e-3,
        l2: float = 0.0,
        batch: int = BATCH,
        seed: int = 0,
    ) -> None:
        parameters = network.parameters
        self.network = network
        self.adam = Adam(parameters.size, learning_rate, dtype=parameters.dtype)
        self._anchor = np.zeros_like(parameters) if anchor is None else anchor.astype(parameters.dtype)
        self._l2 = l2
        self._batch = batch
        self._random = random.Random(seed)
        self._gradients = layer_views(self.adam.gradient, network.sizes)
        self._pass = _Pass(network, 0)
        self._distance = np.zeros_like(parameters)

    def learn_many(self, inputs: Array, labels: Array, weights: Array, iterations: int) -> Steps[None]:
        """Make `iterations` optimizer steps, each in two: the gradient, and the update.

        Parameters
        ----------
        inputs
            Scaled features, shape (n, inputs).
        labels
            Ratings, shape (n, outputs); what stands where the weight is 0 has no effect but must be finite.
        weights
            Of each label, shape (n, outputs); 0 means the label is missing.

        Raises
        ------
        TrainingError
            There is no row, the shapes disagree, or a value is not finite.
        """
        self._check(inputs, labels, weights)
        dtype = self.network.parameters.dtype
        rows = [np.ascontiguousarray(values, dtype) for values in (inputs, labels, weights)]
        size = min(self._batch, len(inputs))
        parts = [np.empty((size, values.shape[1]), dtype) for values in rows]
        for picked in self._minibatches(len(inputs), size, iterations):
            yield "gradient"
            for values, part in zip(rows, parts, strict=True):
                values.take(picked, axis=0, out=part, mode="clip")
            self.gradient(*parts)
            yield "update"
            self.adam.update(self.network.parameters)

    def step(self, inputs: Array, labels: Array, weights: Array) -> None:
        """Make one optimizer step on one batch of scaled features, labels and label weights."""
        self.gradient(inputs, labels, weights)
        self.adam.update(self.network.parameters)

    def gradient(self, inputs: Array, labels: Array, weights: Array) -> Array:
        """Compute the loss's gradient, shape (parameters,); the array is used again by the next call."""
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
        """Return the loss that `step` makes smaller."""
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
        # Not numpy.random: loading it takes a browser several slices of work.
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
                f"Can't train on inputs {inputs.shape}, labels {labels.shape} and weights {weights.shape}: "
                f"expected (n, {sizes[0]}) and twice (n, {sizes[-1]}), n at least 1."
            )
        if not all(np.isfinite(values).all() for values in (inputs, labels, weights)):
            raise TrainingError(
                "Can't train: features, labels and weights must be finite. Leave such rows out."
            )


class _Pass:
    """One way forward and back through a network, with the arrays for a batch of `size` rows.

    Each layer's input has a column of ones, so that one product covers kernel and bias. Views are made once:
    in a browser making one costs as much as a small product.
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
