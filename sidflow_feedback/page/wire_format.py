"""The format of features and predictions between page and engine: a row for each song, in base64.

Features and scores are 32-bit floats. How sure the scores are is a byte, with two bits for each dimension.

Imports on MicroPython too.
"""

import binascii
import struct

from sidflow_feedback.vocabulary import DIMENSIONS, FEATURE_NAMES

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


FEATURES_FORMAT = "<8f"
SCORES_FORMAT = "<4f"
NAN = float("nan")


def pack(songs: "Sequence[Mapping[str, Any] | None]") -> str:
    """Return the features of songs, one row for each; NaN where unknown."""
    rows = bytearray()
    for features in songs:
        known = features or {}
        rows += struct.pack(FEATURES_FORMAT, *[_number(known.get(name)) for name in FEATURE_NAMES])
    return binascii.b2a_base64(rows).decode().strip()


def unpack(text: str) -> bytes:
    """Return the rows in `text` as bytes."""
    return binascii.a2b_base64(text.encode())


def score(scores: bytes, row: int) -> "dict[str, float] | None":
    """Return the predicted e, m, c, and p in a row; None if unknown."""
    offset = row * struct.calcsize(SCORES_FORMAT)
    if row < 0 or offset >= len(scores):
        return None
    values = struct.unpack_from(SCORES_FORMAT, scores, offset)
    return None if values[0] != values[0] else dict(zip(DIMENSIONS, values))  # noqa: B905


def sureness(levels: bytes, row: int) -> "dict[str, int]":
    """Return how sure the prediction of each dimension in a row is, from 0 (can't tell) to 3."""
    packed = levels[row] if 0 <= row < len(levels) else 0
    return {name: packed >> 2 * number & 3 for number, name in enumerate(DIMENSIONS)}


def _number(value: "Any") -> float:
    return NAN if value is None else float(value)
