import json
from pathlib import Path
from typing import Any

import pytest

from app.training.errors import TrainingError
from app.training.publish import Publication
from sidflow_feedback.learning.manifest import model_to_manifest
from sidflow_feedback.learning.model import Model, Network
from tests.training.crowd import first_model


def manifest(version: str, replaced: str | None = None) -> dict[str, Any]:
    model = Model(version, version, first_model().scaler, Network.random(1))
    return model_to_manifest(model, {"replaced": replaced} if replaced else {})


def put(path: Path, content: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def publication(tmp_path: Path) -> Publication:
    return Publication(tmp_path / "model" / "latest.json", put(tmp_path / "first.json", manifest("first")))


def versions(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "model" / "versions").iterdir()}


def test_first_model_until_one_is_published(publication: Publication, tmp_path: Path) -> None:
    assert publication.current()[0].version == "first"
    publication.publish(manifest("second", "first"))
    assert publication.current()[0].version == "second"
    assert json.loads((tmp_path / "first.json").read_text())["version"] == "first"
    assert versions(tmp_path) == {"first.json", "second.json"}


def test_roll_back_step_by_step(publication: Publication, tmp_path: Path) -> None:
    publication.publish(manifest("second", "first"))
    publication.publish(manifest("third", "second"))
    assert publication.roll_back() == "second"
    assert publication.current()[1] == manifest("second", "first")
    assert publication.roll_back() == "first"
    with pytest.raises(TrainingError, match="first did not replace another model"):
        publication.roll_back()
    assert publication.current()[0].version == "first"
    assert versions(tmp_path) == {"first.json", "second.json", "third.json"}


def test_missing_version_keeps_the_current_one(publication: Publication, tmp_path: Path) -> None:
    publication.publish(manifest("second", "first"))
    (tmp_path / "model" / "versions" / "first.json").unlink()
    with pytest.raises(TrainingError, match="can't be read"):
        publication.roll_back()
    assert publication.current()[0].version == "second"


def test_corrupt_model_is_not_replaced(tmp_path: Path) -> None:
    path = put(tmp_path / "latest.json", {"version": "odd"})
    with pytest.raises(TrainingError, match="no model"):
        Publication(path, tmp_path / "first.json").publish(manifest("second"))
    assert json.loads(path.read_text()) == {"version": "odd"}


@pytest.mark.parametrize("version", ["../escape", "a/b", "/escape"])
def test_versions_stay_in_their_folder(publication: Publication, tmp_path: Path, version: str) -> None:
    with pytest.raises(TrainingError, match="be a file name"):
        publication.publish(manifest(version, "first"))
    assert not list(tmp_path.glob("*escape*"))
    assert publication.current()[0].version == "first"


def test_folder_that_can_not_be_written_is_found_before_training(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("a file")
    publication = Publication(tmp_path / "model" / "latest.json", tmp_path / "first.json")
    with pytest.raises(TrainingError, match=f"to {tmp_path / 'model'}.*set SIDFLOW_MODEL_PATH"):
        publication.ensure_writable()
