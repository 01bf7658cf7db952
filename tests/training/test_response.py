"""The correction for randomized response: on average, a perturbed event counts like the exact one."""

import numpy as np
import pytest

from app.training.response import action_evidence, rating_evidence
from sidflow_feedback.learning.judgments import IMPLIED_PREFERENCES
from sidflow_feedback.vocabulary import ACTIONS, DIMENSIONS

EPSILONS = [0.1, 1.0, 2.5, 10.0]
P = DIMENSIONS.index("p")


def chances(true: int, k: int, epsilon: float) -> list[float]:
    """Return the probability of each of k reported values for a true one, by definition."""
    truthful = np.exp(epsilon) / (np.exp(epsilon) + k - 1)
    return [truthful if value == true else (1 - truthful) / (k - 1) for value in range(k)]


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("given", [1, 3, 4])
@pytest.mark.parametrize("true", [1, 2, 5])
def test_ratings(epsilon: float, given: int, true: int) -> None:
    reported = np.full((5, 4), np.nan)
    reported[:, :given] = np.arange(1, 6)[:, None]
    evidence = rating_evidence(reported, np.full(5, epsilon))
    odds = np.array(chances(true - 1, 5, epsilon / given))
    pull, weight = odds @ evidence.pulls, odds @ evidence.weights
    assert np.allclose(pull[:given] / weight[:given], true - 3)
    assert not pull[given:].any()
    assert not weight[given:].any()


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("true", range(len(ACTIONS)))
def test_actions(epsilon: float, true: int) -> None:
    k = len(ACTIONS)
    evidence = action_evidence(np.arange(k), np.full(k, epsilon))
    exact = action_evidence(np.arange(k), np.full(k, np.nan))
    odds = np.array(chances(true, k, epsilon))
    sure = ((np.exp(epsilon) - 1) / (np.exp(epsilon) + k - 1)) ** 2
    assert np.allclose(odds @ evidence.pulls, sure * exact.pulls[true])
    assert np.allclose(odds @ evidence.weights, sure * exact.weights[true])


def test_exact_actions_match_the_library() -> None:
    evidence = action_evidence(np.arange(len(ACTIONS)), np.full(len(ACTIONS), np.nan))
    for i, action in enumerate(ACTIONS):
        value, weight = IMPLIED_PREFERENCES.get(action, (3.0, 0.0))
        assert evidence.weights[i].tolist() == [0, 0, 0, weight]
        assert evidence.pulls[i, P] == pytest.approx(weight * (value - 3))
    rated = rating_evidence(np.array([[5.0, 3.0, np.nan, 1.0]]), np.array([np.nan]))
    assert rated.pulls.tolist() == [[2, 0, 0, -2]]
    assert rated.weights.tolist() == rated.masses.tolist() == [[1, 1, 0, 1]]


@pytest.mark.parametrize("epsilon", [*EPSILONS, np.nan])
def test_pull_of_an_event_is_limited_by_its_mass(epsilon: float) -> None:
    rng = np.random.default_rng(0)
    ratings = rng.integers(1, 6, (200, 4)).astype(float)
    ratings[rng.random(ratings.shape) < 0.4] = np.nan
    losses, actions = np.full(200, epsilon), rng.integers(-1, len(ACTIONS), 200)
    for evidence in (rating_evidence(ratings, losses), action_evidence(actions, losses)):
        assert (np.abs(evidence.pulls) <= 2 * evidence.masses + 1e-12).all()
        assert (evidence.weights <= evidence.masses + 1e-12).all()
        assert (evidence.masses <= 1).all()
