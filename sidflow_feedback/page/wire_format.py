"""How features and scores cross between page and engine: rows of 32-bit floats, as base64.

Imports on MicroPython too.
"""

import binascii
import struct

from sidflow_feedback.vocabulary import DIMENSIONS, FEATURE_NAMES

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

FEATURES = "<8f"
SCORES = "<4f"
NAN = float("nan")


def pack(songs: "list[dict[str, Any] | None]") -> str:
    """Return the rows of these songs' features; one that is not known is not a number."""
    rows = bytearray()
    for features in songs:
        known = features or {}
        rows += struct.pack(FEATURES, *[_number(known.get(name)) for name in FEATURE_NAMES])
    return binascii.b2a_base64(rows).decode().strip()


def unpack(text: str) -> bytes:
    """Return rows as bytes."""
    return binascii.a2b_base64(text.encode())


def score(scores: bytes, row: int) -> "dict[str, float] | None":
    """Return e, m, c and p of a row; None where they are not known."""
    offset = row * struct.calcsize(SCORES)
    if row < 0 or offset >= len(scores):
        return None
    values = struct.unpack_from(SCORES, scores, offset)
    return None if values[0] != values[0] else dict(zip(DIMENSIONS, values))  # noqa: B905


def _number(value: "Any") -> float:
    return NAN if value is None else float(value)
