"""Layers as TensorFlow.js and Keras save them, reduced to a chain of dense layers.

A layer that does nothing when a model predicts (dropout, noise) is left out, and one that is affine (batch
normalization) is multiplied into a dense layer beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.learning.activations import (
    ACTIVATIONS,
    RANGES,
    bounded_relu,
    elu,
    leaky_relu,
    linear,
    relu,
    softmax,
    thresholded_relu,
)
from sidflow_feedback.learning.model import LAYERS, Network
from sidflow_feedback.vocabulary import MAX_RATING, MIN_RATING, NEUTRAL_RATING

if TYPE_CHECKING:
    from sidflow_feedback.learning.activations import Activation
    from sidflow_feedback.learning.model import Array
    from sidflow_feedback.types import FloatArray

INERT: Final = (
    "InputLayer",
    "Dropout",
    "SpatialDropout1D",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "ActivityRegularization",
    "Flatten",
)

MIN_OUTPUTS: Final = 3
"""Energy, mood, and complexity: a model without preference predicts a neutral one."""


@dataclass(slots=True, eq=False)
class Step:
    """An affine map, and what is applied to its result."""

    kernel: FloatArray
    bias: FloatArray
    activation: Activation
    name: str


class Weights:
    """The weights of a saved model by name.

    Parameters
    ----------
    specs
        Checked specs: name, shape.
    values
        All weights in the order of the specs.
    """

    def __init__(self, specs: Sequence[Mapping[str, Any]], values: Array) -> None:
        self._specs = list(specs)
        ends = np.cumsum([int(np.prod(spec["shape"])) for spec in specs])
        self._values = np.split(values, ends[:-1])
        self._used: set[int] = set()

    def take(self, layer: str, part: str, shape: Sequence[int]) -> Array:
        """Return one weight of a layer; a converter may have put a name before the layer's."""
        wanted = f"{layer}/{part}"
        for i, spec in enumerate(self._specs):
            name = str(spec.get("name")).split(":")[0]
            if i not in self._used and (name == wanted or name.endswith(f"/{wanted}")):
                if spec["shape"] != list(shape):
                    raise InvalidRecordError(f"weightSpecs[{i}].shape", f"must be {list(shape)}")
                self._used.add(i)
                return self._values[i].reshape(shape)
        raise InvalidRecordError("weightSpecs", f"must have {wanted}")

    def check_all_used(self) -> None:
        """Raise `InvalidRecordError` if there are weights of no layer."""
        if len(self._used) < len(self._specs):
            raise InvalidRecordError("weightSpecs", f"must be a list of {len(self._used)} weights")


def layer_chain(topology: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the layers of a model from input to output, without nested models.

    Raises
    ------
    InvalidRecordError
        The topology is no sequence, or no functional model that is one chain.
    """
    model = topology.get("model_config", topology)
    kind = model.get("class_name") if isinstance(model, Mapping) else None
    if kind not in ("Sequential", "Functional", "Model"):
        raise InvalidRecordError(
            "modelTopology.class_name", f"must be Sequential, Functional, or Model, not {kind!r}"
        )
    config = model["config"] if isinstance(model.get("config"), (Mapping, list)) else {}
    layers = config.get("layers") if isinstance(config, Mapping) else config
    if not isinstance(layers, list) or not layers or not all(isinstance(one, Mapping) for one in layers):
        raise InvalidRecordError("modelTopology.config.layers", "must be a list of layers")
    if kind != "Sequential":
        layers = _in_order(layers, config)
    chain: list[Mapping[str, Any]] = []
    for layer in layers:
        nested = layer.get("class_name") in ("Sequential", "Functional", "Model")
        chain += layer_chain(layer) if nested else [layer]
    return chain


def network_of(chain: Sequence[Mapping[str, Any]], weights: Weights) -> Network:
    """Return the network of a chain of layers. Its outputs are e, m, c, and p from 1 to 5.

    Raises
    ------
    InvalidRecordError
        A layer can't be read, or the numbers of inputs or outputs are others.
    """
    steps: list[Step] = []
    width = LAYERS[0]
    for i, layer in enumerate(chain):
        width = _add(steps, f"modelTopology.layers[{i}]", layer, width, weights)
    weights.check_all_used()
    if not steps or not MIN_OUTPUTS <= width <= LAYERS[-1]:
        raise InvalidRecordError("modelTopology", "must end with 3 or 4 outputs: e, m, c, and perhaps p")
    steps = _as_ratings(steps)
    network = Network(
        (LAYERS[0], *(len(step.bias) for step in steps)), activations=[step.activation for step in steps]
    )
    for layer_view, step in zip(network.layers, steps, strict=True):
        layer_view[:-1], layer_view[-1] = step.kernel, step.bias
    return network


def input_shape(chain: Sequence[Mapping[str, Any]]) -> object:
    """Return the input shape that the first layer names; None if it names none."""
    config = chain[0].get("config")
    known = config if isinstance(config, Mapping) else {}
    return known.get("batch_input_shape", known.get("batch_shape"))


def _in_order(layers: list[Mapping[str, Any]], config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the layers of a functional model that is one chain, in its order."""
    following: dict[str | None, Mapping[str, Any]] = {}
    for layer in layers:
        source = _source(layer)
        if source in following:
            raise InvalidRecordError("modelTopology.config.layers", "must be one chain, without branches")
        following[source] = layer
    chain, name = [], None
    while name in following:
        layer = following.pop(name)
        chain.append(layer)
        name = str(layer.get("name") or _config(layer).get("name"))
    if following:
        raise InvalidRecordError("modelTopology.config.layers", "must be one chain, without branches")
    ends = _names(config.get("output_layers"))
    if ends and ends != [name]:
        raise InvalidRecordError("modelTopology.config.output_layers", f"must be {name}, the last layer")
    return chain


def _source(layer: Mapping[str, Any]) -> str | None:
    nodes = layer.get("inbound_nodes")
    if not nodes:
        return None
    names = _names(nodes[0]) if isinstance(nodes, list) and len(nodes) == 1 else []
    if len(names) != 1:
        raise InvalidRecordError("modelTopology.config.layers", "must be one chain, without branches")
    return names[0]


def _names(nodes: object) -> list[str]:
    if not isinstance(nodes, list):
        return []
    if nodes and isinstance(nodes[0], str):
        return [nodes[0]]
    return [str(node[0]) for node in nodes if isinstance(node, list) and node]


def _config(layer: Mapping[str, Any]) -> Mapping[str, Any]:
    config = layer.get("config")
    return config if isinstance(config, Mapping) else {}


def _add(steps: list[Step], field: str, layer: Mapping[str, Any], width: int, weights: Weights) -> int:
    """Add a layer to the steps; return the number of its outputs."""
    kind, config = layer.get("class_name"), _config(layer)
    if kind in INERT:
        return width
    if kind == "Dense":
        units = config.get("units")
        if type(units) is not int or units <= 0:
            raise InvalidRecordError(f"{field}.units", "must be an integer above 0")
        kernel = weights.take(str(config.get("name")), "kernel", [width, units])
        bias = np.zeros(units)
        if config.get("use_bias", True):
            bias = weights.take(str(config.get("name")), "bias", [units])
        _affine(steps, kernel.astype(np.float64), bias.astype(np.float64))
        _activate(steps, *_named(f"{field}.config.activation", config.get("activation") or "linear"))
        return units
    if kind == "BatchNormalization":
        scale, shift = _normalization(field, config, width, weights)
        _affine(steps, np.diag(scale), shift)
        return width
    if not steps:
        _affine(steps, np.eye(width), np.zeros(width))
    if kind == "Activation":
        _activate(steps, *_named(f"{field}.config.activation", config.get("activation")))
    elif kind == "PReLU":
        _activate(steps, kind, leaky_relu(weights.take(str(config.get("name")), "alpha", [width])))
    else:
        _activate(steps, str(kind).lower(), _activation_layer(field, kind, config))
    return width


def _activation_layer(field: str, kind: object, config: Mapping[str, Any]) -> Activation:
    """Return the activation of a layer that has no weights."""
    if kind == "ReLU":
        maximum = config.get("max_value")
        return relu if maximum is None else bounded_relu(_number(field, config, "max_value", 0.0))
    if kind == "LeakyReLU":
        return leaky_relu(_number(field, config, "alpha", 0.3))
    if kind == "ThresholdedReLU":
        return thresholded_relu(_number(field, config, "theta", 1.0))
    if kind == "ELU":
        return elu(_number(field, config, "alpha", 1.0))
    if kind == "Softmax":
        return softmax
    raise InvalidRecordError(
        f"{field}.class_name", f"must be a dense layer or one between dense layers, not {kind!r}"
    )


def _number(field: str, config: Mapping[str, Any], name: str, default: float) -> float:
    return finite_number(f"{field}.config.{name}", config.get(name, default))


def finite_number(field: str, value: object) -> float:
    """Return a number of JSON, which may have any number of digits, as a float.

    Raises
    ------
    InvalidRecordError
        It isn't a number, or not a finite one.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise InvalidRecordError(field, "must be a number")
    if not abs(value) <= sys.float_info.max:
        raise InvalidRecordError(field, "must be a finite number")
    return float(value)


def _named(field: str, name: object) -> tuple[str, Activation]:
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise InvalidRecordError(field, f"must be one of {', '.join(ACTIVATIONS)}, not {name!r}")
    return name, ACTIVATIONS[name]


def _normalization(
    field: str, config: Mapping[str, Any], width: int, weights: Weights
) -> tuple[FloatArray, FloatArray]:
    """Return the factor and the summand of a batch normalization (Ioffe and Szegedy 2015)."""
    if config.get("axis", -1) not in (-1, 1, [1], [-1]):
        raise InvalidRecordError(f"{field}.config.axis", "must be -1")
    name = str(config.get("name"))
    gamma = weights.take(name, "gamma", [width]) if config.get("scale", True) else np.ones(width)
    beta = weights.take(name, "beta", [width]) if config.get("center", True) else np.zeros(width)
    mean = weights.take(name, "moving_mean", [width]).astype(np.float64)
    variance = weights.take(name, "moving_variance", [width]).astype(np.float64)
    scale = gamma / np.sqrt(np.maximum(variance, 0) + _number(field, config, "epsilon", 1e-3))
    return scale, beta - mean * scale


def _affine(steps: list[Step], kernel: FloatArray, bias: FloatArray) -> None:
    """Add an affine map, into the last step if nothing is applied between the two."""
    if steps and steps[-1].activation is linear:
        last = steps[-1]
        last.kernel, last.bias = last.kernel @ kernel, last.bias @ kernel + bias
    else:
        steps.append(Step(kernel, bias, linear, "linear"))


def _activate(steps: list[Step], name: str, activation: Activation) -> None:
    if activation is linear:
        return
    if steps[-1].activation is not linear:
        width = len(steps[-1].bias)
        steps.append(Step(np.eye(width), np.zeros(width), linear, "linear"))
    steps[-1].activation, steps[-1].name = activation, name


def _as_ratings(steps: list[Step]) -> list[Step]:
    """Map outputs with bounds to 1 to 5, and add a neutral preference where there is none."""
    last, outputs = steps[-1], len(steps[-1].bias)
    if last.name not in RANGES and outputs == LAYERS[-1]:
        return steps
    low, high = RANGES.get(last.name, (float(MIN_RATING), float(MAX_RATING)))
    scale = (MAX_RATING - MIN_RATING) / (high - low)
    kernel = np.zeros((outputs, LAYERS[-1]))
    kernel[:, :outputs] = scale * np.eye(outputs)
    bias = np.full(LAYERS[-1], float(NEUTRAL_RATING))
    bias[:outputs] = MIN_RATING - scale * low
    _affine(steps, kernel, bias)
    return steps
