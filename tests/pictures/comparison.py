"""Compares pictures so that another machine's fonts and shades don't count, but what moved does."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageChops

SCALE: Final = 4
"""References have a quarter of the page's pixels in each direction: that evens out how fonts are drawn."""

CELL: Final = 8
"""Cells of so many reference pixels are compared by their mean color: 32 pixels of the page."""

NOTICED: Final = 10
"""Two cells differ if a channel of their mean colors differs by more, of 255."""

TOLERANCE: Final = 0.02
"""The share of cells that may differ."""


def reduced(png: bytes) -> Image.Image:
    """Return the picture of a page in the size of references."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    return picture.reduce(SCALE)


def save_reference(png: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    reduced(png).quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


def difference(png: bytes, path: Path) -> float:
    """Return the share of cells, 0 to 1, in which a picture differs from a reference.

    Another size counts as 1.
    """
    picture, reference = reduced(png), Image.open(path).convert("RGB")
    if picture.size != reference.size:
        return 1.0
    cells = ImageChops.difference(picture.reduce(CELL), reference.reduce(CELL))
    worst = ImageChops.lighter(ImageChops.lighter(*cells.split()[:2]), cells.split()[2])
    counts = worst.histogram()
    return sum(counts[NOTICED + 1 :]) / sum(counts)
