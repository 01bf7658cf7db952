"""Contributions of features: they add up, are fair, and point the way the model does."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.recommending.explanation import Explanation
from sidflow_feedback.types import FloatArray
from sidflow_feedback.vocabulary import FEATURE_NAMES

COUNT = len(FEATURE_NAMES)


def model(seed: int) -> Model:
    network = Network.random(seed, dtype=np.float64)
    network.layers[-1][:-1] *= 3  # So that some predictions are cut off at 1 and 5.
    return Model("global-1", "global-1", FeatureScaler((0.0,) * COUNT, (1.0,) * COUNT), network)


def tune(seed: int) -> FloatArray:
    return np.random.default_rng(seed).normal(size=COUNT)


@pytest.mark.parametrize("seed", range(10))
def test_contributions_add_up_to_the_prediction(seed: int) -> None:
    predict, features, average = model(seed).predict_many, tune(seed + 100), tune(seed + 200)
    found = Explanation.of(predict, features, average)
    assert found.baseline == pytest.approx(predict(average[None])[0])
    assert found.prediction == pytest.approx(predict(features[None])[0])
    assert found.baseline + found.contributions.sum(axis=0) == pytest.approx(found.prediction)


def test_equals_the_average_over_all_orders_of_joining() -> None:
    """The definition, by brute force, for four features."""

    def predict(rows: FloatArray) -> FloatArray:
        outputs: FloatArray = rows[:, :1] * rows[:, 1:2] + np.maximum(rows[:, 2:3], rows[:, 3:4]) ** 2
        return outputs

    features, average = np.array([1.0, -2.0, 0.5, 3.0]), np.array([0.2, 1.0, -1.0, 0.3])
    expected = np.zeros(4)
    orders = list(permutations(range(4)))
    for order in orders:
        row = average.copy()
        for i in order:
            before = predict(row[None])[0, 0]
            row[i] = features[i]
            expected[i] += (predict(row[None])[0, 0] - before) / len(orders)
    assert Explanation.of(predict, features, average).contributions[:, 0] == pytest.approx(expected)


def test_linear_model_credits_weight_times_distance() -> None:
    weights = np.arange(COUNT) - 3.5
    features, average = tune(1), tune(2)
    found = Explanation.of(lambda rows: (rows @ weights)[:, None] + 3, features, average)
    assert found.contributions[:, 0] == pytest.approx(weights * (features - average))
    assert found.above.tolist() == (features > average).tolist()


def test_rising_model_credits_what_is_higher_and_debits_what_is_lower() -> None:
    def predict(rows: FloatArray) -> FloatArray:
        outputs: FloatArray = np.tanh(rows.sum(axis=1, keepdims=True)) + np.maximum(rows[:, :1], 0)
        return outputs

    found = Explanation.of(predict, tune(5), tune(6))
    assert ((found.contributions[:, 0] > 0) == found.above).all()


def test_feature_that_does_not_matter_or_is_average_gets_nothing() -> None:
    features, average = tune(7), tune(8)
    features[3] = average[3]
    found = Explanation.of(lambda rows: np.sin(rows[:, :4].sum(axis=1, keepdims=True)), features, average)
    assert found.contributions[3:, 0] == pytest.approx(np.zeros(5))


def test_equals_get_equal_credit() -> None:
    features, average = np.ones(COUNT), np.zeros(COUNT)
    found = Explanation.of(lambda rows: np.prod(rows + 1, axis=1, keepdims=True), features, average)
    assert found.contributions[:, 0] == pytest.approx(np.full(COUNT, (2**COUNT - 1) / COUNT))
