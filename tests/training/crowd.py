"""A crowd of simulated listeners, and their shared events as rows of the server's database.

The average rating of a tune depends on its features, not quite linearly and not as the first global model
predicts. Each rating is this average plus the listener's bias and noise, rounded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import insert

from app.paths import paths
from app.server.database import migrate
from app.server.db_connection import connect, parse_url
from app.server.schema import Features
from app.server.tables import events
from app.training.publish import Publication
from sidflow_feedback.learning.manifest import model_from_manifest
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.vocabulary import ACTIONS, DIMENSIONS

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from app.server.settings import Settings
    from sidflow_feedback.learning.model import Model
    from sidflow_feedback.types import FloatArray

Row = dict[str, Any]
FIRST_MODEL = paths().first_model

ACTION_SHARE = 0.4
PREFERENCE_SHARE = 0.5
LEANING, NOISE = 0.4, 0.6
BY_LIKING = [ACTIONS.index(name) for name in ("dislike", "skip_early", "skip", "play_complete", "like")]
"""The action of a listener on a tune that they would rate 1 to 5."""


def first_model() -> Model:
    """Return the first model, made by set-up."""
    return model_from_manifest(json.loads(FIRST_MODEL.read_text()))


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """Tunes: their features, shape (t, 8), and their average ratings, shape (t, 4)."""

    features: FloatArray
    truth: FloatArray

    @classmethod
    def of(cls, tunes: int, seed: int = 0) -> Crowd:
        """Return a crowd for `tunes` tunes; the same seed gives the same one."""
        rng, scaler = np.random.default_rng(seed), first_model().scaler
        assert isinstance(scaler, FeatureScaler), "only a listener's model has quantiles"
        scaled = rng.standard_normal((tunes, 8))
        tastes = np.random.default_rng(64)  # The same for each crowd.
        hidden = np.tanh(scaled @ tastes.normal(0, 0.5, (8, 12)) + tastes.normal(0, 0.5, 12))
        truth = np.clip(3 + hidden @ tastes.normal(0, 0.45, (12, 4)), 1, 5)
        return cls(np.asarray(scaler.means) + scaled * np.asarray(scaler.deviations), truth)

    def shared(
        self, uploads: int, *, seed: int = 1, size: int = 20, epsilon: tuple[float, float] | None = None
    ) -> Iterator[Row]:
        """Yield the events of uploads of `size` tunes each; with `epsilon`, perturbed within this range."""
        rng = np.random.default_rng(seed)
        for number in range(uploads):
            yield from self._upload(number, seed, size, epsilon, rng)

    def _upload(
        self, number: int, seed: int, size: int, epsilon: tuple[float, float] | None, rng: Generator
    ) -> Iterator[Row]:
        tunes = rng.integers(0, len(self.truth), size)
        exact = self.truth[tunes] + rng.normal(0, LEANING, 4) + rng.normal(0, NOISE, (size, 4))
        ratings = np.clip(np.round(exact), 1, 5).astype(int)
        acts = rng.random(size) < ACTION_SHARE
        preferred = rng.random(size) < PREFERENCE_SHARE
        for i, tune in enumerate(tunes.tolist()):
            given = ratings[i, : 4 if preferred[i] else 3]
            loss = rng.uniform(*epsilon) if epsilon else None
            response = action_of(ratings[i, 3], loss, rng) if acts[i] else ratings_of(given, loss, rng)
            yield self.row(tune, f"{seed:08x}-0000-4000-8000-{number:012x}", i, response, loss)

    def row(self, tune: int, batch: str, index: int, response: Row, epsilon: float | None = None) -> Row:
        """Return an event on a tune as the server stores it."""
        return (
            _EMPTY
            | response
            | {
                "uuid": f"{batch[:8]}-{index:04x}-4000-8000-{batch[24:]}",
                "batch_id": batch,
                "sid_path": f"CROWD/{tune}.sid",
                "epsilon": epsilon,
                **dict(zip(Features.model_fields, self.features[tune].tolist(), strict=True)),
            }
        )


_EMPTY: Row = {
    **{column.name: None for column in events.columns if column.name != "id"},
    "song": 1,
    "day": date(2026, 2, 3),
}


def ratings_of(given: NDArray[np.int_], epsilon: float | None, rng: Generator) -> Row:
    """Return ratings of the first dimensions, perturbed as in a listener's client."""
    response = [
        1 + perturbed(value - 1, 5, epsilon and epsilon / len(given), rng) for value in given.tolist()
    ]
    return dict(zip(DIMENSIONS, response, strict=False))


def action_of(liking: int, epsilon: float | None, rng: Generator) -> Row:
    """Return a listener's action on a tune that they would rate `liking`."""
    return {"action": ACTIONS[perturbed(BY_LIKING[liking - 1], len(ACTIONS), epsilon, rng)]}


def perturbed(value: int, k: int, epsilon: float | None, rng: Generator) -> int:
    """Return one of the values 0 to k - 1 by randomized response, the true one if `epsilon` is None."""
    if epsilon is None or rng.random() < np.exp(epsilon) / (np.exp(epsilon) + k - 1):
        return value
    return int((value + rng.integers(1, k)) % k)


def store(url: str, rows: Iterable[Row]) -> None:
    """Add events to the database at `url`; create it if necessary."""
    migrate(url)
    engine = connect(parse_url(url)).execution_options(writes=True)
    with engine.begin() as connection:
        waiting: list[Row] = []
        for row in rows:
            waiting.append(row)
            if len(waiting) == 10_000:
                connection.execute(insert(events), waiting)
                waiting = []
        if waiting:
            connection.execute(insert(events), waiting)
    engine.dispose()


def error(model: Model, crowd: Crowd) -> float:
    """Return the model's root mean square error against the average ratings."""
    return float(np.sqrt(((model.predict_many(crowd.features) - crowd.truth) ** 2).mean()))


def model_of(settings: Settings) -> Model:
    """Return the published model."""
    return Publication(settings.model_path, settings.first_model).current()[0]
