"""What held-out rows say about predictions."""

from __future__ import annotations

import numpy as np
import pytest

from sidflow_feedback.learning.shrinkage import MIN_SLOPE, Shrinkage


def judged(slope: float, noise: float, count: int = 200) -> Shrinkage:
    """Return the shrinkage of predictions on which the truth has this slope."""
    rng = np.random.default_rng(1)
    distance = rng.normal(0, 0.8, count)
    labels = 3 + slope * distance + rng.normal(0, noise, count)
    return Shrinkage.of(3.0, 3 + distance, np.full(count, 3.0), labels, np.ones(count))


@pytest.mark.parametrize("slope", [0.3, 0.6, 0.9])
def test_the_slope_of_truth_on_prediction_is_found(slope: float) -> None:
    assert judged(slope, 0.3).slope == pytest.approx(slope, abs=0.08)


def test_wrong_predictions_are_shrunk_to_the_mean() -> None:
    shrinkage = judged(-1.0, 0.3)
    assert (shrinkage.slope, shrinkage.tells) == (MIN_SLOPE, False)
    assert shrinkage.apply(np.array([5.0]))[0] == pytest.approx(3 + 2 * MIN_SLOPE)


def test_few_rows_change_little() -> None:
    assert judged(0.0, 1.0, count=8).slope > 2 * judged(0.0, 1.0).slope


def test_the_errors_are_those_of_the_shrunk_predictions_and_of_the_mean() -> None:
    shrinkage = judged(0.5, 0.4)
    assert shrinkage.error == pytest.approx(0.4, rel=0.15)
    assert shrinkage.mean_error == pytest.approx(np.hypot(0.4, 0.5 * 0.8), rel=0.15)


def test_it_tells_only_what_is_better_than_chance() -> None:
    assert judged(0.6, 0.5).tells
    assert sum(coin_flips(seed) for seed in range(200)) < 12


def coin_flips(seed: int) -> bool:
    rng = np.random.default_rng(seed)
    distance, labels = rng.normal(0, 0.5, 64), np.where(rng.random(64) < 0.5, 1.0, 5.0)
    return Shrinkage.of(3.0, 3 + distance, np.full(64, 3.0), labels, np.ones(64)).tells


def test_equal_ratings_tell_nothing() -> None:
    shrinkage = Shrinkage.of(4.0, np.full(9, 4.0), np.full(9, 4.0), np.full(9, 4.0), np.ones(9))
    assert (shrinkage.error, shrinkage.tells) == (0, False)
