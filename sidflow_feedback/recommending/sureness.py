"""Sureness: how far the page may trust each prediction, in four levels that a person understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.vocabulary import DIMENSIONS

if TYPE_CHECKING:
    from sidflow_feedback.learning.model import Array, Model

NOT_SURE: Final = 0
"""The model can't tell: there is no number to show."""

GUESS: Final = 1
"""Better than chance, but this song may be far off; also what a global model says and nobody has rated."""

FAIRLY_SURE: Final = 2
SURE: Final = 3

BOUNDS: Final = (0.6, 0.3)
"""Deviations of an expected rating below which it is fairly sure, and sure, in ratings."""

MIN_RANGE: Final = 0.05
"""A global model whose predictions differ by less, in ratings, knows nothing of a dimension."""

BITS: Final = 2
"""Of each dimension in a song's byte, the first dimension in the lowest bits."""


def told(model: Model) -> list[int]:
    """Return the numbers of the dimensions that a listener's model can tell."""
    return [output for output, name in enumerate(DIMENSIONS) if name in model.tells]


def levels(model: Model, outputs: Array, deviations: Array | None) -> NDArray[np.uint8]:
    """Return how sure a model is of its outputs, both of shape (n, 4).

    Parameters
    ----------
    deviations
        Of the dimensions that are `told`, in ratings, shape (n, told); None if they are unknown.
    """
    found = np.tile(_guessed(outputs), (len(outputs), 1))
    if model.uncertainty is None or deviations is None:
        return found
    found[:, np.isfinite(model.uncertainty.noises)] = NOT_SURE
    fairly, sure = BOUNDS
    found[:, told(model)] = GUESS + (deviations < fairly).astype(np.uint8) + (deviations < sure)
    return found


def _guessed(outputs: Array) -> NDArray[np.uint8]:
    """Return the level of each dimension that nothing was learned of, shape (4,)."""
    known = outputs[~np.isnan(outputs[:, 0])]
    ranges = np.ptp(known, axis=0) if len(known) else np.zeros(len(DIMENSIONS))
    return np.where(ranges < MIN_RANGE, NOT_SURE, GUESS).astype(np.uint8)


def packed(found: NDArray[np.uint8]) -> bytes:
    """Return one byte for each song's levels."""
    total = np.zeros(len(found), np.uint8)
    for number, column in enumerate(found.T):  # faster than a sum over the short axis
        total |= column << np.uint8(BITS * number)
    return total.tobytes()
