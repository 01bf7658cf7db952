"""What events say of a tune, as sums that can be added up; perturbed events are corrected for.

A listener may perturb values before they are sent, by k-ary randomized response (Warner 1965; Kairouz,
Bonawitz and Ramage 2016): with probability p = e^a / (e^a + k - 1) a value is the true one, else one of the
k - 1 others, each with q = 1 / (e^a + k - 1). Here r = p - q is called the reliability. A rating's distance
from 3, the middle, estimates the true one's without bias when it is divided by r; so does what an action says
when q times what all actions say is taken out first. Such an estimate has some 1/r^2 times the variance, so
it weighs r^2. Exact events have r = 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sidflow_feedback.learning.dataset import IMPLIED_PREFERENCES
from sidflow_feedback.vocabulary import ACTIONS, DIMENSIONS, NEUTRAL_RATING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidflow_feedback.types import FloatArray

RATING_VALUES: Final = 5
PREFERENCE: Final = DIMENSIONS.index("p")

_SAYS = np.array([IMPLIED_PREFERENCES.get(action, (NEUTRAL_RATING, 0.0)) for action in ACTIONS])
_WEIGHTS = _SAYS[:, 1]
_PULLS = _WEIGHTS * (_SAYS[:, 0] - NEUTRAL_RATING)


class Evidence(NamedTuple):
    """What events say of e, m, c and p; each array of shape (n, 4).

    Attributes
    ----------
    pulls
        Weight times distance from the middle of the scale. Sums of it over sums of `weights` are means.
    weights
        1 for an exact rating, 0 where nothing is said; of single perturbed actions also below 0.
    masses
        What an event can move, in exact ratings: half the size of `pulls` at most. Of a perturbed event it is
        more than the weight.
    """

    pulls: FloatArray
    weights: FloatArray
    masses: FloatArray


def reliability(epsilon: FloatArray, k: int) -> FloatArray:
    """Return p - q of `k` values at this privacy loss; 1 where it is NaN, which means exact."""
    found: FloatArray = np.expm1(epsilon) / (np.exp(epsilon) + k - 1)
    return np.where(np.isnan(epsilon), 1.0, found)


def of_ratings(ratings: FloatArray, epsilon: FloatArray) -> Evidence:
    """Return what ratings say.

    Parameters
    ----------
    ratings
        1 to 5, NaN where none was given, shape (n, 4).
    epsilon
        Of each event, shape (n,), shared evenly by its ratings; NaN where they are exact.
    """
    given = ~np.isnan(ratings)
    each = epsilon / np.maximum(given.sum(axis=1), 1)
    sure = reliability(each, RATING_VALUES)[:, None] * given
    distances = np.where(given, ratings - NEUTRAL_RATING, 0.0)
    return Evidence(sure * distances, sure**2, sure)


def of_actions(actions: NDArray[np.intp], epsilon: FloatArray) -> Evidence:
    """Return what actions say of the preference, as a share of a rating (`dataset.IMPLIED_PREFERENCES`).

    Parameters
    ----------
    actions
        Indices into `ACTIONS`, -1 where there is none, shape (n,).
    epsilon
        Of each event, shape (n,); NaN where the action is exact.
    """
    there = actions >= 0
    sure = reliability(epsilon, len(ACTIONS))
    others = (1 - sure) / len(ACTIONS)  # q, since p + (k - 1) q = 1
    evidence = Evidence(*(np.zeros((len(actions), len(DIMENSIONS))) for _ in Evidence._fields))
    evidence.pulls[:, PREFERENCE] = there * sure * (_PULLS[actions] - others * _PULLS.sum())
    evidence.weights[:, PREFERENCE] = there * sure * (_WEIGHTS[actions] - others * _WEIGHTS.sum())
    evidence.masses[:, PREFERENCE] = there * np.where(np.isnan(epsilon), _WEIGHTS[actions], sure)
    return evidence
