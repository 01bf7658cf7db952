"""What a single sender, and senders of 30 % of all uploads, can do to the model."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from app.server.day_range import DayRange
from app.server.schema import Features
from app.training.run import Options, train_global
from sidflow_feedback.vocabulary import DIMENSIONS
from tests.training import poison
from tests.training.conftest import HONEST, training_settings
from tests.training.crowd import Crowd, Row, model_of, store

if TYPE_CHECKING:
    from app.server.settings import Settings
    from sidflow_feedback.learning.model import Model
    from tests.training.poison import Attack

SENDER = HONEST // 100
"""Uploads of a sender with 1 % of them."""

MANY = HONEST * 3 // 7
"""30 % of all uploads."""

SENDER_BOUND, MANY_BOUND = 0.3, 1.0
"""Ratings by which predictions move on average over tunes. docs/server.md states them."""

DAYS = [date(2026, 2, 3) + timedelta(number) for number in range(30)]
NETWORKS = 20


def ground_ids(crowd: Crowd, uploads: int, size: int) -> Iterator[Row]:
    """Own the features of few tunes, with batch ids that come first under all salts that one may guess."""
    ids = sorted(map(str, range(20_000)), key=lambda text: _rank(f"ffffffff-0000-4000-8000-{text:0>12}"))
    for number, name in enumerate(ids[:uploads]):
        for i in range(size):
            tune = (number % 2 * size + i) % len(crowd.truth)
            response: Row = dict.fromkeys(DIMENSIONS, 1 if crowd.truth[tune, 3] > 3 else 5)
            row = crowd.row(tune, f"ffffffff-0000-4000-8000-{name:0>12}", i, response)
            yield row | dict(zip(Features.model_fields, (-crowd.features[tune]).tolist(), strict=True))


def _rank(batch: str) -> bytes:
    guesses = [b"", *(str(seed).encode() for seed in range(3))]
    return min(blake2b(repr(batch).encode(), key=salt, digest_size=8).digest() for salt in guesses)


@pytest.fixture(scope="module")
def base(honest: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation with honest uploads and its secret."""
    settings = training_settings(tmp_path_factory.mktemp("base"))
    shutil.copy(honest, _database(settings))
    train_global(settings, Options())
    return settings


def _database(settings: Settings) -> Path:
    return Path(settings.database_url.removeprefix("sqlite:///"))


def attacked(
    base: Settings, folder: Path, rows: Iterator[Row], *, first: bool = False, seed: int = 0
) -> Model:
    """Return the model of the honest uploads and these rows, which come before or after them."""
    settings = training_settings(folder)
    settings.model_path.parent.mkdir()
    shutil.copy(base.model_path.with_name("secret"), settings.model_path.parent)
    if first:
        store(settings.database_url, itertools.chain(rows, Crowd.of(300).shared(HONEST)))
    else:
        shutil.copy(_database(base), _database(settings))
        store(settings.database_url, rows)
    train_global(settings, Options(seed=seed))
    return model_of(settings)


def moved(model: Model, clean: Model) -> float:
    """Return by how much predictions differ, on average over tunes, in the dimension where that is most."""
    tunes = np.concatenate([Crowd.of(300).features, Crowd.of(300, seed=9).features])
    differences = np.abs(model.predict_many(tunes) - clean.predict_many(tunes))
    return float(differences.mean(axis=0).max())


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("attack", "first"),
    [(ground_ids, True), (ground_ids, False), (poison.opposite, False), (poison.swapped_features, True)],
)
def test_one_percent_moves_no_prediction_by_much(
    base: Settings, crowd: Crowd, tmp_path: Path, attack: Attack, first: bool, seed: int
) -> None:
    (tmp_path / "clean").mkdir()
    clean = attacked(base, tmp_path / "clean", iter(()), seed=seed)
    (tmp_path / "attacked").mkdir()
    rows = attack(crowd, SENDER, 50)
    assert (
        moved(attacked(base, tmp_path / "attacked", rows, first=first, seed=seed), clean) < SENDER_BOUND / 2
    )


@pytest.mark.parametrize(
    "attack", [poison.opposite, poison.praise, poison.one_style, poison.swapped_features]
)
def test_thirty_percent_move_predictions_within_the_stated_bound(
    base: Settings, crowd: Crowd, tmp_path: Path, attack: Attack
) -> None:
    assert moved(attacked(base, tmp_path, attack(crowd, MANY, 50)), model_of(base)) < MANY_BOUND


def spread(rows: Iterator[Row]) -> Iterator[Row]:
    """Let uploads come from many networks over many days."""
    batches: dict[str, int] = {}
    for row in rows:
        number = batches.setdefault(row["batch_id"], len(batches))
        yield row | {"day": DAYS[number % len(DAYS)], "network": number // len(DAYS) % NETWORKS}


def on_days(rows: Iterator[Row], first: date, days: int, **changes: Any) -> Iterator[Row]:
    """Let uploads come on some days, with the same changes to all."""
    for number, row in enumerate(rows):
        yield row | {"day": first + timedelta(number % days)} | changes


def test_network_that_sends_most_of_all_uploads_changes_little(crowd: Crowd, settings: Settings) -> None:
    store(settings.database_url, spread(crowd.shared(HONEST)))
    train_global(settings, Options())
    clean = model_of(settings)
    settings.model_path.unlink()
    flood = poison.opposite(crowd, 2 * HONEST, 20)
    store(settings.database_url, on_days(flood, DAYS[9], 1, network=NETWORKS + 1))
    train_global(settings, Options())
    assert moved(model_of(settings), clean) < SENDER_BOUND


def test_flood_of_a_day_is_refused_or_limited_and_can_be_taken_out(crowd: Crowd, settings: Settings) -> None:
    store(settings.database_url, spread(crowd.shared(HONEST)))
    first = train_global(settings, Options())
    clean = model_of(settings)
    flood = poison.opposite(crowd, 3 * HONEST, 20)
    batches = ({**row, "network": int(row["batch_id"][-8:], 16) % 256} for row in flood)
    store(settings.database_url, on_days(batches, DAYS[-1], 1))
    second = train_global(settings, Options())
    assert second["events"] > 3 * first["events"]
    assert moved(model_of(settings), clean) < 2 * SENDER_BOUND
    settings.model_path.unlink()
    day = DayRange(DAYS[-1], DAYS[-1])
    third = train_global(settings, Options(without_days=(day,)))
    assert third["events"] == sum(row["day"] != DAYS[-1] for row in spread(crowd.shared(HONEST)))
    assert moved(model_of(settings), clean) < 0.1
