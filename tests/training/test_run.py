"""Complete training: from events in a database to the served model."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import cluster
from app.cli import main
from app.cluster import ClusterError
from app.server.settings import Settings
from app.training import fit, partitions
from app.training.errors import TrainingError
from app.training.publish import Publication
from app.training.run import Options, train_global
from sidflow_feedback.learning.manifest import model_to_manifest
from sidflow_feedback.learning.model import Model
from tests.postgres import PostgresMissingError, new_database, postgres
from tests.training.conftest import HONEST, Train
from tests.training.crowd import Crowd, error, first_model, store
from tests.training.memory import multiply, peak_of_training
from tests.training.poison import ATTACKS, Attack

MEAN_BOUND, SINGLE_BOUND = 0.3, 2.0
"""How far a tenth of the uploads can move predictions, on average and for any one tune (docs/server.md)."""


def manifest(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(settings.model_path.read_text())
    return found


def test_next_model_is_better_on_other_tunes_too(shared: Settings, train: Train) -> None:
    result, model = train()
    others = Crowd.of(200, seed=9)
    assert result["published"]
    assert result["errorAfter"] < result["errorBefore"] / 2
    assert error(model, others) < error(first_model(), others) / 2
    assert model.version == result["version"] == manifest(shared)["version"]
    assert model.version.startswith("global-1-")
    metadata = manifest(shared)["metadata"]
    assert metadata["replaced"] == first_model().version
    assert metadata["metrics"] == {key: result[key] for key in metadata["metrics"]}
    assert metadata["metrics"]["events"] == HONEST * 20


def test_same_seed_gives_the_same_model_with_any_number_of_workers(
    shared: Settings, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "PARTITION", 1000)
    contents = []
    for seed, workers in ((0, 1), (0, 3), (0, None), (1, 1)):
        train(seed=seed, workers=workers)
        contents.append(shared.model_path.read_bytes())
        shared.model_path.unlink()
    assert contents[0] == contents[1] == contents[2]
    assert contents[3] != contents[0]


def test_cluster_gives_the_same_model(shared: Settings, train: Train) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    train()
    here = shared.model_path.read_bytes()
    shared.model_path.unlink()
    options = {
        "n_workers": 2,
        "threads_per_worker": 1,
        "processes": False,
        "dashboard_address": "127.0.0.1:0",
    }
    with distributed.LocalCluster(host="127.0.0.1", protocol="tcp", **options) as local:
        train(scheduler=local.scheduler_address)
    assert shared.model_path.read_bytes() == here


def test_missing_cluster_is_reported(shared: Settings, train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SCHEDULER_SECONDS", 0.5)
    with pytest.raises(ClusterError, match=r"No Dask scheduler responds at tcp://127\.0\.0\.1:1:"):
        train(scheduler="tcp://127.0.0.1:1")
    assert not shared.model_path.exists()


def test_postgresql_gives_the_same_model(
    crowd: Crowd, settings: Settings, postgres_url: str, train: Train
) -> None:
    train(crowd.shared(300))
    here = settings.model_path.read_bytes()
    settings.model_path.unlink()
    with new_database(postgres_url) as url:
        store(url, crowd.shared(300))
        train_global(replace(settings, database_url=url), Options())
    assert settings.model_path.read_bytes() == here


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    try:
        with postgres("-c", "fsync=off") as url:
            yield url
    except PostgresMissingError as exc:
        pytest.skip(str(exc))


def test_model_that_is_not_better_is_not_published(
    shared: Settings, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, model = train()
    before = shared.model_path.read_bytes()
    monkeypatch.setattr(fit, "ITERATIONS", 1)
    result, same = train()
    assert result["errorBefore"] == pytest.approx(first["errorAfter"], rel=1e-3)
    assert result["errorAfter"] >= result["errorBefore"]
    assert not result["published"]
    assert result["version"] == same.version == model.version
    assert shared.model_path.read_bytes() == before


def test_too_few_events_change_nothing(crowd: Crowd, settings: Settings, train: Train) -> None:
    with pytest.raises(TrainingError, match="No events have been shared"):
        train()
    with pytest.raises(TrainingError, match=r"Only 0 tunes occur in 5 uploads; training needs 20"):
        train(crowd.shared(4))
    assert not settings.model_path.exists()


def test_tunes_of_few_uploads_are_ignored(shared: Settings, train: Train, crowd: Crowd) -> None:
    result, model = train()
    shared.model_path.unlink()
    rare = [
        crowd.row(tune, f"eeeeeeee-0000-4000-8000-{upload:012x}", tune, {"e": 1, "m": 1, "c": 1, "p": 1})
        | {"sid_path": f"RARE/{tune}.sid"}
        for upload in range(4)
        for tune in range(100)
    ]
    repeated, same = train(rare)
    assert repeated["tunes"] == result["tunes"]
    assert np.abs(same.predict_many(crowd.features) - model.predict_many(crowd.features)).mean() < 0.1


@pytest.fixture(scope="module")
def clean(crowd: Crowd, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model of honest uploads only, as many as in the test with a tenth poisoned."""
    from tests.training.conftest import training_settings

    settings = training_settings(tmp_path_factory.mktemp("clean"))
    store(settings.database_url, crowd.shared(HONEST + HONEST // 9))
    train_global(settings, Options())
    return Publication(settings.model_path, settings.first_model).current()[0]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_poison_in_a_tenth_of_uploads_has_limited_effect(
    shared: Settings, train: Train, clean: Model, crowd: Crowd, attack: Attack
) -> None:
    result, model = train(attack(crowd, HONEST // 9, 50))
    assert result["events"] == (HONEST * 20 + HONEST // 9 * 50)
    for tunes in (crowd, Crowd.of(300, seed=9)):
        moved = np.abs(model.predict_many(tunes.features) - clean.predict_many(tunes.features))
        assert moved.mean() < MEAN_BOUND
        assert moved.max() < SINGLE_BOUND
    assert error(model, crowd) < error(first_model(), crowd) / 2
    assert manifest(shared)["version"] == model.version


def test_correction_improves_learning_from_perturbed_events(
    crowd: Crowd, settings: Settings, train: Train
) -> None:
    rows = list(crowd.shared(2000, epsilon=(1, 4)))
    _, corrected = train(rows)
    for path in settings.model_path.parent.parent.glob("feedback*"):
        path.unlink()
    settings.model_path.unlink()
    _, taken_as_exact = train({**row, "epsilon": None} for row in rows)
    assert error(corrected, crowd) < 0.8 * error(taken_as_exact, crowd)
    assert error(corrected, crowd) < 0.6 * error(first_model(), crowd)


def test_memory_is_independent_of_the_number_of_events(shared: Settings, tmp_path: Path) -> None:
    peaks = []
    for count in (40_000, 160_000):
        multiply(tmp_path / "feedback.sqlite3", count)
        peaks.append(peak_of_training(tmp_path))
        shared.model_path.unlink()
    assert peaks[1] < 1.2 * peaks[0]


def test_console_script(
    shared: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIDFLOW_DATABASE_URL", shared.database_url)
    monkeypatch.setenv("SIDFLOW_MODEL_PATH", str(shared.model_path))
    shared.model_path.parent.mkdir()
    shared.model_path.write_text(json.dumps(model_to_manifest(first_model(), {})))
    assert main(["train-global", "--seed", "3", "--min-uploads", "6", "--workers", "1"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["published"]
    assert manifest(shared)["metadata"]["options"] == {"seed": 3, "minUploads": 6}
    assert main(["train-global", "--rollback"]) == 0
    assert json.loads(capsys.readouterr().out) == {"published": True, "version": first_model().version}
    assert main(["train-global", "--rollback"]) == 1
    assert "none to go back to" in capsys.readouterr().err
