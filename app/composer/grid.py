"""Rhythms as text: one character per row. ``.`` continues the last sound, ``-`` is silence."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Stroke:
    """A sound that starts at row `row` and lasts `rows` rows; `symbol` selects it."""

    row: int
    rows: int
    symbol: str


def strokes(text: str, rows: int) -> Iterator[Stroke]:
    """Yield the strokes of a rhythm, repeated to fill `rows` rows."""
    grid = (text * (rows // len(text) + 1))[:rows]
    starts = [row for row, symbol in enumerate(grid) if symbol != "."]
    for start, stop in pairwise([*starts, rows]):
        if grid[start] != "-":
            yield Stroke(start, stop - start, grid[start])
