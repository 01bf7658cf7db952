"""Real and simulated listeners for `make bench-listeners`: songs, ratings, and splits.

The songs of each real set are divided once: on 30 % of them, the learner's constants were chosen; the figures
that are reported come from the other 70 %. No song of a split's training rows is among its test rows.
"""

from __future__ import annotations

import csv
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.vocabulary import FEATURE_NAMES
from tests.bench.taste_listeners import KINDS, SimulatedListener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sidflow_feedback.types import Dimension, FloatArray

VARIABLE: Final = "SIDFLOW_LISTENERS"
CHOICE_SHARE: Final = 0.3
TEST_SHARE: Final = 0.25
MAX_TEST: Final = 300
MISSING: Final = (
    "The ratings of real listeners aren't part of this repository. Give the folder that has listener_a.csv, "
    f"listener_b.csv, and raters.csv as an argument, or in the environment variable {VARIABLE}."
)

NOISES: Final = (0.8, 1.2)


@dataclass(frozen=True, slots=True, eq=False)
class ListenerSet:
    """What a listener, or several raters, thought of songs.

    Attributes
    ----------
    dimension
        What was rated.
    features
        Standardized over the songs of the set, shape (n, 8).
    ratings
        1 to 5; likes are 5 and dislikes 1; shape (n,).
    songs
        The number of each row's song, shape (n,): several people may have rated one.
    """

    name: str
    dimension: Dimension
    features: FloatArray
    ratings: FloatArray
    songs: NDArray[np.intp]
    real: bool = True

    @property
    def liked(self) -> NDArray[np.bool_]:
        """Whether each rating counts as a like: above the median, or above the middle if there are two."""
        values = np.unique(self.ratings)
        return self.ratings > (3.0 if len(values) == 2 else np.median(self.ratings))

    def split(self, count: int, seed: int, *, choice: bool) -> Split | None:
        """Return rows to train on, oldest first, and to test on; None if there are too few."""
        rng = np.random.default_rng((seed, 7))
        share = np.random.default_rng(5).random(self.songs.max() + 1) < CHOICE_SHARE
        rows = np.flatnonzero(share[self.songs] == choice) if self.real else np.arange(len(self.songs))
        songs = rng.permutation(np.unique(self.songs[rows]))
        held_out = np.isin(self.songs[rows], songs[: int(len(songs) * TEST_SHARE)])
        train, test = rng.permutation(rows[~held_out])[:count], rng.permutation(rows[held_out])[:MAX_TEST]
        return Split(self, train, test) if len(train) == count else None


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Rows of a set to train and to test on."""

    listener: ListenerSet
    train: NDArray[np.intp]
    test: NDArray[np.intp]


def real_listeners() -> list[ListenerSet]:
    """Return the real sets; end the program with a message if they aren't there."""
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get(VARIABLE, "")
    folder = Path(given)
    if not given or not (folder / "listener_a.csv").is_file():
        raise SystemExit(MISSING)
    likes = [_likes(folder, name) for name in ("listener_a", "listener_b")]
    return [*likes, *_raters(folder)]


def simulated_listeners(pieces: ListenerSet, seed: int) -> Iterator[ListenerSet]:
    """Yield a listener of each kind and noise, who rates pieces; every third only likes or dislikes."""
    features = pieces.features[np.unique(pieces.songs, return_index=True)[1]]
    for i, kind in enumerate(KINDS):
        for noise in NOISES:
            order = np.arange(len(features))
            listener = SimulatedListener(kind, features, seed, noise=noise)
            ratings = listener.rate(order, np.zeros_like(order), np.random.default_rng((seed, i)))[:, 2]
            if i % 3 == 2:
                ratings = np.where(ratings > np.median(ratings), 5.0, 1.0)
            yield ListenerSet(f"{kind}-{noise}", "p", features, ratings, order, real=False)


def _likes(folder: Path, name: str) -> ListenerSet:
    rows, features = _read(folder / f"{name}.csv")
    ratings = np.array([1.0 + 4.0 * float(row["liked"]) for row in rows])
    return ListenerSet(name, "p", _standardized(features), ratings, np.arange(len(rows)))


def _raters(folder: Path) -> list[ListenerSet]:
    rows, features = _read(folder / "raters.csv")
    songs = np.array([int(row["piece"]) for row in rows])
    first = np.unique(songs, return_index=True)[1]
    scaled = (features - features[first].mean(axis=0)) / features[first].std(axis=0)
    columns: list[tuple[str, Dimension]] = [("arousal", "e"), ("valence", "m")]
    return [
        ListenerSet(name, dimension, scaled, _stars([row[name] for row in rows]), songs)
        for name, dimension in columns
    ]


def _stars(values: list[str]) -> FloatArray:
    stars: FloatArray = np.clip(np.round(3 + 2 * np.array([float(value) for value in values])), 1, 5)
    return stars


def _read(path: Path) -> tuple[list[dict[str, str]], FloatArray]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return rows, np.array([[float(row[name]) for name in FEATURE_NAMES] for row in rows])


def _standardized(features: FloatArray) -> FloatArray:
    deviations = features.std(axis=0)
    scaled: FloatArray = (features - features.mean(axis=0)) / np.where(deviations > 0, deviations, 1.0)
    return scaled
