"""One song of a tune, as events describe it."""

from sidflow_feedback.vocabulary import LengthSource

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from sidflow_feedback.types import Track

DEFAULT_LENGTH = 180.0
"""Seconds that a tune of unknown length is played."""


def track_of(tune: "dict[str, Any]", song: int) -> "Track":
    """Return one song of a tune as events describe it."""
    length = tune["lengths"][song - 1] if song <= len(tune["lengths"]) else None
    return {
        "item_id": tune["sidPath"],
        "song": song,
        "length": length or DEFAULT_LENGTH,
        "length_source": tune["lengthSource"] if length else LengthSource.DEFAULT,
        "features": tune["features"][song - 1] if song <= len(tune["features"]) else None,
    }
