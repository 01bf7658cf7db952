"""Vocabulary of the library: the names its signatures are written in."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

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
