"""The features that the server knows by itself, and the gold set: no upload can touch either."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.server.schema import Features
from app.server.settings import Settings
from app.training.errors import TrainingError
from app.training.known_features import known_features
from app.training.run import Options, train_global
from sidflow_feedback.analysis.analysis_file import AnalysisFile, AnalyzedSong, Problem
from sidflow_feedback.vocabulary import FEATURE_NAMES
from tests.training.crowd import Crowd, Row, first_model, model_of, store

ODD = dict.fromkeys(Features.model_fields, -7.0)
NO_FEATURES = dict.fromkeys(Features.model_fields)


@pytest.fixture
def demo(settings: Settings) -> Crowd:
    """A crowd that listens to the demo tunes."""
    features = np.array(list(known_features(settings).values()))
    directions = np.random.default_rng(30).normal(size=(8, 4))
    hidden = first_model().scaler.scale(features) @ directions / np.linalg.norm(directions, axis=0)
    return Crowd(features, np.clip(3 + 1.2 * hidden, 1, 5))


def shared(settings: Settings, demo: Crowd, **claimed: object) -> Iterator[Row]:
    """Yield uploads about the demo tunes that claim something else of their sound."""
    songs = list(known_features(settings))
    for row in demo.shared(300):
        path, song = songs[int(row["sid_path"].removeprefix("CROWD/").removesuffix(".sid"))]
        yield row | {"sid_path": path, "song": song} | claimed


def test_what_uploads_say_of_known_tunes_is_ignored(settings: Settings, demo: Crowd, tmp_path: Path) -> None:
    store(settings.database_url, shared(settings, demo, **NO_FEATURES))
    assert train_global(settings, Options())["published"]
    model = settings.model_path.read_bytes()
    other = replace(settings, database_url=f"sqlite:///{tmp_path / 'other.sqlite3'}")
    store(other.database_url, shared(settings, demo, **ODD))
    settings.model_path.unlink()
    train_global(other, Options())
    assert settings.model_path.read_bytes() == model


def test_songs_of_the_collection_are_known_by_path_and_by_hash(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "music"
    (folder / "A").mkdir(parents=True)
    (folder / "A" / "one.sid").write_bytes(b"one")
    (folder / "A" / "two.sid").write_bytes(b"two")
    known = AnalyzedSong(features=dict(zip(FEATURE_NAMES, range(1, 9), strict=True)))
    digests = {"one": "f97c5d29941bfb1b2fdab0874906ab82", "other": "795f3202b17cb6bc3d4b771d8c6c9eaf"}
    songs = {bytes.fromhex(md5): [known, AnalyzedSong(problem=Problem.SILENT)] for md5 in digests.values()}
    (folder / "all.sidan").write_bytes(AnalysisFile.of(songs).to_bytes())
    before, after = known_features(settings), known_features(replace(settings, collection=folder))
    hashed = "sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    assert after.keys() - before.keys() == {("A/one.sid", 1), (hashed, 1)}
    assert after["A/one.sid", 1] == pytest.approx(range(1, 9), rel=1e-3)


def test_damaged_analysis_file_stops_training(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "one.sid").write_bytes(b"one")
    (tmp_path / "all.sidan").write_bytes(b"nothing")
    with pytest.raises(TrainingError, match="own features can't be read"):
        known_features(replace(settings, collection=tmp_path))


def gold(folder: Path, settings: Settings, demo: Crowd, *, upside_down: bool = False) -> Path:
    lines = ["path,song,e,m,c,p"]
    for (path, song), ratings in zip(known_features(settings), demo.truth, strict=True):
        right = 6 - ratings if upside_down else ratings
        lines.append(f'"{path}",{song},{right[0]:.0f},{right[1]:.0f},,{right[3]:.0f}')
    (folder / "gold.csv").write_text("\n".join(lines))
    return folder / "gold.csv"


@pytest.mark.parametrize("upside_down", [False, True])
def test_model_that_is_worse_on_the_gold_set_is_not_published(
    settings: Settings, demo: Crowd, tmp_path: Path, upside_down: bool
) -> None:
    judged = replace(settings, gold=gold(tmp_path, settings, demo, upside_down=upside_down))
    store(settings.database_url, shared(settings, demo))
    result = train_global(judged, Options())
    assert result["errorAfter"] < result["errorBefore"]
    assert (result["goldAfter"] > result["goldBefore"]) == upside_down
    assert result["published"] == (not upside_down)
    assert (model_of(settings).version == first_model().version) == upside_down
    if result["published"]:
        metrics = json.loads(settings.model_path.read_text())["metadata"]["metrics"]
        assert metrics["goldAfter"] == result["goldAfter"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text.replace("path,song", "path,number"), "lacks a column"),
        (lambda text: text + "\nNobody/None.sid,1,3,3,3,3", "doesn't know the song"),
        (lambda text: text + "\nDemo/x.sid,one,3,3,3,3", "invalid literal"),
        (lambda text: "\n".join(text.split("\n")[:10]), "has 9 songs, and needs 20"),
        (lambda text: text.replace(",1,", ",1,9,", 1), "ratings must be from 1 to 5"),
    ],
)
def test_unusable_gold_set_stops_training(
    settings: Settings, demo: Crowd, tmp_path: Path, change: object, reason: str
) -> None:
    path = gold(tmp_path, settings, demo)
    assert callable(change)
    path.write_text(change(path.read_text()))
    with pytest.raises(TrainingError, match=reason):
        train_global(replace(settings, gold=path), Options())
    assert not settings.model_path.exists()
