"""`make bench-similarity`: how well songs of one composer are found. The last line is JSON.

Takes the start song of each .sid file of a folder: the one given, else the one that SIDFLOW_TUNES names, else
../shared/hvsc, else the demo tunes. Composers are split: what is chosen is chosen on one part, and the
figures are of the other. See docs/similarity.md for the protocol.

Splits: halves (at random), collection (by a hash of the composer's folder; the last quarter is reported).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.analysis.embedding import project, quantize, ranks, shipped_tables
from tests.bench.fidelity_tunes import find_tunes, folder_of_tunes
from tests.bench.harness import Figures, run
from tests.bench.similarity_cost import measure_cost
from tests.bench.similarity_songs import Song, collect, composer_of

DEPTH: Final = 10
FEW_TUNES: Final = 3
"""A composer with so many tunes, or fewer, counts as new."""

FEATURE_WEIGHTS: Final = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0)
"""Of the features beside the embedding; one is chosen."""

SPLITS: Final = ("halves", "collection")
CHOICE_FROM, REPORT_FROM = 0.5, 0.75
"""Parts of the split ``collection``; the first half is what the tables were made of."""

COSTED: Final = 40
"""Songs of which the cost is measured."""

_SEED = 1
_BLOCK = 512
_DISCOUNTS = 1 / np.log2(np.arange(DEPTH) + 2)
_IDEAL = np.concatenate([[0.0], np.cumsum(_DISCOUNTS)])

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]


def measure(
    *,
    folder: str = "",
    split: str = "halves",
    sample: int = 0,
    features: int = 1,
    workers: int = 0,
    cache: str = "",
) -> Figures:
    """Return the figures of the reported composers.

    Parameters
    ----------
    folder
        Empty: see `folder_of_tunes`.
    split
        One of `SPLITS`.
    sample
        How many tunes at most; 0 means all.
    features
        0: compare by embedding only, which takes a third of the time.
    workers
        Number of processes; 0: one on each core.
    cache
        Folder of what is kept; empty: one in the system's folder for temporary files.
    """
    if split not in SPLITS:
        raise SystemExit(f"There is no split {split!r}. Choose one of {', '.join(SPLITS)}.")
    tunes = folder_of_tunes(folder)
    names = [tune.name for tune in find_tunes(tunes)]
    if split == "collection":
        first = CHOICE_FROM if features else REPORT_FROM
        names = [name for name in names if hash_of(composer_of(name)) >= first]
    names = names[: sample or None]
    kept = Path(cache or Path(tempfile.gettempdir()) / "sidflow-similarity")
    count = workers or os.cpu_count() or 1
    songs = collect(tunes, sorted(names), kept, count, with_features=bool(features))
    if not features:
        return embedding_figures(songs, split)
    return {**figures_of(songs, split), **measure_cost(tunes / name for name in names[:COSTED])}


def figures_of(songs: Sequence[Song], split: str = "halves") -> Figures:
    """Return the figures of songs that were analyzed."""
    usable = [song for song in songs if song.dimensions and song.features]
    choosing, reported = (Part(part) for part in _SPLITTERS[split](usable))
    weight = 0.0
    if choosing.songs:  # None in a folder of one composer.
        weight = max(FEATURE_WEIGHTS, key=lambda weight: choosing.ndcg(choosing.both(weight)))
    cold = reported.with_new_composers()
    return {
        **embedding_figures(usable, split),
        "left_out": len(songs) - len(usable),
        "ndcg_features": reported.ndcg(reported.features()),
        "ndcg_both": reported.ndcg(reported.both(weight)),
        "ndcg_cold_features": cold.ndcg(cold.features(), cold.of_new_composers()),
        "feature_weight": weight,
        "same_routine_features": reported.same_routine(reported.features()),
    }


def embedding_figures(songs: Sequence[Song], split: str = "halves") -> Figures:
    """Return the figures of songs' embeddings, and those of chance."""
    usable = [song for song in songs if song.dimensions]
    reported = Part(_SPLITTERS[split](usable)[1])
    chance = np.random.default_rng(_SEED).normal(size=(len(reported.songs), 8)).astype(np.float32)
    everything, sound = (reported.embedding(weighting) for weighting in ("all", "sound"))
    cold = reported.with_new_composers()
    return {
        "tunes": len(reported.songs),
        "composers": int(reported.labels.max()) + 1,
        "left_out": len(songs) - len(usable),
        "ndcg_embedding": reported.ndcg(everything),
        "ndcg_sound": reported.ndcg(sound),
        "ndcg_chance": reported.ndcg(chance),
        "ndcg_cold": cold.ndcg(cold.embedding("all"), cold.of_new_composers()),
        "ndcg_cold_sound": cold.ndcg(cold.embedding("sound"), cold.of_new_composers()),
        "same_routine": reported.same_routine(everything),
        "same_routine_sound": reported.same_routine(sound),
        "same_routine_chance": reported.same_routine(chance),
    }


@dataclass(frozen=True)
class Part:
    """Songs among which others are found; each is a seed in its turn."""

    songs: Sequence[Song]

    @property
    def labels(self) -> Labels:
        """Number of each song's composer."""
        return _numbered([song.composer for song in self.songs])

    def embedding(self, weighting: str) -> Vectors:
        """Return unit vectors of the embeddings, from bytes as they are stored."""
        values = np.array([song.dimensions for song in self.songs])
        stored = quantize(ranks(values, shipped_tables().quantiles))
        return project(stored, "sound" if weighting == "sound" else "all")

    def features(self) -> Vectors:
        """Return unit vectors of the features, standardized."""
        values = np.array([song.features for song in self.songs])
        standard = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-9)
        return _unit(standard.astype(np.float32))

    def both(self, weight: float) -> Vectors:
        """Return unit vectors of both; `weight` is that of the features' similarity."""
        return _unit(
            np.concatenate([self.embedding("all"), np.sqrt(np.float32(weight)) * self.features()], 1)
        )

    def ndcg(self, vectors: Vectors, seeds: Labels | None = None) -> float:
        """Return the mean nDCG of the nearest songs, where songs of the seed's composer are the hits.

        Seeds without another song of their composer don't count.
        """
        labels = self.labels
        others = np.bincount(labels)[labels] - 1
        chosen = np.flatnonzero(others) if seeds is None else seeds
        if not len(chosen):
            return 0.0
        found = nearest(vectors, chosen)
        gains = (labels[found] == labels[chosen, None]) @ _DISCOUNTS[: found.shape[1]]
        return float(np.mean(gains / _IDEAL[np.minimum(others[chosen], DEPTH)]))

    def same_routine(self, vectors: Vectors) -> float:
        """Return the share of the nearest songs that have the seed's player routine, but another composer."""
        routines = _numbered([song.routine or song.name for song in self.songs])
        seeds = np.arange(len(self.songs))
        found = nearest(vectors, seeds)
        same = (routines[found] == routines[:, None]) & (self.labels[found] != self.labels[:, None])
        return float(same.mean())

    def with_new_composers(self) -> Part:
        """Return a part in which every second composer has `FEW_TUNES` tunes at most."""
        labels, kept = self.labels, []
        count: dict[int, int] = {}
        for index in np.random.default_rng(_SEED).permutation(len(labels)).tolist():
            label = int(labels[index])
            count[label] = count.get(label, 0) + 1
            if label % 2 or count[label] <= FEW_TUNES:
                kept.append(index)
        return Part([self.songs[index] for index in sorted(kept)])

    def of_new_composers(self) -> Labels:
        """Return the indices of songs whose composer has few tunes, but more than one."""
        count = np.bincount(self.labels)[self.labels]
        return np.flatnonzero((count > 1) & (count <= FEW_TUNES))


def nearest(vectors: Vectors, seeds: Labels) -> Labels:
    """Return the indices of the `DEPTH` most similar other songs of each seed, best first."""
    depth = min(DEPTH, len(vectors) - 1)
    found = []
    for start in range(0, len(seeds), _BLOCK):
        block = seeds[start : start + _BLOCK]
        similar = vectors[block] @ vectors.T
        similar[np.arange(len(block)), block] = -np.inf
        best = np.argpartition(-similar, depth - 1, axis=1)[:, :depth]
        order = np.argsort(-np.take_along_axis(similar, best, axis=1), axis=1, kind="stable")
        found.append(np.take_along_axis(best, order, axis=1))
    return np.concatenate(found)


def hash_of(text: str) -> float:
    """Return the FNV-1a hash of a text, as a number from 0 to 1 with four digits."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value % 10_000 / 10_000


def _halves(songs: Sequence[Song]) -> tuple[list[Song], list[Song]]:
    composers = sorted({song.composer for song in songs})
    order = np.random.default_rng(_SEED).permutation(len(composers))
    chosen = {composers[index] for index in order[: len(composers) // 2]}
    return [song for song in songs if song.composer in chosen], [
        song for song in songs if song.composer not in chosen
    ]


def _quarters(songs: Sequence[Song]) -> tuple[list[Song], list[Song]]:
    hashes = [hash_of(song.composer) for song in songs]
    return [song for song, place in zip(songs, hashes, strict=True) if CHOICE_FROM <= place < REPORT_FROM], [
        song for song, place in zip(songs, hashes, strict=True) if place >= REPORT_FROM
    ]


_SPLITTERS = {"halves": _halves, "collection": _quarters}


def _numbered(names: Sequence[str]) -> Labels:
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _unit(vectors: Vectors) -> Vectors:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(length, 1e-9)).astype(np.float32)
    return unit


if __name__ == "__main__":
    run(measure)
