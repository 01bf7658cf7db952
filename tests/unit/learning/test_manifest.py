"""The manifest of the global model: round trip, TF.js's own export, and what is refused."""

from __future__ import annotations

import base64
import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.learning.manifest import model_from_manifest, model_to_manifest
from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.types import Record
from sidflow_feedback.vocabulary import FEATURE_NAMES

STATS = FeatureScaler(tuple(0.1 * i for i in range(8)), tuple(1.0 + i for i in range(8)))
TFJS_EXPORT = Path(__file__).with_name("tfjs_model.json")
"""A model of dense layers that TF.js 4.22 made and saved, with inputs and its own predictions."""


def model() -> Model:
    return Model("global-7", "global-7", STATS, Network.random(7))


def manifest() -> Record:
    record: Record = json.loads(json.dumps(model_to_manifest(model(), {"origin": "a test"})))
    return record


def test_round_trip() -> None:
    read = model_from_manifest(manifest())
    assert (read.version, read.base_version, read.scaler) == ("global-7", "global-7", STATS)
    assert read.network.sizes == (8, 32, 16, 4)
    np.testing.assert_array_equal(read.network.parameters, model().network.parameters)


def test_weights_are_little_endian_float32_in_the_order_of_the_specs() -> None:
    record, network = manifest(), model().network
    values = np.frombuffer(base64.b64decode(record["weightData"]), "<f4")
    specs = record["weightSpecs"]
    assert [spec["shape"] for spec in specs] == [[8, 32], [32], [32, 16], [16], [16, 4], [4]]
    assert {spec["dtype"] for spec in specs} == {"float32"}
    np.testing.assert_array_equal(values[: 8 * 32].reshape(8, 32), network.layers[0][:-1])
    np.testing.assert_array_equal(values[-4:], network.layers[-1][-1])


def test_a_model_that_tfjs_saved() -> None:
    export = json.loads(TFJS_EXPORT.read_text())
    record = manifest() | {name: export[name] for name in ("modelTopology", "weightSpecs", "weightData")}
    outputs = model_from_manifest(record).network.predict_many(np.array(export["inputs"]))
    np.testing.assert_allclose(outputs, export["outputs"], atol=1e-5)


def test_keras_wraps_the_topology_and_has_an_input_layer() -> None:
    record = manifest()
    topology = record["modelTopology"]
    shape = topology["config"]["layers"][0]["config"].pop("batch_input_shape")
    inputs = {"class_name": "InputLayer", "config": {"batch_input_shape": shape, "dtype": "float32"}}
    topology["config"]["layers"].insert(0, inputs)
    record["modelTopology"] = {"keras_version": "2.15.0", "model_config": topology}
    read = model_from_manifest(record)
    np.testing.assert_array_equal(read.network.parameters, model().network.parameters)


def test_metadata_may_be_missing() -> None:
    assert model_from_manifest(manifest() | {"metadata": None}).version == "global-7"


def _set(record: Record, path: str, value: object) -> None:
    *parents, last = path.split(".")
    target: Any = record
    for name in parents:
        target = target[int(name) if name.isdecimal() else name]
    target[int(last) if last.isdecimal() else last] = value


def _weights(change: float) -> str:
    values = model().network.parameters.copy()
    values[100] = change
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


LAYER = "modelTopology.config.layers.1"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("version", None, "version"),
        ("version", "x" * 129, "version"),
        ("metadata", [], "metadata"),
        ("featureStats", None, "featureStats"),
        ("featureStats.featureNames", list(reversed(FEATURE_NAMES)), "featureStats.featureNames"),
        ("featureStats.means", [0.0] * 7, "featureStats.means"),
        ("featureStats.means.3", "1", "featureStats.means"),
        ("featureStats.means.3", float("nan"), "featureStats.means"),
        ("featureStats.stds.3", 0, "featureStats.stds"),
        ("modelTopology", None, "modelTopology"),
        ("modelTopology.class_name", "Functional", "modelTopology.class_name"),
        ("modelTopology.config", {"layers": []}, "modelTopology.config.layers"),
        ("modelTopology.config", None, "modelTopology.config.layers"),
        (
            "modelTopology.config.layers.0.config.batch_input_shape",
            [None, 7],
            "modelTopology.batch_input_shape",
        ),
        (f"{LAYER}.class_name", "Conv2D", "modelTopology.layers[1].class_name"),
        (f"{LAYER}.config.activation", "tanh", "modelTopology.layers[1]"),
        (f"{LAYER}.config.use_bias", False, "modelTopology.layers[1]"),
        (f"{LAYER}.config.units", 0, "modelTopology.layers[1].units"),
        (f"{LAYER}.config.units", True, "modelTopology.layers[1].units"),
        (f"{LAYER}.config.units", 10**12, "modelTopology.layers[1].units"),
        (f"{LAYER}.config.units", 100_000, "modelTopology"),
        (f"{LAYER}.config.units", 17, "weightSpecs[2].shape"),
        ("modelTopology.config.layers.2.config.units", 3, "modelTopology"),
        ("weightSpecs", [], "weightSpecs"),
        ("weightSpecs.1", None, "weightSpecs[1]"),
        ("weightSpecs.1.dtype", "float16", "weightSpecs[1].dtype"),
        ("weightSpecs.1.shape", [33], "weightSpecs[1].shape"),
        ("weightSpecs.1.quantization", {"dtype": "uint8"}, "weightSpecs[1].quantization"),
        ("weightData", None, "weightData"),
        ("weightData", "AAAA", "weightData"),
        ("weightData", "!" * 4716, "weightData"),
        ("weightData", "A" * 10_000_000, "weightData"),
        ("weightData", _weights(float("nan")), "weightData"),
        ("weightData", _weights(float("inf")), "weightData"),
        ("weightData", _weights(1e30), "weightData"),
    ],
)
def test_refused(path: str, value: object, field: str) -> None:
    record = manifest()
    _set(record, path, copy.deepcopy(value))
    with pytest.raises(InvalidRecordError) as caught:
        model_from_manifest(record)
    assert caught.value.field == field


@pytest.mark.parametrize("record", [None, [], "model", 5, {}])
def test_what_is_no_manifest(record: object) -> None:
    with pytest.raises(InvalidRecordError):
        model_from_manifest(record)


def test_each_part_is_needed() -> None:
    for name in ("version", "featureStats", "modelTopology", "weightSpecs", "weightData"):
        record = manifest()
        del record[name]
        with pytest.raises(InvalidRecordError, match=name):
            model_from_manifest(record)
