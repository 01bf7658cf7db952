"""The tunes that can be played, as the engine knows them: names, and one matrix of features."""

from __future__ import annotations

import zlib
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.vocabulary import FEATURE_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidflow_feedback.types import FloatArray


class FeatureTable:
    """The union of the tunes of all pages; a tune keeps its number as long as the engine lives.

    Attributes
    ----------
    features
        A row for each song of each tune, shape (songs, 8), single precision; NaN where unknown.
    starts
        The row of each tune's first song, shape (tunes,), in the order in which the tunes came.
    identities
        A checksum of each tune's path, shape (tunes,).
    revision
        Grows with each change.
    """

    def __init__(self) -> None:
        self.features = np.empty((0, len(FEATURE_NAMES)), np.float32)
        self.starts: NDArray[np.intp] = np.empty(0, np.intp)
        self.identities: NDArray[np.uint32] = np.empty(0, np.uint32)
        self.revision = 0
        self._numbers: dict[str, int] = {}

    def add(self, paths: Sequence[str], songs: Sequence[int], features: NDArray[np.float32]) -> list[int]:
        """Add tunes, or the features of tunes that are there; return the row of each one's first song.

        Parameters
        ----------
        paths, songs
            Of each tune: what events call it, and how many rows of `features` are its songs', at least 1.
        features
            Shape (sum of songs, 8). Rows with a value that is not finite count as unknown.

        Raises
        ------
        InvalidRecordError
            The three disagree, or a tune that is known has another number of songs now.
        """
        _check(paths, songs, features)
        rows = np.where(np.isfinite(features).all(axis=1, keepdims=True), features, np.float32(np.nan))
        ends = np.cumsum(songs, dtype=np.intp)
        new = [path not in self._numbers for path in paths]
        for path, end, count in zip(paths, ends.tolist(), songs, strict=True):
            if path in self._numbers:
                self._learn(path, rows[end - count : end])
        if any(new):
            counts = np.asarray(songs, np.intp)
            self._append(list(compress(paths, new)), counts[new], rows[np.repeat(new, counts)])
        return [int(self.starts[self._numbers[path]]) for path in paths]

    def number(self, path: str) -> int | None:
        """Return which tune this is, from 0; None for one that is not here."""
        return self._numbers.get(path)

    def number_at(self, row: int) -> int | None:
        """Return which tune begins with this row; None where none does."""
        number = int(np.searchsorted(self.starts, row))
        return number if number < len(self.starts) and self.starts[number] == row else None

    @property
    def average(self) -> FloatArray:
        """The features of the average song, shape (8,); NaN as long as none is known."""
        known = self.features[~np.isnan(self.features[:, 0])]
        if not len(known):
            return np.full(len(FEATURE_NAMES), np.nan)
        average: FloatArray = known.mean(axis=0, dtype=np.float64)
        return average

    def _append(self, paths: Sequence[str], songs: NDArray[np.intp], rows: NDArray[np.float32]) -> None:
        starts = len(self.features) + np.cumsum(songs) - songs
        checksums = np.array([zlib.crc32(path.encode(errors="surrogatepass")) for path in paths], np.uint32)
        for number, path in enumerate(paths, len(self._numbers)):
            self._numbers[path] = number
        self.features = np.concatenate([self.features, rows])
        self.starts = np.concatenate([self.starts, starts])
        self.identities = np.concatenate([self.identities, checksums])
        self.revision += 1

    def _learn(self, path: str, rows: NDArray[np.float32]) -> None:
        """Take what was not known, or is known otherwise now."""
        number = self._numbers[path]
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.features)
        there = self.features[self.starts[number] : end]
        if there.shape != rows.shape:
            raise InvalidRecordError(
                "songs",
                f"{path} has {len(there)} songs in another tab and {len(rows)} here: load all tabs again",
            )
        changed = ~np.isnan(rows) & (rows != there)
        if changed.any():
            there[changed] = rows[changed]
            self.revision += 1


def _check(paths: Sequence[str], songs: Sequence[int], features: NDArray[np.float32]) -> None:
    if len(paths) != len(songs) or len(set(paths)) != len(paths):
        raise InvalidRecordError("paths", "must be all different, and as many as songs")
    if min(songs, default=1) < 1 or features.shape != (sum(songs), len(FEATURE_NAMES)):
        raise InvalidRecordError(
            "features",
            f"must be {len(FEATURE_NAMES)} numbers for each of {sum(songs)} songs, 1 or more a tune",
        )
