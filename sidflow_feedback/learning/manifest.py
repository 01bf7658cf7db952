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
from sidflow_feedback.learning.model import LAYERS, Model
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.learning.tfjs_layers import (
    Weights,
    finite_number,
    input_shape,
    layer_chain,
    network_of,
)
from sidflow_feedback.types import Record
from sidflow_feedback.vocabulary import FEATURE_NAMES

MAX_WEIGHTS: Final = 200_000
"""Maximum number of weights of a model (0.8 MB): about 200 times ours, and still small for a browser."""

MAX_WEIGHT: Final = 1e4
"""Maximum absolute value of a weight. A model of standardized features has none above 10, and much larger
ones overflow."""

MAX_TEXT: Final = 128

_PARTS = ("modelTopology", "weightSpecs", "weightData")

DEFAULT_STATS: Final[Record] = {
    "featureNames": list(FEATURE_NAMES),
    "means": [8.48, 0.0401, 3170.0, 1230.0, 0.0312, 112.0, 0.739, 94.6],
    "stds": [4.01, 0.0198, 1290.0, 986.0, 0.0235, 27.9, 0.147, 21.4],
}
"""Statistics of the demo tunes, for a model that comes without any."""


def model_to_manifest(model: Model, metadata: Mapping[str, Any]) -> Record:
    """Return a manifest of a global model, with `metadata` of JSON values."""
    scaler = model.scaler
    assert isinstance(scaler, FeatureScaler), "only a listener's model has quantiles"
    weights = model.network.parameters.astype("<f4").tobytes()
    return {
        "version": model.version,
        "metadata": dict(metadata),
        "featureStats": {
            "featureNames": list(FEATURE_NAMES),
            "means": list(scaler.means),
            "stds": list(scaler.deviations),
        },
        "modelTopology": _topology(model.network.sizes),
        "weightSpecs": _weight_specs(model.network.sizes),
        "weightData": base64.b64encode(weights).decode(),
    }


def model_from_manifest(record: object) -> Model:
    """Read and validate a manifest, or another project's response that `plain_manifest` understands.

    Statistics that are null are replaced by `DEFAULT_STATS`, and a topology by ours.

    Raises
    ------
    InvalidRecordError
        A part is missing, too large, or not finite, or describes a model that this library can't run.
    """
    manifest = plain_manifest(record)
    version = manifest.get("version")
    if not isinstance(version, str) or not 0 < len(version) <= MAX_TEXT:
        raise InvalidRecordError("version", f"must be a string of 1 to {MAX_TEXT} characters")
    if manifest.get("metadata") is not None:
        _object("metadata", manifest["metadata"])
    stats, topology = manifest["featureStats"], manifest["modelTopology"]
    scaler = _scaler(DEFAULT_STATS if stats is None else _object("featureStats", stats))
    chain = layer_chain(_topology(LAYERS) if topology is None else _object("modelTopology", topology))
    shape = input_shape(chain)
    if shape not in ([None, LAYERS[0]], None):
        raise InvalidRecordError("modelTopology.batch_input_shape", f"must be [null, {LAYERS[0]}]")
    specs, count = _checked_specs(manifest.get("weightSpecs"))
    values = floats_from_base64("weightData", manifest.get("weightData"), count)
    return Model(version, version, scaler, network_of(chain, Weights(specs, values)))


def plain_manifest(record: object) -> Record:
    """Return a manifest with the names and the forms that `model_to_manifest` gives it.

    Also read are an envelope (``success``, ``data``), the names ``modelVersion`` and ``weightDataBase64``,
    and statistics by feature name. Parts that are missing are None; ``metadata.defaults`` names those for
    which `model_from_manifest` has defaults.

    Raises
    ------
    InvalidRecordError
        There is nothing of a model in it.
    """
    manifest = dict(_object("manifest", record))
    if "success" in manifest:
        if manifest["success"] is not True:
            raise InvalidRecordError("success", "is not true: the server has no model")
        manifest = dict(_object("data", manifest.get("data")))
    for name, other in (("version", "modelVersion"), ("weightData", "weightDataBase64")):
        if manifest.get(name) is None and other in manifest:
            manifest[name] = manifest[other]
    if all(manifest.get(name) is None for name in _PARTS):
        raise InvalidRecordError("manifest", "is no model in the TensorFlow.js layers format")
    stats = manifest.get("featureStats")
    return {
        "version": manifest.get("version"),
        "metadata": _with_defaults(manifest),
        "featureStats": None if stats is None else _listed(_object("featureStats", stats)),
        **{name: manifest.get(name) for name in _PARTS},
    }


def _with_defaults(manifest: Mapping[str, Any]) -> object:
    """Return the metadata, with the names of the parts that are missing."""
    metadata = manifest.get("metadata")
    missing = [name for name in ("featureStats", "modelTopology") if manifest.get(name) is None]
    return {**_object("metadata", metadata or {}), "defaults": missing} if missing else metadata


def _listed(stats: Mapping[str, Any]) -> Record:
    """Return names, means, and deviations; those given by name in the order of the features."""
    listed = {name: stats[name] for name in ("featureNames", "means", "stds") if name in stats}
    for name in ("means", "stds"):
        values = stats.get(name)
        if isinstance(values, Mapping):
            listed[name] = [values.get(feature) for feature in FEATURE_NAMES]
            listed["featureNames"] = list(FEATURE_NAMES)
    return listed


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
    if not isinstance(values, list):
        raise InvalidRecordError(f"featureStats.{name}", "must be a list of numbers")
    return tuple(finite_number(f"featureStats.{name}", value) for value in values)


def _checked_specs(specs: object) -> tuple[list[Mapping[str, Any]], int]:
    """Return the specs, and the number of weights in all of them."""
    if not isinstance(specs, list) or not specs:
        raise InvalidRecordError("weightSpecs", "must be a list of weights")
    count = 0
    for i, spec in enumerate(specs):
        given = _object(f"weightSpecs[{i}]", spec)
        shape = given.get("shape")
        if not isinstance(shape, list) or not all(type(size) is int and size > 0 for size in shape):
            raise InvalidRecordError(f"weightSpecs[{i}].shape", "must be a list of integers above 0")
        if given.get("dtype") != "float32":
            raise InvalidRecordError(f"weightSpecs[{i}].dtype", "must be float32")
        if "quantization" in given:
            raise InvalidRecordError(f"weightSpecs[{i}].quantization", "can't be read: save plain float32")
        count += math.prod(shape)
        if count > MAX_WEIGHTS:
            raise InvalidRecordError("weightSpecs", f"has more than {MAX_WEIGHTS} weights")
    return specs, count


def _object(field: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidRecordError(field, "must be an object")
    return value
