"""The taste model: a small multilayer perceptron in numpy, and the model that predicts ratings with it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.learning.activations import linear, relu
from sidflow_feedback.vocabulary import MAX_RATING, MIN_RATING, NEUTRAL_RATING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import DTypeLike

    from sidflow_feedback.learning.activations import Activation
    from sidflow_feedback.learning.scaler import Scaler
    from sidflow_feedback.learning.uncertainty import Uncertainty
    from sidflow_feedback.types import FloatArray

Array = NDArray[Any]

LAYERS: Final = (8, 32, 16, 4)
"""Units of each layer: features, two hidden layers, and e, m, c, p."""


class Network:
    """A multilayer perceptron, by default with ReLU in the hidden layers. Its outputs are ratings, 1 to 5.

    Attributes
    ----------
    sizes
        Units of each layer, inputs first.
    activations
        Of each layer but the inputs.
    parameters
        All weights in one vector: for each layer its kernel, row by row, then its bias. TensorFlow.js has
        the same order.
    layers
        Views into `parameters`, shape (inputs + 1, outputs): the kernel, and the bias as the last row.
    """

    def __init__(
        self,
        sizes: Sequence[int] = LAYERS,
        *,
        activations: Sequence[Activation] | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.sizes = tuple(sizes)
        self.activations = tuple(activations or standard_activations(sizes))
        self.parameters: Array = np.zeros(parameter_count(sizes), dtype)
        self.layers = layer_views(self.parameters, self.sizes)

    @classmethod
    def random(cls, seed: int, sizes: Sequence[int] = LAYERS, *, dtype: DTypeLike = np.float32) -> Network:
        """Return a network with Glorot-uniform kernels. It predicts about 3, the middle of the scale."""
        network, generator = cls(sizes, dtype=dtype), random.Random(seed)
        for layer in network.layers:
            kernel = layer[:-1]
            bound = np.sqrt(6 / sum(kernel.shape))
            # Not numpy.random: a browser needs several idle slots to load it.
            chances = np.frombuffer(generator.randbytes(4 * kernel.size), np.uint32) / 2**32
            kernel[:] = bound * (2 * chances.reshape(kernel.shape) - 1)
        network.layers[-1][-1] = NEUTRAL_RATING
        return network

    def predict_many(self, inputs: Array) -> Array:
        """Return the outputs, shape (n, outputs), for scaled features, shape (n, inputs)."""
        return self.outputs(self.hidden(inputs))

    def hidden(self, inputs: Array) -> Array:
        """Return the units of the last hidden layer, and ones for its biases, shape (units + 1, n)."""
        # With a column for each of the n rows, the innermost loop is long and has no sum to wait for. That is
        # up to twice as fast in a browser, where numpy has no BLAS. The ones are for the biases.
        values = np.ones((inputs.shape[1] + 1, len(inputs)), self.parameters.dtype)
        values[:-1] = inputs.T
        for layer, activation in zip(self.layers[:-1], self.activations[:-1], strict=True):
            above = np.ones((layer.shape[1] + 1, len(inputs)), self.parameters.dtype)
            above[:-1] = activation(np.einsum("io,in->on", layer, values))
            values = above
        return values

    def outputs(self, hidden: Array) -> Array:
        """Return the outputs, shape (n, outputs), for the units of the last hidden layer."""
        outputs: Array = self.activations[-1](np.einsum("io,in->on", self.layers[-1], hidden))
        return outputs.T

    def copy(self) -> Network:
        """Return an independent network with the same weights."""
        twin = Network(self.sizes, activations=self.activations, dtype=self.parameters.dtype)
        twin.parameters[:] = self.parameters
        return twin


def standard_activations(sizes: Sequence[int]) -> list[Activation]:
    """Return ReLU for the hidden layers, and nothing for the outputs: what the learner can fit."""
    return [*[relu] * (len(sizes) - 2), linear]


def parameter_count(sizes: Sequence[int]) -> int:
    """Return the number of weights of a network with these layer sizes: 884 for `LAYERS`."""
    return sum((inputs + 1) * outputs for inputs, outputs in pairwise(sizes))


def layer_views(flat: Array, sizes: Sequence[int]) -> list[Array]:
    """Return views into a vector laid out like `Network.parameters`, one for each layer."""
    views, start = [], 0
    for inputs, outputs in pairwise(sizes):
        end = start + (inputs + 1) * outputs
        views.append(flat[start:end].reshape(inputs + 1, outputs))
        start = end
    return views


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Predicts ratings: a network, the scaler for its inputs, and a version.

    Attributes
    ----------
    version
        ``global-…`` if the server published it, or ``local-<n>`` if it was learned from this listener.
    base_version
        Version of the global model that it was learned from; the same as `version` for a global model.
    uncertainty
        How sure the predictions are; None for a global model, which knows no listener.
    tells
        The dimensions whose predictions proved better than chance for this listener, for example ``ep``.
    """

    version: str
    base_version: str
    scaler: Scaler
    network: Network
    uncertainty: Uncertainty | None = None
    tells: str = ""

    def predict_many(self, features: FloatArray) -> FloatArray:
        """Return e, m, c, and p from 1 to 5, shape (n, 4), for feature vectors, shape (n, 8)."""
        return in_range(self.outputs(features))

    def outputs(self, features: FloatArray) -> Array:
        """Return the predictions without bounds: those below 1 or above 5 still have an order."""
        return self.network.predict_many(self.scaler.scale(features))

    def judge(self, features: FloatArray, outputs: Sequence[int]) -> tuple[Array, FloatArray | None]:
        """Return what `outputs` does, and how far some of the expectations may be off.

        Parameters
        ----------
        features
            Shape (n, 8).
        outputs
            The numbers of the outputs whose deviations are wanted.

        Returns
        -------
        tuple
            Outputs, shape (n, 4); standard deviations in ratings, shape (n, outputs), None if unknown.
        """
        hidden = self.network.hidden(self.scaler.scale(features))
        deviations = None if self.uncertainty is None else self.uncertainty.deviations(hidden, outputs)
        return self.network.outputs(hidden), deviations

    def half_widths(self, features: FloatArray) -> FloatArray | None:
        """Return half of the 90 % interval of each rating, shape (n, 4); None if that is unknown."""
        if self.uncertainty is None:
            return None
        return self.uncertainty.half_widths(self.network.hidden(self.scaler.scale(features)))


def in_range(outputs: Array) -> FloatArray:
    """Clip outputs of a network to ratings from 1 to 5."""
    return np.clip(outputs.astype(np.float64), MIN_RATING, MAX_RATING)
