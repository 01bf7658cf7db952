"""Writes the tables of the trace embedding: ``python -m tests.bench.similarity_tables --folder HVSC``.

They are made of the composers whose hash is in the first half, see `tests.bench.similarity`, without those of
a sample on which the figures are reported.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.analysis.embedding import TABLES_FILE, Tables, columns, quantize, ranks
from sidflow_feedback.types import FloatArray
from tests.bench.fidelity_tunes import find_tunes
from tests.bench.harness import Figures, run
from tests.bench.similarity import CHOICE_FROM, hash_of
from tests.bench.similarity_songs import Song, collect, composer_of

QUANTILES: Final = 33
TUNES_PER_COMPOSER: Final = 12
MIN_TUNES: Final = 5
"""Composers with fewer are left out: they tell little of how the songs of one composer differ."""

SHRINKAGE: Final = 0.3
"""Added to the variances within composers, relative to them, so that no direction is overrated."""


def measure(*, folder: str = "", without: str = "", workers: int = 0, cache: str = "") -> Figures:
    """Make the tables of a folder, and write them into the library.

    Parameters
    ----------
    folder
        The collection.
    without
        A folder whose composers are left out; empty: none.
    workers, cache
        See `tests.bench.similarity.measure`.
    """
    if not folder:
        raise SystemExit("The tables are made of a collection: name its folder with --folder.")
    excluded = {composer_of(tune.name) for tune in find_tunes(Path(without))} if without else set()
    names = choose([tune.name for tune in find_tunes(Path(folder))], excluded)
    kept = Path(cache or Path(tempfile.gettempdir()) / "sidflow-similarity")
    found = collect(Path(folder), names, kept, workers or os.cpu_count() or 1, with_features=False)
    songs = [song for song in found if song.dimensions]
    write(fit(songs), TABLES_FILE)
    return {"tunes": len(songs), "composers": len({song.composer for song in songs})}


def choose(names: Sequence[str], excluded: set[str]) -> list[str]:
    """Return the files that the tables are made of."""
    by_composer = defaultdict(list)
    for name in sorted(names):
        composer = composer_of(name)
        if composer not in excluded and hash_of(composer) < CHOICE_FROM:
            by_composer[composer].append(name)
    chooser = random.Random(16)
    return [
        name
        for tunes in by_composer.values()
        if len(tunes) >= MIN_TUNES
        for name in chooser.sample(tunes, min(len(tunes), TUNES_PER_COMPOSER))
    ]


def fit(songs: Sequence[Song]) -> Tables:
    """Return the tables of songs."""
    values = np.array([song.dimensions for song in songs])
    composers = np.unique([song.composer for song in songs], return_inverse=True)[1]
    quantiles = np.quantile(values, np.linspace(0, 1, QUANTILES), axis=0).T.astype(np.float32)
    centered = quantize(ranks(values, quantiles)) / 255 - 0.5
    maps = {name: _whitening(centered[:, columns(name)], composers) for name in ("all", "sound")}
    return Tables(quantiles, maps)


def _whitening(values: FloatArray, composers: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return a map after which songs of one composer have a covariance near to the identity.

    This is within-class covariance normalization (Hatch, Kajarekar, and Stolcke 2006); composers weigh alike.
    """
    count = np.bincount(composers)
    means = np.stack([np.bincount(composers, weights=column) / count for column in values.T], axis=1)
    alone = count[composers] == 1
    deviations = (values - means[composers])[~alone]
    tunes = count[composers][~alone, None]
    within = (deviations / (tunes - 1)).T @ deviations / np.count_nonzero(count > 1)
    within += np.diag(SHRINKAGE * np.diag(within) + 1e-4)
    return np.linalg.cholesky(np.linalg.inv(within)).astype(np.float32)


def write(tables: Tables, file: Path) -> None:
    """Write tables in the form that the library reads."""
    scaled = {name: (each / np.abs(each).max()).astype(np.float16) for name, each in tables.maps.items()}
    arrays: dict[str, NDArray[np.floating]] = {"quantiles": tables.quantiles, **scaled}
    np.savez_compressed(file, allow_pickle=False, **arrays)


if __name__ == "__main__":
    run(measure)
