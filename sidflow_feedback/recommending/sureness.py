"""Sureness: how far the page may trust each prediction, in four levels that a person understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.vocabulary import DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidflow_feedback.learning.model import Array, Model

NOT_SURE: Final = 0
"""The model can't tell: there is no number to show."""

GUESS: Final = 1
"""Better than chance, but this song may be far off; also whatever a global model says of a stranger."""

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


def levels_of_global(outputs: Array) -> NDArray[np.uint8]:
    """Return the levels of a global model's outputs, both of shape (n, 4)."""
    known = outputs[~np.isnan(outputs[:, 0])]
    ranges = np.ptp(known, axis=0) if len(known) else np.zeros(len(DIMENSIONS))
    levels = np.where(ranges < MIN_RANGE, NOT_SURE, GUESS).astype(np.uint8)
    return np.tile(levels, (len(outputs), 1))


def levels_of_local(deviations: Array, outputs: Sequence[int]) -> NDArray[np.uint8]:
    """Return the levels of all dimensions, shape (n, 4), for the deviations of some, shape (n, outputs)."""
    levels = np.full((len(deviations), len(DIMENSIONS)), NOT_SURE, np.uint8)
    fairly, sure = BOUNDS
    levels[:, list(outputs)] = GUESS + (deviations < fairly).astype(np.uint8) + (deviations < sure)
    return levels


def packed(levels: NDArray[np.uint8]) -> bytes:
    """Return one byte for each song."""
    shifts = BITS * np.arange(len(DIMENSIONS), dtype=np.uint8)
    return bytes((levels << shifts).sum(axis=1, dtype=np.uint8))
