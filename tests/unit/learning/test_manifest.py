"""The manifest of the global model: round trip, TF.js's own export, and what is refused."""

from __future__ import annotations

import base64
import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.learning.manifest import (
    DEFAULT_STATS,
    model_from_manifest,
    model_to_manifest,
    plain_manifest,
)
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
        ("featureStats.featureNames", list(reversed(FEATURE_NAMES)), "featureStats.featureNames"),
        ("featureStats.means", [0.0] * 7, "featureStats.means"),
        ("featureStats.means.3", "1", "featureStats.means"),
        ("featureStats.means.3", 10**400, "featureStats.means"),
        ("featureStats.stds.3", -(10**400), "featureStats.stds"),
        ("featureStats.means.3", float("nan"), "featureStats.means"),
        ("featureStats.stds.3", 0, "featureStats.stds"),
        ("modelTopology.class_name", "Graph", "modelTopology.class_name"),
        ("modelTopology.config", {"layers": []}, "modelTopology.config.layers"),
        ("modelTopology.config", None, "modelTopology.config.layers"),
        (
            "modelTopology.config.layers.0.config.batch_input_shape",
            [None, 7],
            "modelTopology.batch_input_shape",
        ),
        (f"{LAYER}.class_name", "Conv2D", "modelTopology.layers[1].class_name"),
        (f"{LAYER}.config.activation", "cubic", "modelTopology.layers[1].config.activation"),
        (f"{LAYER}.config.use_bias", False, "weightSpecs"),
        (f"{LAYER}.config.units", 0, "modelTopology.layers[1].units"),
        (f"{LAYER}.config.units", True, "modelTopology.layers[1].units"),
        (f"{LAYER}.config.units", 10**12, "weightSpecs[2].shape"),
        (f"{LAYER}.config.units", 10**400, "weightSpecs[2].shape"),
        (f"{LAYER}.config.units", 17, "weightSpecs[2].shape"),
        ("modelTopology.config.layers.2.config.units", 3, "weightSpecs[4].shape"),
        ("weightSpecs", [], "weightSpecs"),
        ("weightSpecs.1", None, "weightSpecs[1]"),
        ("weightSpecs.1.dtype", "float16", "weightSpecs[1].dtype"),
        ("weightSpecs.1.shape", [33], "weightData"),
        ("weightSpecs.0.shape", [32, 8], "weightSpecs[0].shape"),
        ("weightSpecs.0.shape", [10**9, 8], "weightSpecs"),
        ("weightSpecs.0.shape", [10**400, 8], "weightSpecs"),
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
    for name in ("version", "weightSpecs", "weightData"):
        record = manifest()
        del record[name]
        with pytest.raises(InvalidRecordError, match=name):
            model_from_manifest(record)


def test_statistics_and_topology_that_are_null_are_those_of_the_first_model() -> None:
    record = manifest() | {"featureStats": None, "modelTopology": None}
    read = model_from_manifest(record)
    np.testing.assert_array_equal(read.network.parameters, model().network.parameters)
    assert isinstance(read.scaler, FeatureScaler)
    assert list(read.scaler.means) == DEFAULT_STATS["means"]
    defaults = ["featureStats", "modelTopology"]
    assert plain_manifest(record)["metadata"] == {"origin": "a test", "defaults": defaults}
    assert plain_manifest(manifest())["metadata"] == {"origin": "a test"}


def test_the_response_of_another_server() -> None:
    record = manifest()
    stats = record["featureStats"]
    by_name = {name: dict(zip(FEATURE_NAMES, stats[name], strict=True)) for name in ("means", "stds")}
    response = {
        "success": True,
        "data": {
            "modelVersion": "0.2.0",
            "featureStats": {"featureNames": sorted(FEATURE_NAMES), "version": "2025-11-03", **by_name},
            "metadata": {},
            "modelTopology": record["modelTopology"],
            "weightSpecs": record["weightSpecs"],
            "weightDataBase64": record["weightData"],
        },
    }
    read = model_from_manifest(response)
    assert (read.version, read.scaler) == ("0.2.0", STATS)
    np.testing.assert_array_equal(read.network.parameters, model().network.parameters)
    with pytest.raises(InvalidRecordError, match="success"):
        model_from_manifest(response | {"success": False})


@pytest.fixture(scope="module")
def saved() -> dict[str, Any]:
    """Return models that TensorFlow.js saves, with its predictions."""
    script = Path(__file__).with_name("tfjs_models.js")
    answer = subprocess.run(["node", str(script)], stdout=subprocess.PIPE, text=True, check=True)
    models: dict[str, Any] = json.loads(answer.stdout)
    return models


@pytest.mark.parametrize(
    ("name", "scale", "shift"),
    [
        ("dropout", 2, 3),
        ("activations", 4, 1),
        ("advanced", 1, 0),
        ("normalization", 1, 0),
        ("functional", 1, 0),
    ],
)
def test_chains_of_dense_layers_that_tfjs_saves(
    saved: dict[str, Any], name: str, scale: float, shift: float
) -> None:
    record = manifest() | {part: saved[name][part] for part in ("modelTopology", "weightSpecs", "weightData")}
    outputs = model_from_manifest(record).network.predict_many(np.array(saved[name]["inputs"]))
    expected = shift + scale * np.array(saved[name]["outputs"])
    np.testing.assert_allclose(outputs[:, : expected.shape[1]], expected, atol=1e-5, rtol=1e-5)
    if expected.shape[1] == 3:
        np.testing.assert_array_equal(outputs[:, 3], 3)


def test_a_functional_model_with_branches_is_refused(saved: dict[str, Any]) -> None:
    record = manifest() | {part: saved["functional"][part] for part in ("weightSpecs", "weightData")}
    topology = copy.deepcopy(saved["functional"]["modelTopology"])
    layers = topology["config"]["layers"]
    layers[-1]["inbound_nodes"] = layers[1]["inbound_nodes"]
    with pytest.raises(InvalidRecordError, match="one chain"):
        model_from_manifest(record | {"modelTopology": topology})
