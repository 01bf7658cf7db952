"""Real tunes for simulated listeners: the demo tunes and others, composed and analyzed in the same way.

`python -m tests.bench.taste_tunes` renders those not in `build/bench` yet, in about 2 s of CPU time each.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from app.composer import DemoTune, compose_library
from app.composer.catalog import catalog_entry, read_catalog
from app.files import write_bytes
from app.paths import paths
from sidflow_feedback.analysis.features import vector

if TYPE_CHECKING:
    from sidflow_feedback.types import FloatArray

SEEDS = (64, 65, 66, 67)
"""Seeds of sets with 75 songs each; 64 makes the demo tunes."""


def tune_features(sets: int) -> FloatArray:
    """Return the features of all songs, shape (75 * sets, 8); render the tunes that aren't cached."""
    tunes = [tune for seed in SEEDS[:sets] for tune in compose_library(seed)]
    return np.array([vector(song) for tune in tunes for song in _entry(tune)["features"]])


def _entry(tune: DemoTune) -> dict[str, Any]:
    name = sha256(tune.data).hexdigest()
    cache = paths().work.parent / "bench" / "tunes" / f"{name}.json"
    if not cache.is_file():
        entry = read_catalog().get(name) or catalog_entry(tune, paths().vendor / "sid" / "sid.wasm")
        write_bytes(cache, json.dumps(entry).encode())
    found: dict[str, Any] = json.loads(cache.read_text("utf-8"))
    return found


if __name__ == "__main__":
    print(tune_features(len(SEEDS)).shape)
