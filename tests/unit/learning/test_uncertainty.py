"""Intervals, and where they are wide."""

from __future__ import annotations

import numpy as np
import pytest

from sidflow_feedback.idle import finish
from sidflow_feedback.learning.model import Network
from sidflow_feedback.learning.uncertainty import (
    Uncertainty,
    calibrated_width,
    posterior_covariances,
    spreads,
)
from sidflow_feedback.types import FloatArray


def covariances(inputs: FloatArray, weight: float = 1.0) -> FloatArray:
    return finish(posterior_covariances(Network.random(1), inputs, np.full((len(inputs), 4), weight)))


def test_covariances_are_those_of_a_bayesian_regression() -> None:
    inputs = np.random.default_rng(1).standard_normal((50, 8))
    network, hidden = Network.random(1), Network.random(1).hidden(inputs).astype(np.float64)
    more = finish(posterior_covariances(network, inputs, np.full((50, 4), 2.0)))
    once = covariances(inputs)
    np.testing.assert_allclose(np.linalg.inv(more[0]) - np.linalg.inv(once[0]), hidden @ hidden.T, atol=1e-6)


def test_songs_unlike_the_rated_ones_are_less_certain() -> None:
    rated = np.random.default_rng(1).normal(0, 0.3, (60, 8))
    rated[:, 0] -= 2
    other = rated * [-1, 1, 1, 1, 1, 1, 1, 1]
    network = Network.random(1)
    found = [spreads(covariances(rated), network.hidden(rows)).mean() for rows in (rated, other)]
    assert found[1] > 1.5 * found[0]


def test_more_ratings_make_it_more_certain() -> None:
    inputs = np.random.default_rng(1).standard_normal((200, 8))
    hidden = Network.random(1).hidden(inputs)
    few, many = spreads(covariances(inputs[:10]), hidden), spreads(covariances(inputs), hidden)
    assert many.mean() < 0.3 * few.mean()


def test_intervals_contain_what_they_say() -> None:
    errors = np.random.default_rng(2).normal(0, 1, 2300)
    width = calibrated_width(errors[:300], np.ones(300), np.ones(300))
    assert np.mean(np.abs(errors[300:]) <= width) == pytest.approx(0.9, abs=0.05)
    assert width == pytest.approx(1.645, rel=0.15)


def test_intervals_of_likes_and_dislikes_contain_both() -> None:
    errors = np.random.default_rng(2).choice([-1.8, 2.2], 300)
    assert calibrated_width(errors, np.ones(300), np.ones(300)) == pytest.approx(2.2)


def test_an_interval_is_in_ratings() -> None:
    inputs = np.random.default_rng(1).standard_normal((20, 8))
    uncertain = Uncertainty(np.zeros((4, 17, 17)), np.full(4, 0.5), np.full(4, 1.6))
    hidden = Network.random(1).hidden(inputs)
    np.testing.assert_allclose(uncertain.half_widths(hidden), 0.8)
    np.testing.assert_allclose(uncertain.deviations(hidden, [3]), np.zeros((20, 1)))
