"""Rhythms written as text: a character for each row; ``.`` lets the last sound go on, ``-`` is silence."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Stroke:
    """A sound from row `row` on for `rows` rows; `symbol` says which."""

    row: int
    rows: int
    symbol: str


def strokes(text: str, rows: int) -> Iterator[Stroke]:
    """Strokes of a rhythm, repeated until `rows` rows are full."""
    grid = (text * (rows // len(text) + 1))[:rows]
    starts = [row for row, symbol in enumerate(grid) if symbol != "."]
    for start, stop in pairwise([*starts, rows]):
        if grid[start] != "-":
            yield Stroke(start, stop - start, grid[start])
