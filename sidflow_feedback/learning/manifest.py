"""The manifest: the global model as JSON in the layers format of TensorFlow.js, with the inputs' scaler.

TensorFlow.js can load `modelTopology`, `weightSpecs`, and `weightData` (`tf.loadLayersModel`). Models of
dense layers that it saves can be read here.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.learning.model import LAYERS, Model, Network, parameter_count
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.types import Record
from sidflow_feedback.vocabulary import FEATURE_NAMES

MAX_WEIGHTS: Final = 200_000
"""Maximum number of weights of a model (0.8 MB): about 200 times ours, and still small for a browser."""

MAX_WEIGHT: Final = 1e4
"""Maximum absolute value of a weight. A model of standardized features has none above 10, and much larger
ones overflow."""

MAX_TEXT: Final = 128


def model_to_manifest(model: Model, metadata: Mapping[str, Any]) -> Record:
    """Return a manifest of `model`, with `metadata` of JSON values."""
    weights = model.network.parameters.astype("<f4").tobytes()
    return {
        "version": model.version,
        "metadata": dict(metadata),
        "featureStats": {
            "featureNames": list(FEATURE_NAMES),
            "means": list(model.scaler.means),
            "stds": list(model.scaler.deviations),
        },
        "modelTopology": _topology(model.network.sizes),
        "weightSpecs": _weight_specs(model.network.sizes),
        "weightData": base64.b64encode(weights).decode(),
    }


def model_from_manifest(record: object) -> Model:
    """Read a manifest. All of it is validated.

    Raises
    ------
    InvalidRecordError
        A part is missing, too large, or not finite, or describes a model that this library can't run.
    """
    manifest = _object("manifest", record)
    version = manifest.get("version")
    if not isinstance(version, str) or not 0 < len(version) <= MAX_TEXT:
        raise InvalidRecordError("version", f"must be a string of 1 to {MAX_TEXT} characters")
    if manifest.get("metadata") is not None:
        _object("metadata", manifest["metadata"])
    scaler = _scaler(_object("featureStats", manifest.get("featureStats")))
    network = Network(_sizes(_object("modelTopology", manifest.get("modelTopology"))))
    _check_specs(manifest.get("weightSpecs"), network.sizes)
    count = network.parameters.size
    network.parameters[:] = floats_from_base64("weightData", manifest.get("weightData"), count)
    return Model(version, version, scaler, network)


def floats_from_base64(field: str, text: object, count: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Decode `count` little-endian float32, none of them above `MAX_WEIGHT`.

    Raises
    ------
    InvalidRecordError
        `text` is anything else.
    """
    data = bytes_from_base64(field, text, 4 * count)
    values = np.frombuffer(data, "<f4").astype(np.float32)
    if not (np.abs(values) <= MAX_WEIGHT).all():
        raise InvalidRecordError(field, f"has weights that aren't finite or are above {MAX_WEIGHT:.0f}")
    return values


def bytes_from_base64(field: str, text: object, size: int) -> bytes:
    """Decode exactly `size` bytes.

    Raises
    ------
    InvalidRecordError
        `text` is anything else.
    """
    if not isinstance(text, str) or len(text) != 4 * math.ceil(size / 3):
        raise InvalidRecordError(field, f"must be base64 of {size} bytes")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise InvalidRecordError(field, f"isn't base64: {exc}") from exc
    if len(data) != size:
        raise InvalidRecordError(field, f"must be base64 of {size} bytes, not {len(data)}")
    return data


def _topology(sizes: tuple[int, ...]) -> Record:
    layers = [_dense(i, units, last=i == len(sizes) - 1) for i, units in enumerate(sizes[1:], 1)]
    layers[0]["config"]["batch_input_shape"] = [None, sizes[0]]
    return {
        "class_name": "Sequential",
        "config": {"name": "taste", "layers": layers},
        "keras_version": "tfjs-layers 4.22.0",
        "backend": "tensor_flow.js",
    }


def _dense(index: int, units: int, *, last: bool) -> Record:
    config = {
        "name": f"dense_{index}",
        "trainable": True,
        "dtype": "float32",
        "units": units,
        "activation": "linear" if last else "relu",
        "use_bias": True,
    }
    return {"class_name": "Dense", "config": config}


def _weight_specs(sizes: tuple[int, ...]) -> list[Record]:
    return [
        {"name": f"dense_{i}/{part}", "shape": shape, "dtype": "float32"}
        for i, (inputs, outputs) in enumerate(pairwise(sizes), 1)
        for part, shape in (("kernel", [inputs, outputs]), ("bias", [outputs]))
    ]


def _scaler(stats: Mapping[str, Any]) -> FeatureScaler:
    if stats.get("featureNames") != list(FEATURE_NAMES):
        names = ", ".join(FEATURE_NAMES)
        raise InvalidRecordError("featureStats.featureNames", f"must be {names}, in this order")
    return FeatureScaler(_numbers(stats, "means"), _numbers(stats, "stds"))


def _numbers(stats: Mapping[str, Any], name: str) -> tuple[float, ...]:
    values = stats.get(name)
    if not isinstance(values, list) or not all(type(value) in (int, float) for value in values):
        raise InvalidRecordError(f"featureStats.{name}", "must be a list of numbers")
    return tuple(float(value) for value in values)


def _sizes(topology: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the layer sizes of a sequential model of dense layers, as TensorFlow.js or Keras describe it."""
    model = _object("modelTopology.model_config", topology.get("model_config", topology))
    kind = model.get("class_name")
    if kind != "Sequential":
        raise InvalidRecordError("modelTopology.class_name", f"must be Sequential, not {kind!r}")
    config = model.get("config")
    layers = config.get("layers") if isinstance(config, Mapping) else config
    if not isinstance(layers, list) or not layers:
        raise InvalidRecordError("modelTopology.config.layers", "must be a list of layers")
    dense = [layer for layer in layers if not _is_input(layer)]
    sizes = (LAYERS[0], *(_units(i, layer, last=i == len(dense) - 1) for i, layer in enumerate(dense)))
    _check_sizes(sizes, _input_shape(layers[0]))
    return sizes


def _check_sizes(sizes: tuple[int, ...], input_shape: object) -> None:
    if input_shape != [None, LAYERS[0]]:
        raise InvalidRecordError("modelTopology.batch_input_shape", f"must be [null, {LAYERS[0]}]")
    if sizes[-1] != LAYERS[-1] or len(sizes) < 2:
        raise InvalidRecordError("modelTopology", f"must end with {LAYERS[-1]} outputs: e, m, c, and p")
    if parameter_count(sizes) > MAX_WEIGHTS:
        raise InvalidRecordError("modelTopology", f"has more than {MAX_WEIGHTS} weights")


def _is_input(layer: object) -> bool:
    return isinstance(layer, Mapping) and layer.get("class_name") == "InputLayer"


def _input_shape(layer: Mapping[str, Any]) -> object:
    config = layer["config"] if isinstance(layer.get("config"), Mapping) else {}
    return config.get("batch_input_shape", config.get("batch_shape"))


def _units(index: int, layer: object, *, last: bool) -> int:
    field = f"modelTopology.layers[{index}]"
    outer = _object(field, layer)
    if outer.get("class_name") != "Dense":
        raise InvalidRecordError(f"{field}.class_name", f"must be Dense, not {outer.get('class_name')!r}")
    config = _object(f"{field}.config", outer.get("config"))
    units, activation = config.get("units"), "linear" if last else "relu"
    if config.get("activation") != activation or config.get("use_bias", True) is not True:
        raise InvalidRecordError(field, f"must have activation {activation!r} and a bias")
    if type(units) is not int or not 0 < units <= MAX_WEIGHTS:
        raise InvalidRecordError(f"{field}.units", "must be an integer above 0")
    return units


def _check_specs(specs: object, sizes: tuple[int, ...]) -> None:
    expected = _weight_specs(sizes)
    if not isinstance(specs, list) or len(specs) != len(expected):
        raise InvalidRecordError("weightSpecs", f"must be a list of {len(expected)} weights")
    for i, (spec, wanted) in enumerate(zip(specs, expected, strict=True)):
        given = _object(f"weightSpecs[{i}]", spec)
        for name in ("shape", "dtype"):
            if given.get(name) != wanted[name]:
                raise InvalidRecordError(f"weightSpecs[{i}].{name}", f"must be {wanted[name]}")
        if "quantization" in given:
            raise InvalidRecordError(f"weightSpecs[{i}].quantization", "can't be read: save plain float32")


def _object(field: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidRecordError(field, "must be an object")
    return value
