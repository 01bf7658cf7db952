"""The catalog of the demo tunes: metadata, and the features of each song.

The features are deterministic, but rendering 75 songs takes minutes: the catalog is kept in the repository.
Run ``python -m app.composer.catalog`` after a change to the composer, the emulator, or the features.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sidflow_feedback.analysis.features import EXCERPT_SECONDS, extract

from ..emulator import SAMPLE_RATE, SidEmulator
from ..files import write_bytes
from ..paths import paths
from .library import DemoTune, compose_library

CATALOG_FILE = Path(__file__).with_name("catalog.json")
COLLECTION = "Demo"
"""First part of the demo tunes' paths in the collection."""


def read_catalog() -> dict[str, dict[str, Any]]:
    """Return the catalog's entries by the SHA-256 of each tune's file."""
    entries: list[dict[str, Any]] = json.loads(CATALOG_FILE.read_text("utf-8"))["tunes"]
    return {entry["sha256"]: entry for entry in entries}


def catalog_entry(tune: DemoTune, emulator_file: Path) -> dict[str, Any]:
    """Render the start of each song of `tune`, and return its entry.

    Parameters
    ----------
    emulator_file
        The emulator's ``sid.wasm``.
    """
    emulator = SidEmulator(emulator_file)
    info = emulator.load(tune.data)
    return {
        "sidPath": f"{COLLECTION}/{tune.file_name}",
        "url": tune.file_name,
        "sha256": sha256(tune.data).hexdigest(),
        "title": tune.title,
        "author": tune.author,
        "released": info.released,
        "songs": len(tune.lengths),
        "startSong": info.start_song,
        "lengths": list(tune.lengths),
        "clock": info.clock,
        "chip": info.chip,
        "features": [_song_features(emulator, song, seconds) for song, seconds in enumerate(tune.lengths, 1)],
    }


def _song_features(emulator: SidEmulator, song: int, seconds: float) -> dict[str, float]:
    emulator.start(song, SAMPLE_RATE)
    samples = emulator.render_seconds(min(EXCERPT_SECONDS, seconds))
    return extract(samples, SAMPLE_RATE, seconds)


def write_catalog(tunes: Sequence[DemoTune], emulator_file: Path) -> None:
    """Analyze `tunes`, several at a time, and replace the catalog."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as executor:
        entries = list(executor.map(catalog_entry, tunes, [emulator_file] * len(tunes)))
    write_bytes(
        CATALOG_FILE,
        (json.dumps({"version": 1, "tunes": entries}, indent=1, ensure_ascii=False) + "\n").encode(),
    )


if __name__ == "__main__":
    write_catalog(compose_library(), paths().vendor / "sid" / "sid.wasm")
