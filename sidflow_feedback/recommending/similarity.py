"""Similarity: how much alike songs sound, as the cosine between their weighted vectors.

A vector comes from a code, a few bytes, by a codebook (product quantization, Jégou, Douze, and Schmid 2011).
Songs without a code are compared by their features.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.analysis.embedding import DIMENSIONS, Weighting, columns, shipped_tables
from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.vocabulary import EMBEDDING_VERSION, EMBEDDING_WIDTH, FEATURE_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidflow_feedback.idle import Steps
    from sidflow_feedback.recommending.feature_table import FeatureTable
    from sidflow_feedback.types import FloatArray

Similarities = NDArray[np.float32]
"""From -1 to 1 for each item; NaN where unknown."""

COMPARED: Final = [
    number for number, name in enumerate(FEATURE_NAMES) if name not in ("confidence", "duration")
]
"""Features that say how a song sounds."""

PREPARED: Final = 128
"""Vectors that are computed in one step, which takes a browser about a millisecond."""


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """What codes mean.

    Attributes
    ----------
    name
        Tells codes of this space from others.
    codebook
        The part of the vector that each value of each byte stands for, shape (bytes, values, numbers).
    weights
        Of each number of a vector, at least 0, shape (bytes * numbers,).
    map
        A linear map of the weighted vector, shape (bytes * numbers, outputs); None: it stays as it is.
    weighting
        What counts of trace embeddings; None: codes aren't embeddings.
    """

    name: str
    codebook: NDArray[np.float32]
    weights: FloatArray
    map: NDArray[np.float32] | None = None
    weighting: Weighting | None = None

    def __post_init__(self) -> None:
        width, values, numbers = self.codebook.shape
        if not 1 <= values <= 256 or self.weights.shape != (width * numbers,):
            raise InvalidRecordError("weights", f"must be {width * numbers} numbers")
        if not (np.isfinite(self.codebook).all() and np.isfinite(self.weights).all()):
            raise InvalidRecordError("codebook", "must have finite numbers only")
        if (self.weights < 0).any():
            raise InvalidRecordError("weights", "must be at least 0")

    @classmethod
    def of_embeddings(cls, weighting: Weighting = "all") -> Space:
        """Return the space of trace embeddings, in which they are compared as by `project`."""
        name = f"embedding-{EMBEDDING_VERSION}"
        ranks = np.linspace(-0.5, 0.5, 256, dtype=np.float32)
        codebook = np.tile(ranks[:, None], (EMBEDDING_WIDTH, 1, 1))
        part = shipped_tables().maps[weighting]
        whole = np.zeros((EMBEDDING_WIDTH, part.shape[1]), np.float32)
        whole[columns(weighting)] = part
        return cls(name, codebook, np.ones(EMBEDDING_WIDTH), whole, weighting)

    @classmethod
    def of_ranks(cls, name: str, weights: FloatArray) -> Space:
        """Return the space of embeddings, whose bytes are ranks."""
        ranks = np.linspace(0, 1, 256, dtype=np.float32)
        return cls(name, np.tile(ranks[:, None], (len(weights), 1, 1)), weights)

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""
        return len(self.weights) if self.map is None else self.map.shape[1]

    def vectors(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the weighted and mapped vectors of codes, of length 1 (or 0), shape (n, outputs)."""
        width, values, numbers = self.codebook.shape
        scaled = self.codebook * np.sqrt(self.weights, dtype=np.float64).reshape(width, 1, numbers)
        book = scaled.astype(np.float32).reshape(width * values, numbers)
        entries = np.minimum(codes, values - 1) + values * np.arange(width)
        plain = book.take(entries, axis=0).reshape(len(codes), width * numbers)
        return _unit(plain if self.map is None else plain @ self.map)


@dataclass(slots=True, eq=False)
class Similarity:
    """Compares the items of a table by their start songs; keeps the vectors of their codes.

    Attributes
    ----------
    weighting
        What counts where codes are trace embeddings.
    """

    table: FeatureTable
    space: Space | None = None
    weighting: Weighting = "sound"
    _vectors: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))
    _features: tuple[object, NDArray[np.float32]] | None = None

    def use(self, space: Space) -> None:
        """Take codes of this space from now on. Those that are known stay if only the weighting changes."""
        known = self.space
        if known is None or (known.name, known.weighting) != (space.name, space.weighting):
            self.space = space
            self._vectors = np.empty((0, space.dimensions), np.float32)
            self.table.has_new_code = self.table.has_code[self.table.starts]
        self.table.use_space(space.name, len(space.codebook))

    def use_embeddings(self) -> None:
        """Take trace embeddings from now on."""
        self.use(Space.of_embeddings(self.weighting))

    def weigh(self, weighting: Weighting) -> bool:
        """Compare trace embeddings like this from now on; return whether vectors are to be prepared again."""
        self.weighting = weighting
        changed = self.space is not None and self.space.weighting not in (None, weighting)
        if changed:
            self.use_embeddings()
        return changed

    def prepare(self) -> Steps[None]:
        """Compute the vectors of new codes in small steps."""
        while self.space is not None:
            yield "vectors"
            new = np.flatnonzero(self.table.has_new_code)
            if not len(new):
                return
            self._compute(self.space, new[:PREPARED])

    def to(self, rows: Sequence[int]) -> Similarities:
        """Return how much each item sounds like some songs: the cosine to the mean of these, shape (items,).

        Parameters
        ----------
        rows
            The songs. They are compared by their codes, or by their features if one of them has no code.

        Raises
        ------
        InvalidRecordError
            There is no such row.
        """
        table, seeds = self.table, np.asarray(rows, np.intp)
        if not len(seeds) or seeds.min() < 0 or seeds.max() >= len(table.features):
            raise InvalidRecordError("rows", f"must be from 0 to {len(table.features) - 1}, at least one")
        if self.space is not None and table.has_code[seeds].all():
            wanted, vectors = self.space.vectors(table.codes[seeds]), self._of_codes(self.space)
        else:
            features = self._of_features()
            wanted, vectors = features[seeds], features[table.starts]
        mean = np.nan_to_num(wanted).mean(axis=0)
        similarities: Similarities = vectors @ (mean / (np.linalg.norm(mean) or 1.0)).astype(np.float32)
        return similarities

    def traits(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Return dimensions of the start songs' embeddings, 0 to 1, NaN where unknown, shape (items, n)."""
        table = self.table
        found = np.full((len(table.starts), len(names)), np.nan, np.float32)
        if self.space is not None and self.space.weighting:
            chosen = [number for name in names for number, each in enumerate(DIMENSIONS) if each.name == name]
            known = table.has_code[table.starts]
            found[known] = table.codes[table.starts[known]][:, chosen] / np.float32(255)
        return found

    def _of_codes(self, space: Space) -> NDArray[np.float32]:
        """Return the vectors of all start songs, NaN where unknown."""
        self._compute(space, np.flatnonzero(self.table.has_new_code))
        return self._vectors

    def _compute(self, space: Space, items: NDArray[np.intp]) -> None:
        """Compute the vectors of some items."""
        table = self.table
        missing = len(table.starts) - len(self._vectors)
        if missing:
            unknown = np.full((missing, space.dimensions), np.nan, np.float32)
            self._vectors = np.concatenate([self._vectors, unknown])
        self._vectors[items] = space.vectors(table.codes[table.starts[items]])
        table.has_new_code[items] = False

    def _of_features(self) -> NDArray[np.float32]:
        """Return the features' ranks of all songs, from -1 to 1, as vectors of length 1."""
        if self._features is None or self._features[0] != self.table.revision:
            vectors = _unit(2 * ranks(self.table.features[:, COMPARED]) - 1)
            self._features = self.table.revision, vectors
        return self._features[1]


def ranks(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rank of each value in its column, from 0 to 1, equal ones alike; NaN stays."""
    found = np.full(values.shape, np.nan, np.float32)
    known = ~np.isnan(values[:, 0])
    for number, column in enumerate(values[known].T):
        in_order = np.sort(column)
        middle = np.searchsorted(in_order, column, "left") + np.searchsorted(in_order, column, "right")
        found[known, number] = middle / (2 * max(1, len(column)))
    return found


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    vectors /= np.where(lengths == 0, np.float32(1), lengths)[:, None]
    return vectors
