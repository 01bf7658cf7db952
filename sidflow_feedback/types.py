"""The types in which the library's signatures are written. The page imports them for type checking only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

Record: TypeAlias = dict[str, Any]
"""A JSON object as it is stored or sent; keys in camelCase."""

Milliseconds: TypeAlias = float
FloatArray: TypeAlias = NDArray[np.float64]

Action: TypeAlias = Literal[
    "play", "play_complete", "skip_early", "skip", "skip_late", "replay", "like", "dislike"
]
SyncStatus: TypeAlias = Literal["pending", "processing", "synced", "failed"]
Dimension: TypeAlias = Literal["e", "m", "c", "p"]


class Track(TypedDict):
    """One song of an item, as the page describes it to the recorder. Other keys are ignored.

    Attributes
    ----------
    length
        Seconds; None if unknown.
    length_source
        See `vocabulary.LengthSource`.
    private
        Whether nothing may be recorded of it.
    """

    item_id: str
    song: NotRequired[int]
    features: NotRequired[Mapping[str, float] | None]
    length: NotRequired[float | None]
    length_source: NotRequired[str | None]
    private: NotRequired[bool]
