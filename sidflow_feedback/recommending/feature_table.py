"""The items that can be played, as the engine knows them: ids, and one matrix of features."""

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
    """The union of the items of all pages. An item keeps its number as long as the engine runs.

    Attributes
    ----------
    features
        A row for each song of each item, shape (songs, 8), single precision; NaN where unknown.
    firsts, starts
        The rows of each item's first song and of its start song, each of shape (items,), in the order of
        their arrival.
    identities
        A checksum of each item's id, shape (items,).
    revision
        Incremented by each change.
    """

    def __init__(self) -> None:
        self.features = np.empty((0, len(FEATURE_NAMES)), np.float32)
        self.firsts: NDArray[np.intp] = np.empty(0, np.intp)
        self.starts: NDArray[np.intp] = np.empty(0, np.intp)
        self.identities: NDArray[np.uint32] = np.empty(0, np.uint32)
        self.revision = 0
        self._numbers: dict[str, int] = {}

    def add(
        self,
        item_ids: Sequence[str],
        songs: Sequence[int],
        start_songs: Sequence[int],
        features: NDArray[np.float32],
    ) -> list[int]:
        """Add items, or update their features; return the row of each item's first song.

        Parameters
        ----------
        item_ids, songs
            The id of each item, and the number of its songs, at least 1.
        start_songs
            The song that stands for each item, from 1. It isn't updated.
        features
            A row for each song, shape (sum of songs, 8). A row with a value that isn't finite counts as
            unknown.

        Raises
        ------
        InvalidRecordError
            The lengths don't match, an id occurs twice, there is no such start song, or the number of songs
            of a known item has changed.
        """
        _check(item_ids, songs, start_songs, features)
        rows = np.where(np.isfinite(features).all(axis=1, keepdims=True), features, np.float32(np.nan))
        ends = np.cumsum(songs, dtype=np.intp)
        new = [item_id not in self._numbers for item_id in item_ids]
        for item_id, end, count in zip(item_ids, ends.tolist(), songs, strict=True):
            if item_id in self._numbers:
                self._update(item_id, rows[end - count : end])
        if any(new):
            counts, offsets = np.asarray(songs, np.intp), np.asarray(start_songs, np.intp) - 1
            known = rows[np.repeat(new, counts)]
            self._append(list(compress(item_ids, new)), counts[new], offsets[new], known)
        return [int(self.firsts[self._numbers[item_id]]) for item_id in item_ids]

    def number(self, item_id: str) -> int | None:
        """Return the number of an item, from 0; None if it isn't in the table."""
        return self._numbers.get(item_id)

    def number_at(self, row: int) -> int | None:
        """Return the number of the item whose first song is in this row; None if there is none."""
        number = int(np.searchsorted(self.firsts, row))
        return number if number < len(self.firsts) and self.firsts[number] == row else None

    @property
    def average(self) -> FloatArray:
        """The mean features of all known songs, shape (8,); NaN while there are none."""
        known = self.features[~np.isnan(self.features[:, 0])]
        if not len(known):
            return np.full(len(FEATURE_NAMES), np.nan)
        average: FloatArray = known.mean(axis=0, dtype=np.float64)
        return average

    def sample(self, limit: int) -> FloatArray:
        """Return the features of at most `limit` known songs, spread over the library, shape (n, 8)."""
        known = np.flatnonzero(~np.isnan(self.features[:, 0]))
        chosen = known[np.linspace(0, len(known) - 1, min(limit, len(known))).astype(np.intp)]
        return self.features[chosen].astype(np.float64)

    def _append(
        self,
        item_ids: Sequence[str],
        songs: NDArray[np.intp],
        offsets: NDArray[np.intp],
        rows: NDArray[np.float32],
    ) -> None:
        firsts = len(self.features) + np.cumsum(songs) - songs
        checksums = np.array([_checksum(item_id) for item_id in item_ids], np.uint32)
        for number, item_id in enumerate(item_ids, len(self._numbers)):
            self._numbers[item_id] = number
        self.features = np.concatenate([self.features, rows])
        self.firsts = np.concatenate([self.firsts, firsts])
        self.starts = np.concatenate([self.starts, firsts + offsets])
        self.identities = np.concatenate([self.identities, checksums])
        self.revision += 1

    def _update(self, item_id: str, rows: NDArray[np.float32]) -> None:
        """Update the features that are known in `rows`."""
        number = self._numbers[item_id]
        end = self.firsts[number + 1] if number + 1 < len(self.firsts) else len(self.features)
        known = self.features[self.firsts[number] : end]
        if known.shape != rows.shape:
            raise InvalidRecordError(
                "songs",
                f"must be {len(known)} for {item_id}, as in another tab, not {len(rows)}: reload all tabs",
            )
        changed = ~np.isnan(rows) & (rows != known)
        if changed.any():
            known[changed] = rows[changed]
            self.revision += 1


def _checksum(item_id: str) -> int:
    return zlib.crc32(item_id.encode(errors="surrogatepass"))


def _check(
    item_ids: Sequence[str], songs: Sequence[int], start_songs: Sequence[int], features: NDArray[np.float32]
) -> None:
    if len(item_ids) != len(songs) or len(set(item_ids)) != len(item_ids):
        raise InvalidRecordError("itemIds", "must all be different, and as many as songs")
    if min(songs, default=1) < 1 or features.shape != (sum(songs), len(FEATURE_NAMES)):
        raise InvalidRecordError(
            "features",
            f"must be {len(FEATURE_NAMES)} numbers for each of {sum(songs)} songs, at least 1 for each item",
        )
    if len(start_songs) != len(songs) or any(
        not 1 <= start <= count for start, count in zip(start_songs, songs, strict=True)
    ):
        raise InvalidRecordError("startSongs", "must be one song of each item, from 1")
