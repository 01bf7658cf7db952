"""The items that can be played, as the engine knows them: ids, features, and similarity codes."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import compress, repeat
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.vocabulary import FEATURE_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidflow_feedback.types import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """The similarity codes of songs: see `FeatureTable`."""

    space: str
    rows: NDArray[np.uint8]
    known: NDArray[np.bool_]


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
    composers
        A number for each item's composer, 0 if unknown, shape (items,).
    codes, has_code
        A row of bytes for each song, which `similarity.Space` turns into a vector, and whether it is known;
        shapes (songs, width) and (songs,).
    has_new_code
        Whether the code of each item's start song has changed, shape (items,). `Similarity` resets it.
    space
        Name of the space that the codes belong to.
    revision
        Incremented by each change.
    """

    def __init__(self) -> None:
        self.features = np.empty((0, len(FEATURE_NAMES)), np.float32)
        self.firsts: NDArray[np.intp] = np.empty(0, np.intp)
        self.starts: NDArray[np.intp] = np.empty(0, np.intp)
        self.identities: NDArray[np.uint32] = np.empty(0, np.uint32)
        self.composers: NDArray[np.uint32] = np.empty(0, np.uint32)
        self.codes = np.empty((0, 0), np.uint8)
        self.has_code = np.empty(0, np.bool_)
        self.has_new_code = np.empty(0, np.bool_)
        self.space = ""
        self.revision = 0
        self._numbers: dict[str, int] = {}

    def add(
        self,
        item_ids: Sequence[str],
        songs: Sequence[int] | NDArray[np.unsignedinteger],
        start_songs: Sequence[int] | NDArray[np.unsignedinteger],
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
        counts, starts = np.asarray(songs, np.intp), np.asarray(start_songs, np.intp)
        _check(item_ids, counts, starts, features)
        rows = np.where(np.isfinite(features).all(axis=1, keepdims=True), features, np.float32(np.nan))
        known = list(map(self._numbers.__contains__, item_ids))
        if any(known):
            ends = np.cumsum(counts).tolist()
            for item_id, end, count in compress(zip(item_ids, ends, counts.tolist(), strict=True), known):
                self._update(item_id, rows[end - count : end])
        if not all(known):
            new = np.logical_not(known)
            added = rows[np.repeat(new, counts)]
            self._append(list(compress(item_ids, new)), counts[new], starts[new] - 1, added)
        found: list[int] = self.firsts[self._numbers_of(item_ids)].tolist()
        return found

    def describe(self, item_ids: Sequence[str], composers: NDArray[np.uint32], codes: Codes) -> None:
        """Set what the variety rules and the similarity need of items that were added before.

        Codes of another space than `space` are ignored: another tab has chosen that space meanwhile.

        Parameters
        ----------
        composers
            Shape (items,).
        codes
            Of all songs of these items.
        """
        numbers = self._numbers_of(item_ids)
        self.composers[numbers] = composers
        if codes.space == self.space and codes.rows.shape[1] == self.codes.shape[1]:
            counts = np.append(self.firsts[1:], len(self.features))[numbers] - self.firsts[numbers]
            before = np.cumsum(counts) - counts
            rows = np.arange(counts.sum()) + np.repeat(self.firsts[numbers] - before, counts)
            if len(rows) != len(codes.rows):
                raise InvalidRecordError("codes", f"must be {len(rows)} rows, not {len(codes.rows)}")
            rows, given = rows[codes.known], codes.rows[codes.known]
            new = np.zeros(len(self.features), np.bool_)
            new[rows] = ~self.has_code[rows] | (self.codes[rows] != given).any(axis=1)
            self.has_new_code[numbers] |= new[self.starts[numbers]]
            self.codes[rows] = given
            self.has_code[rows] = True
        self.revision += 1

    def use_space(self, name: str, width: int) -> None:
        """Forget all codes, and take codes of another space, `width` bytes each, from now on."""
        if (name, width) != (self.space, self.codes.shape[1]):
            self.space = name
            self.codes = np.zeros((len(self.features), width), np.uint8)
            self.has_code = np.zeros(len(self.features), np.bool_)
            self.has_new_code = np.zeros(len(self.firsts), np.bool_)
            self.revision += 1

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

    def _numbers_of(self, item_ids: Sequence[str]) -> NDArray[np.intp]:
        return np.fromiter(map(self._numbers.__getitem__, item_ids), np.intp, len(item_ids))

    def _append(
        self,
        item_ids: Sequence[str],
        songs: NDArray[np.intp],
        offsets: NDArray[np.intp],
        rows: NDArray[np.float32],
    ) -> None:
        firsts = len(self.features) + np.cumsum(songs) - songs
        before = len(self._numbers)
        self._numbers.update(zip(item_ids, range(before, before + len(item_ids)), strict=True))
        self.features = np.concatenate([self.features, rows])
        self.firsts = np.concatenate([self.firsts, firsts])
        self.starts = np.concatenate([self.starts, firsts + offsets])
        self.identities = np.concatenate([self.identities, _checksums(item_ids)])
        self.composers = np.concatenate([self.composers, np.zeros(len(songs), np.uint32)])
        self.codes = np.concatenate([self.codes, np.zeros((len(rows), self.codes.shape[1]), np.uint8)])
        self.has_code = np.concatenate([self.has_code, np.zeros(len(rows), np.bool_)])
        self.has_new_code = np.concatenate([self.has_new_code, np.zeros(len(songs), np.bool_)])
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


def _checksums(item_ids: Sequence[str]) -> NDArray[np.uint32]:
    encoded = map(str.encode, item_ids, repeat("utf-8"), repeat("surrogatepass"))
    return np.fromiter(map(zlib.crc32, encoded), np.uint32, len(item_ids))


def _check(
    item_ids: Sequence[str],
    songs: NDArray[np.intp],
    start_songs: NDArray[np.intp],
    features: NDArray[np.float32],
) -> None:
    if len(item_ids) != len(songs) or len(set(item_ids)) != len(item_ids):
        raise InvalidRecordError("itemIds", "must all be different, and as many as songs")
    if (songs < 1).any() or features.shape != (songs.sum(), len(FEATURE_NAMES)):
        raise InvalidRecordError(
            "features",
            f"must be {len(FEATURE_NAMES)} numbers for each of {songs.sum()} songs, at least 1 for each item",
        )
    if start_songs.shape != songs.shape or (start_songs < 1).any() or (start_songs > songs).any():
        raise InvalidRecordError("startSongs", "must be one song of each item, from 1")
