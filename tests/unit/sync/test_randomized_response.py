"""Randomized response: its bound, its distribution, its undoing on average, and that it never changes."""

from __future__ import annotations

import math
import random
import uuid
from collections import Counter
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2_contingency, chisquare

from sidflow_feedback.errors import PrivacyError
from sidflow_feedback.sync.deltas import AnonymizedDelta
from sidflow_feedback.sync.randomized_response import SCORES, perturb, response_probabilities
from sidflow_feedback.types import Action, Dimension
from sidflow_feedback.vocabulary import ACTIONS
from tests.contracts.samples import implicit, rating

KEY = bytes(range(32))
EPSILONS = (0.1, 1.0, 2.0, 4.0, 10.0)
UNLIKELY = 1e-3
"""Least p-value: the seeds are fixed, so that each outcome is the same in every run."""


def identities(count: int, seed: int) -> list[str]:
    source = random.Random(seed)
    return [str(uuid.UUID(int=source.getrandbits(128), version=4)) for _ in range(count)]


def ratings(values: dict[Dimension, int], epsilon: float, *, count: int, seed: int = 1) -> list[Any]:
    delta = AnonymizedDelta.from_event(rating(ratings=values))
    return [perturb(replace(delta, uuid=name), epsilon, KEY).ratings for name in identities(count, seed)]


def actions(action: Action, epsilon: float, *, count: int, seed: int = 2) -> list[Action | None]:
    delta = AnonymizedDelta.from_event(implicit(action=action))
    return [perturb(replace(delta, uuid=name), epsilon, KEY).action for name in identities(count, seed)]


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("choices", [5, 8])
def test_probabilities_add_up_and_differ_by_the_bound(choices: int, epsilon: float) -> None:
    p, q = response_probabilities(choices, epsilon)
    assert p + (choices - 1) * q == pytest.approx(1, rel=1e-15)
    assert p / q == pytest.approx(math.exp(epsilon), rel=1e-14)


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_no_rating_makes_what_is_sent_likelier_than_the_bound_allows(epsilon: float, dimensions: int) -> None:
    """Over all pairs of true ratings and all that can be sent: the largest ratio is e^epsilon, not more."""
    p, q = response_probabilities(len(SCORES), epsilon / dimensions)
    everything = list(product(SCORES, repeat=dimensions))
    sent = everything[0]
    chances = [math.prod(p if x == y else q for x, y in zip(true, sent, strict=True)) for true in everything]
    assert max(chances) / min(chances) == pytest.approx(math.exp(epsilon), rel=1e-13)


@pytest.mark.parametrize("epsilon", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("true", ["play", "skip_early", "dislike"])
def test_actions_are_distributed_as_stated(true: Action, epsilon: float) -> None:
    count = 8000
    seen = Counter(actions(true, epsilon, count=count))
    p, q = response_probabilities(len(ACTIONS), epsilon)
    expected = [count * (p if action == true else q) for action in ACTIONS]
    assert chisquare([seen[action] for action in ACTIONS], expected).pvalue > UNLIKELY


@pytest.mark.parametrize("epsilon", [1.0, 4.0])
@pytest.mark.parametrize("true", [{"p": 1}, {"e": 5, "m": 3}, {"e": 1, "m": 2, "c": 4}])
def test_ratings_are_distributed_as_stated(true: dict[Dimension, int], epsilon: float) -> None:
    count = 8000
    sent = ratings(true, epsilon, count=count)
    p, q = response_probabilities(len(SCORES), epsilon / len(true))
    for dimension, value in true.items():
        seen = Counter(given[dimension] for given in sent)
        expected = [count * (p if score == value else q) for score in SCORES]
        assert chisquare([seen[score] for score in SCORES], expected).pvalue > UNLIKELY


def test_dimensions_are_perturbed_independently_of_each_other() -> None:
    table = np.zeros((5, 5))
    for given in ratings({"e": 3, "m": 3}, 1.0, count=10_000):
        table[given["e"] - 1, given["m"] - 1] += 1
    assert chi2_contingency(table).pvalue > UNLIKELY


@pytest.mark.parametrize("epsilon", [1.0, 2.0, 4.0])
def test_means_are_recovered(epsilon: float) -> None:
    """By the unbiased estimate that the server's training uses, to within four standard errors."""
    truth, sent = [1] * 2000 + [4] * 5000 + [5] * 3000, []
    for value in sorted(set(truth)):
        sent += ratings({"e": value, "m": 1}, epsilon, count=truth.count(value), seed=value)
    p, q = response_probabilities(5, epsilon / 2)
    estimates = (np.array([given["e"] for given in sent]) - 15 * q) / (p - q)
    assert abs(estimates.mean() - np.mean(truth)) < 4 * estimates.std() / math.sqrt(len(truth))


def test_shares_of_actions_are_recovered() -> None:
    shares = np.array([0.4, 0.2, 0.1, 0.1, 0.05, 0.05, 0.08, 0.02])
    sent: Counter[Any] = Counter()
    for seed, (action, share) in enumerate(zip(ACTIONS, shares, strict=True)):
        sent += Counter(actions(action, 2.0, count=int(20_000 * share), seed=seed))
    p, q = response_probabilities(8, 2.0)
    matrix = np.full((8, 8), q) + (p - q) * np.eye(8)
    estimates = np.linalg.solve(matrix, np.array([sent[action] for action in ACTIONS]) / 20_000)
    assert estimates == pytest.approx(shares, abs=0.04)


@pytest.mark.parametrize("make", [rating, implicit])
def test_same_event_gives_the_same_value_with_the_same_key_only(make: Any) -> None:
    deltas = [AnonymizedDelta.from_event(make()) for _ in range(200)]
    first = [perturb(delta, 1.0, KEY) for delta in deltas]
    assert [perturb(delta, 1.0, KEY) for delta in deltas] == first
    assert [perturb(delta, 1.0, bytes(32)) for delta in deltas] != first
    assert len({(str(delta.ratings), delta.action) for delta in first}) > 4


@pytest.mark.parametrize("make", [rating, implicit])
def test_nothing_but_the_values_is_perturbed_and_epsilon_is_stated(make: Any) -> None:
    delta = AnonymizedDelta.from_event(make())
    sent = perturb(delta, 2.0, KEY)
    assert replace(sent, ratings=delta.ratings, action=delta.action, epsilon=None) == delta
    assert set(sent.ratings or {}) == set(delta.ratings or {})
    assert sent.to_record()["epsilon"] == 2.0
    assert "epsilon" not in delta.to_record()


@pytest.mark.parametrize("epsilon", [0, 0.0999, 10.001, -1, math.nan, math.inf, True, None, "2"])
def test_epsilon_out_of_bounds_is_refused(epsilon: Any) -> None:
    with pytest.raises(PrivacyError, match=r"epsilon must be from 0\.1 to 10"):
        perturb(AnonymizedDelta.from_event(rating()), epsilon, KEY)
