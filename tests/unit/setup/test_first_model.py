"""The first global model, on a small made-up catalog."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.errors import SetupError
from app.setup.first_model import rule_of_thumb, write_first_model
from sidflow_feedback.learning.manifest import model_from_manifest
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.types import FloatArray
from sidflow_feedback.vocabulary import FEATURE_NAMES

LOW = (2.0, 0.02, 500.0, 400.0, 0.01, 60.0, 0.1, 45.0)
HIGH = (15.0, 0.3, 6000.0, 12000.0, 0.3, 200.0, 0.9, 150.0)


def songs(count: int = 60) -> FloatArray:
    return np.random.default_rng(0).uniform(LOW, HIGH, (count, 8))


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    features = [dict(zip(FEATURE_NAMES, song, strict=True)) for song in songs().tolist()]
    tunes = [{"sidPath": "Demo/One.sid", "features": features[:2]}]
    tunes += [{"sidPath": f"Demo/{i}.sid", "features": [song]} for i, song in enumerate(features[2:])]
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps({"version": 1, "tunes": tunes}))
    return path


def test_first_model_follows_the_rules(catalog: Path, tmp_path: Path) -> None:
    write_first_model(catalog, tmp_path / "model" / "latest.json")
    model = model_from_manifest(json.loads((tmp_path / "model" / "latest.json").read_text()))
    predicted, wanted = model.predict_many(songs()), rule_of_thumb(model.scaler.scale(songs()))
    assert predicted.min() >= 1
    assert predicted.max() <= 5
    assert np.abs(predicted - wanted).mean() < 0.1
    assert np.corrcoef(predicted[:, 0], songs()[:, 0])[0, 1] > 0.95
    np.testing.assert_allclose(predicted[:, 1:], 3, atol=0.05)


def test_feature_stats_are_those_of_the_catalog(catalog: Path, tmp_path: Path) -> None:
    write_first_model(catalog, tmp_path / "latest.json")
    scaler = model_from_manifest(json.loads((tmp_path / "latest.json").read_text())).scaler
    assert isinstance(scaler, FeatureScaler)
    np.testing.assert_allclose(scaler.means, songs().mean(axis=0))
    np.testing.assert_allclose(scaler.deviations, songs().std(axis=0))


def test_manifest_states_its_origin(catalog: Path, tmp_path: Path) -> None:
    write_first_model(catalog, tmp_path / "latest.json")
    manifest = json.loads((tmp_path / "latest.json").read_text())
    assert manifest["version"].startswith("global-0-")
    assert manifest["metadata"]["origin"] == "a rule of thumb, no listener's data"
    assert manifest["metadata"]["songs"] == 60


def test_the_same_catalog_gives_the_same_file(catalog: Path, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        write_first_model(catalog, tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_busier_is_more_energetic_and_nothing_else_is_claimed() -> None:
    busy = np.array([FEATURE_NAMES]) == "energy"
    np.testing.assert_allclose(rule_of_thumb(busy.astype(np.float64)), [[3.4, 3, 3, 3]], atol=0.05)
    np.testing.assert_array_equal(rule_of_thumb(9.0 * ~busy), [[3, 3, 3, 3]])


@pytest.mark.parametrize(
    "text",
    ["", "{}", '{"tunes": 5}', '{"tunes": [{"features": [{"energy": 1}]}]}', '{"tunes": []}', "[]"],
)
def test_bad_catalog(text: str, tmp_path: Path) -> None:
    (tmp_path / "catalog.json").write_text(text)
    with pytest.raises(SetupError, match="first model can't be made"):
        write_first_model(tmp_path / "catalog.json", tmp_path / "latest.json")
    assert not (tmp_path / "latest.json").exists()


def test_missing_catalog(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="first model can't be made"):
        write_first_model(tmp_path / "catalog.json", tmp_path / "latest.json")
