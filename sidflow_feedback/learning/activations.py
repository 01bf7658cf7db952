"""Activation functions that TensorFlow.js saves. They take and return arrays of shape (units, n)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from sidflow_feedback.learning.model import Array
    from sidflow_feedback.types import FloatArray

Activation: TypeAlias = "Callable[[Array], Array]"


def relu(values: Array) -> Array:
    """Return the positive parts."""
    positive: Array = np.maximum(values, 0)
    return positive


def linear(values: Array) -> Array:
    """Return the values."""
    return values


def _sigmoid(values: Array) -> Array:
    half: Array = 0.5 * (1 + np.tanh(0.5 * values))
    return half


def softmax(values: Array) -> Array:
    """Return powers of e, divided by their sum over the units."""
    powers = np.exp(values - values.max(axis=0))
    shares: Array = powers / powers.sum(axis=0)
    return shares


def _log_softmax(values: Array) -> Array:
    shifted = values - values.max(axis=0)
    logarithms: Array = shifted - np.log(np.exp(shifted).sum(axis=0))
    return logarithms


def _gelu(values: Array) -> Array:
    """Return the Gaussian error linear unit; the error function is 7.1.26 of Abramowitz and Stegun (1964)."""
    distance = np.abs(values) / np.sqrt(2)
    t = 1 / (1 + 0.3275911 * distance)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    error = np.copysign(1 - series * np.exp(-(distance**2)), values)
    product: Array = (0.5 * values * (1 + error)).astype(values.dtype)
    return product


def _gelu_new(values: Array) -> Array:
    inner = np.float32(np.sqrt(2 / np.pi)) * (values + 0.044715 * values**3)
    product: Array = 0.5 * values * (1 + np.tanh(inner))
    return product


def _elu(values: Array, alpha: float = 1.0) -> Array:
    bent: Array = np.where(values > 0, values, alpha * np.expm1(np.minimum(values, 0)))
    return bent


def bounded_relu(maximum: float) -> Activation:
    """Return a function that returns the positive parts up to `maximum`."""
    return lambda values: np.clip(values, 0, values.dtype.type(maximum))


def thresholded_relu(threshold: float) -> Activation:
    """Return a function that returns values above `threshold`, and 0 for the others."""
    return lambda values: np.where(values > threshold, values, values.dtype.type(0))


def leaky_relu(slopes: float | FloatArray) -> Activation:
    """Return a function that multiplies negative values by `slopes`: one, or one for each unit."""
    column = np.asarray(slopes, np.float32)[..., None]
    return lambda values: np.where(values > 0, values, column.astype(values.dtype) * values)


def elu(alpha: float) -> Activation:
    """Return the exponential linear unit."""
    return lambda values: _elu(values, values.dtype.type(alpha))


ACTIVATIONS: Final[Mapping[str, Activation]] = {
    "linear": linear,
    "relu": relu,
    "relu6": bounded_relu(6.0),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "hardSigmoid": lambda values: np.clip(0.2 * values + 0.5, 0, 1),
    "hard_sigmoid": lambda values: np.clip(0.2 * values + 0.5, 0, 1),
    "softmax": softmax,
    "logSoftmax": _log_softmax,
    "gelu": _gelu,
    "gelu_new": _gelu_new,
    "softplus": lambda values: np.logaddexp(values, 0),
    "softsign": lambda values: values / (1 + np.abs(values)),
    "elu": _elu,
    "selu": lambda values: 1.0507009873554805 * _elu(values, 1.6732632423543772),
    "swish": lambda values: values * _sigmoid(values),
    "silu": lambda values: values * _sigmoid(values),
    "mish": lambda values: values * np.tanh(np.logaddexp(values, 0)),
}

RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "hardSigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
}
"""Functions with bounds: as the last of a model, its outputs are mapped from these to 1 to 5. Outputs of the
others are ratings."""
