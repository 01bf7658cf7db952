"""What the learner promises of itself, on average over made-up listeners: never worse than their mean, no
error that is too small, intervals that cover, and nothing told where there is nothing to tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from sidflow_feedback.idle import finish
from sidflow_feedback.learning.dataset import Dataset
from sidflow_feedback.learning.fine_tuning import FineTuningResult, fine_tune, with_result
from sidflow_feedback.types import FloatArray
from tests.unit.listening import base_model

PREFERENCE = 3
LISTENERS = 24
UNSEEN = 400

Taste = Callable[[np.random.Generator, FloatArray], FloatArray]


def opinionated(rng: np.random.Generator, features: FloatArray) -> FloatArray:
    return 3 + 0.8 * np.tanh(features @ rng.standard_normal(8)) + rng.normal(0, 1.0, len(features))


def coin_flips(rng: np.random.Generator, features: FloatArray) -> FloatArray:
    return np.where(rng.random(len(features)) < 0.5, 1.0, 5.0)


def contrary(rng: np.random.Generator, features: FloatArray) -> FloatArray:
    """Return the opposite of what the global model says."""
    said: FloatArray = base_model().predict_many(features)[:, PREFERENCE]
    ratings: FloatArray = 3 - 2 * (said - said.mean()) + rng.normal(0, 1.0, len(features))
    return ratings


@dataclass(frozen=True)
class Outcome:
    """What one listener's model is worth, and what it says of itself."""

    error: float
    mean_error: float
    told: float
    coverage: float
    tells: str


def learned(rated: FloatArray, ratings: FloatArray, library: FloatArray) -> FineTuningResult:
    labels, weights = np.zeros((len(rated), 4)), np.zeros((len(rated), 4))
    labels[:, PREFERENCE], weights[:, PREFERENCE] = ratings, 1
    rows = Dataset(rated, labels, weights, np.arange(len(rated)), skipped=0)
    return finish(fine_tune(base_model(), None, rows, library, iterations=100, seed=1))


def outcome(taste: Taste, count: int, seed: int) -> Outcome:
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((count + UNSEEN, 8))
    ratings = np.clip(np.round(taste(rng, features)), 1, 5)
    result = learned(features[:count], ratings[:count], features[count:])
    model = with_result(base_model(), "local-1", result)
    truth, predicted = ratings[count:], model.predict_many(features[count:])[:, PREFERENCE]
    widths = model.half_widths(features[count:])
    assert widths is not None
    return Outcome(
        error=float(np.sqrt(np.mean((predicted - truth) ** 2))),
        mean_error=float(np.sqrt(np.mean((ratings[:count].mean() - truth) ** 2))),
        told=result.error,
        coverage=float(np.mean(np.abs(predicted - truth) <= widths[:, PREFERENCE])),
        tells=result.tells,
    )


@pytest.fixture(
    scope="module", params=[(taste, n) for taste in (opinionated, coin_flips, contrary) for n in (16, 64)]
)
def outcomes(request: pytest.FixtureRequest) -> list[Outcome]:
    taste, count = request.param
    return [outcome(taste, count, seed) for seed in range(LISTENERS)]


def mean(outcomes: list[Outcome], name: str) -> float:
    return float(np.mean([getattr(one, name) for one in outcomes]))


def test_the_model_is_not_worse_than_the_mean(outcomes: list[Outcome]) -> None:
    assert mean(outcomes, "error") < 1.01 * mean(outcomes, "mean_error")


def test_the_error_shown_is_the_true_one(outcomes: list[Outcome]) -> None:
    assert mean(outcomes, "told") == pytest.approx(mean(outcomes, "error"), rel=0.1)


def test_intervals_cover(outcomes: list[Outcome]) -> None:
    assert 0.85 <= mean(outcomes, "coverage") <= 1


def test_coin_flips_tell_nothing() -> None:
    flips = [outcome(coin_flips, 64, seed) for seed in range(100, 140)]
    assert sum(bool(flip.tells) for flip in flips) <= 4


SOME = np.random.default_rng(7).standard_normal((40, 8))
FLAT = np.ones_like(SOME)
BOTH = np.tile([1.0, 5.0], 20)


@pytest.mark.parametrize(
    ("rated", "ratings"),
    [
        (FLAT, BOTH),
        (SOME[:2], BOTH[:2]),
        (np.repeat(SOME[:20], 2, axis=0), BOTH),
        (SOME, np.full(40, 4.0)),
    ],
    ids=["constant features", "two tunes", "contradictory", "all equal"],
)
def test_nothing_is_told_where_there_is_nothing_to_tell(rated: FloatArray, ratings: FloatArray) -> None:
    result = learned(rated, ratings, SOME)
    predicted = with_result(base_model(), "local-1", result).predict_many(SOME)[:, PREFERENCE]
    assert result.tells == ""
    assert np.abs(predicted - ratings.mean()).max() < 0.6


def test_4096_rows_are_learned() -> None:
    rng = np.random.default_rng(1)
    features = rng.standard_normal((4096, 8))
    ratings = np.clip(np.round(opinionated(rng, features)), 1, 5)
    result = learned(features, ratings, features[:512])
    assert result.tells == "p"
    assert result.error < 0.95 * result.mean_error
