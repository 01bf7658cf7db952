"""Evidence about tunes from events, as sums; corrected for randomized response.

A listener may perturb values before upload by k-ary randomized response (Warner 1965; Kairouz, Bonawitz, and
Ramage 2016): with probability p = e^a / (e^a + k - 1) a value is the true one, otherwise one of the k - 1
others, each with probability q = 1 / (e^a + k - 1). The reliability is r = p - q. A rating's distance from 3,
the middle of the scale, divided by r is an unbiased estimate of the true distance. The same holds for the
preference that an action implies, after subtracting q times the sum over all actions. The variance of such an
estimate is about 1/r^2 times as large, so its weight is r^2. Exact events have r = 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sidflow_feedback.learning.judgments import IMPLIED_PREFERENCES
from sidflow_feedback.vocabulary import ACTIONS, DIMENSIONS, NEUTRAL_RATING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidflow_feedback.types import FloatArray

RATING_VALUES: Final = 5
PREFERENCE: Final = DIMENSIONS.index("p")

_IMPLIED = np.array([IMPLIED_PREFERENCES.get(action, (NEUTRAL_RATING, 0.0)) for action in ACTIONS])
_WEIGHTS = _IMPLIED[:, 1]
_PULLS = _WEIGHTS * (_IMPLIED[:, 0] - NEUTRAL_RATING)


class Evidence(NamedTuple):
    """Evidence of events for e, m, c, and p; arrays of shape (n, 4).

    Attributes
    ----------
    pulls
        Weight times distance from the middle of the scale. Their sum over that of `weights` is a mean.
    weights
        1 for an exact rating, 0 without evidence; a single perturbed action may have a negative weight.
    masses
        Upper bound of an event's influence in exact ratings: half of the maximum of `pulls`. For a perturbed
        event it exceeds the weight.
    """

    pulls: FloatArray
    weights: FloatArray
    masses: FloatArray


def reliability(epsilon: FloatArray, k: int) -> FloatArray:
    """Return p - q for `k` values at this privacy loss; 1 where it is NaN (exact)."""
    found: FloatArray = np.expm1(epsilon) / (np.exp(epsilon) + k - 1)
    return np.where(np.isnan(epsilon), 1.0, found)


def rating_evidence(ratings: FloatArray, epsilon: FloatArray) -> Evidence:
    """Return the evidence of ratings.

    Parameters
    ----------
    ratings
        1 to 5, NaN for none, shape (n, 4).
    epsilon
        Privacy loss of each event, split evenly among its ratings; NaN if they are exact; shape (n,).
    """
    given = ~np.isnan(ratings)
    each = epsilon / np.maximum(given.sum(axis=1), 1)
    r = reliability(each, RATING_VALUES)[:, None] * given
    distances = np.where(given, ratings - NEUTRAL_RATING, 0.0)
    return Evidence(r * distances, r**2, r)


def action_evidence(actions: NDArray[np.intp], epsilon: FloatArray) -> Evidence:
    """Return the evidence of actions for the preference (see `dataset.IMPLIED_PREFERENCES`).

    Parameters
    ----------
    actions
        Indices into `ACTIONS`, -1 for none, shape (n,).
    epsilon
        Privacy loss of each event; NaN if the action is exact; shape (n,).
    """
    present = actions >= 0
    r = reliability(epsilon, len(ACTIONS))
    others = (1 - r) / len(ACTIONS)  # q, since p + (k - 1) q = 1
    evidence = Evidence(*(np.zeros((len(actions), len(DIMENSIONS))) for _ in Evidence._fields))
    evidence.pulls[:, PREFERENCE] = present * r * (_PULLS[actions] - others * _PULLS.sum())
    evidence.weights[:, PREFERENCE] = present * r * (_WEIGHTS[actions] - others * _WEIGHTS.sum())
    evidence.masses[:, PREFERENCE] = present * np.where(np.isnan(epsilon), _WEIGHTS[actions], r)
    return evidence
