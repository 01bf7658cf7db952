"""Activation functions that TensorFlow.js saves by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from sidflow_feedback.learning.model import Array

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


def _softmax(values: Array) -> Array:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    shares: Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def _elu(values: Array, alpha: float = 1.0) -> Array:
    bent: Array = np.where(values > 0, values, alpha * np.expm1(np.minimum(values, 0)))
    return bent


def leaky_relu(alpha: float) -> Activation:
    """Return a function that multiplies negative values by `alpha`."""
    return lambda values: np.where(values > 0, values, values.dtype.type(alpha) * values)


def elu(alpha: float) -> Activation:
    """Return the exponential linear unit."""
    return lambda values: _elu(values, values.dtype.type(alpha))


ACTIVATIONS: Final[Mapping[str, Activation]] = {
    "linear": linear,
    "relu": relu,
    "relu6": lambda values: np.clip(values, 0, 6),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "hardSigmoid": lambda values: np.clip(0.2 * values + 0.5, 0, 1),
    "hard_sigmoid": lambda values: np.clip(0.2 * values + 0.5, 0, 1),
    "softmax": _softmax,
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
}
"""Functions with bounds: as the last of a model, its outputs are mapped from these to 1 to 5."""
