from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.server.settings import Settings
from app.training.run import Options, train_global
from sidflow_feedback.learning.manifest import model_from_manifest
from sidflow_feedback.learning.model import Model
from tests.training.crowd import FIRST_MODEL, Crowd, Row, store

Train = Callable[..., tuple[dict[str, Any], Model]]
HONEST = 900
"""Uploads in the initial database of the tests."""


def training_settings(folder: Path) -> Settings:
    """Return settings with database and published model in `folder`."""
    return replace(
        Settings.from_environment({}),
        database_url=f"sqlite:///{folder / 'feedback.sqlite3'}",
        model_path=folder / "model" / "latest.json",
        first_model=FIRST_MODEL,
    )


@pytest.fixture(scope="session")
def crowd() -> Crowd:
    return Crowd.of(300)


@pytest.fixture(scope="session")
def honest(crowd: Crowd, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of exact events; copy it."""
    folder = tmp_path_factory.mktemp("honest")
    store(training_settings(folder).database_url, crowd.shared(HONEST))
    return folder / "feedback.sqlite3"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with an empty database."""
    return training_settings(tmp_path)


@pytest.fixture
def shared(settings: Settings, honest: Path, tmp_path: Path) -> Settings:
    """Settings with a copy of the honest database."""
    shutil.copy(honest, tmp_path / "feedback.sqlite3")
    return settings


@pytest.fixture
def train(settings: Settings) -> Train:
    """Add events, train, and return the result and the published model."""

    def run(rows: Iterable[Row] = (), **options: Any) -> tuple[dict[str, Any], Model]:
        store(settings.database_url, rows)
        result = train_global(settings, Options(**options))
        path = settings.model_path if settings.model_path.exists() else FIRST_MODEL
        return result, model_from_manifest(json.loads(path.read_text()))

    return run
