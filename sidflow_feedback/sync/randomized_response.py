"""Local differential privacy: k-ary randomized response over the rating scale and over the actions.

A value is kept with probability p and replaced by each of the k - 1 others with probability q, where
p / q = e^epsilon. So no true value makes a reported value more than e^epsilon times as likely as another true
value does [1]_ [2]_.

The random numbers are derived from a secret key of this browser and the event's uuid (HMAC-SHA256). So a
retry sends the same value, even after a restart, and repeats can't be averaged out. Without the key, the
numbers can't be distinguished from random ones.

.. [1] S. L. Warner, "Randomized response: a survey technique for eliminating evasive answer bias", Journal of
   the American Statistical Association 60 (1965).
.. [2] P. Kairouz, K. Bonawitz, D. Ramage, "Discrete distribution estimation under local privacy", ICML 2016.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeVar

from sidflow_feedback.errors import PrivacyError
from sidflow_feedback.sync.deltas import AnonymizedDelta
from sidflow_feedback.vocabulary import ACTIONS, MAX_EPSILON, MIN_EPSILON

SCORES: Final = (1, 2, 3, 4, 5)

ValueT = TypeVar("ValueT")


def response_probabilities(choices: int, epsilon: float) -> tuple[float, float]:
    """Return the probability p of the true value, and q of each of the `choices` - 1 others.

    Examples
    --------
    >>> p, q = response_probabilities(5, math.log(4))
    >>> round(p, 12), round(q, 12)
    (0.5, 0.125)
    """
    weight = math.exp(epsilon)
    return weight / (weight + choices - 1), 1 / (weight + choices - 1)


def perturb(delta: AnonymizedDelta, epsilon: float, key: bytes) -> AnonymizedDelta:
    """Return `delta` with its action or ratings perturbed. The same arguments give the same result.

    Parameters
    ----------
    epsilon
        Privacy loss of the event, 0.1 to 10. Ratings of d dimensions spend epsilon / d on each dimension.
    key
        This browser's secret key.

    Raises
    ------
    PrivacyError
        `epsilon` is out of range.
    """
    require_epsilon(epsilon)
    if delta.action is not None:
        action = _response(delta.action, ACTIONS, epsilon, key, f"{delta.uuid} action")
        return replace(delta, action=action, epsilon=epsilon)
    given = delta.ratings or {}
    ratings = {
        dimension: _response(score, SCORES, epsilon / len(given), key, f"{delta.uuid} {dimension}")
        for dimension, score in given.items()
    }
    return replace(delta, ratings=ratings, epsilon=epsilon)


def require_epsilon(epsilon: float) -> None:
    """Raise `PrivacyError` unless `epsilon` is a number from 0.1 to 10."""
    number = isinstance(epsilon, (int, float)) and not isinstance(epsilon, bool)
    if not number or not MIN_EPSILON <= epsilon <= MAX_EPSILON:
        raise PrivacyError(
            f"Nothing is sent: epsilon must be from {MIN_EPSILON} to {MAX_EPSILON:g}, not {epsilon!r}. "
            "Choose the noise again in Preferences."
        )


def _response(value: ValueT, choices: Sequence[ValueT], epsilon: float, key: bytes, name: str) -> ValueT:
    keep, which = _uniforms(key, name)
    if keep < response_probabilities(len(choices), epsilon)[0]:
        return value
    others = [choice for choice in choices if choice != value]
    return others[int(which * len(others))]


def _uniforms(key: bytes, name: str) -> tuple[float, float]:
    """Return two numbers from [0, 1), each a multiple of 2^-53."""
    digest = hmac.digest(key, name.encode(), "sha256")
    return tuple((int.from_bytes(part) >> 11) / 2**53 for part in (digest[:8], digest[8:16]))  # type: ignore[return-value]
