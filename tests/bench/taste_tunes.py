"""Real tunes for simulated listeners: the demo library and further ones, composed and heard the same way.

`python -m tests.bench.taste_tunes` renders what is not in `build/bench` yet: some 2 s of processor a song.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from app.composer import compose_library
from app.files import write_bytes
from app.paths import places
from app.setup.tunes import Listener, Song
from sidflow_feedback.analysis.features import vector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidflow_feedback.types import FloatArray

SEEDS = (64, 65, 66, 67)
"""Of the libraries; 64 is the demo library itself. 75 songs each."""


def tune_features() -> FloatArray:
    """Return the features of all songs, shape (300, 8); renders those that were not heard before."""
    listener = Listener(places().vendor / "sid" / "sid.wasm", places().work / "heard")
    return np.array([_features(listener, song) for song in _songs()])


def _songs() -> Iterator[Song]:
    folder = places().work.parent / "bench" / "tunes"
    for seed in SEEDS:
        for tune in compose_library(seed):
            file = write_bytes(folder / str(seed) / tune.file_name, tune.data)
            for number, seconds in enumerate(tune.lengths, 1):
                yield Song(file, number, seconds)


def _features(listener: Listener, song: Song) -> FloatArray:
    heard = listener.heard(song)
    if not heard.is_file():
        listener.listen(song)
    return vector(json.loads(heard.read_text("utf-8"))["features"])


if __name__ == "__main__":
    print(tune_features().shape)
