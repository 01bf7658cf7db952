"""Similarity bundles of the format ``sidcorr-lite-1``, which the SIDFlow project publishes for the HVSC.

Its specification and its files differ; this reads and writes what the files have. ``docs/analysis-file.md``
describes that.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.errors import AnalysisFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidflow_feedback.types import FloatArray

SCHEMA: Final = "sidcorr-lite-1"
MAX_BYTES: Final = 256 * 2**20
"""Largest bundle that is read, unpacked."""

MAX_DIMENSIONS: Final = 1024
CENTROIDS: Final = 256

_MAGIC: Final = b"SIDCORR\0"
_HEADER: Final = struct.Struct("<8sHHHBBHHHHII")
_EPOCH: Final = struct.Struct("<4I24x")
_INDEX: Final = struct.Struct("<QQIII4x")
_FOOTER: Final = struct.Struct("<QQIII12x")
_ROUNDS: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class SimilarityBundle:
    """The songs of a collection by path, each with a code that stands for a vector.

    Attributes
    ----------
    paths
        Of the files in the HVSC, without a slash at the beginning, ascending by their UTF-8 bytes.
    files, songs
        The file of each song, from 0, and its number in the file, from 1; shape (songs,).
    codebook
        The number that each value of each byte of a code stands for, shape (dimensions, 256).
    codes
        Shape (songs, dimensions).
    weights
        Of each dimension in the cosine, shape (dimensions,).
    """

    paths: Sequence[str]
    files: NDArray[np.intp]
    songs: NDArray[np.intp]
    codebook: NDArray[np.float32]
    codes: NDArray[np.uint8]
    weights: FloatArray

    @classmethod
    def of(cls, songs: Sequence[tuple[str, int]], vectors: NDArray[np.floating], weights: FloatArray) -> Self:
        """Return the bundle of songs, given by path and number, with a vector each.

        `vectors` has the shape (songs, dimensions). They are brought to length 1, and each dimension is
        quantized by k-means to 256 values.

        Raises
        ------
        AnalysisFileError
            A vector is zero or has a value that isn't finite, or the shapes don't match.
        """
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if vectors.shape != (len(songs), len(weights)) or not np.isfinite(vectors).all() or not lengths.all():
            raise AnalysisFileError("Each song must have a vector of finite numbers that aren't all 0.")
        order = sorted(range(len(songs)), key=lambda number: (songs[number][0].encode(), songs[number][1]))
        paths = sorted({path for path, _ in songs}, key=str.encode)
        numbers = {path: number for number, path in enumerate(paths)}
        unit = (vectors / lengths)[order]
        codebook = np.array([_centroids(column) for column in unit.T], np.float32).reshape(-1, CENTROIDS)
        return cls(
            paths=paths,
            files=np.array([numbers[songs[number][0]] for number in order], np.intp),
            songs=np.array([songs[number][1] for number in order], np.intp),
            codebook=codebook,
            codes=_nearest(unit, codebook),
            weights=weights,
        )

    @classmethod
    def read(cls, data: bytes, manifest: str = "") -> Self:
        """Read a bundle, as it is or compressed by gzip, with its manifest.

        Without weights in the manifest, all dimensions have the same: that is how the format is defined.

        Raises
        ------
        AnalysisFileError
            The bundle is damaged, of another format, or not that of the manifest.
        """
        described = _described(manifest)
        checksum = described.get("file_checksums", {}).get("bundle_sha256")
        if checksum and checksum != hashlib.sha256(data).hexdigest():
            raise AnalysisFileError("The bundle isn't that of the manifest: its checksum is another one.")
        found = cls._parsed(_unpacked(data), described)
        found._check()
        return found

    @classmethod
    def _parsed(cls, data: bytes, described: dict[str, Any]) -> Self:
        try:
            return cls._parse(data, described)
        except (struct.error, ValueError, IndexError, TypeError, OverflowError) as exc:
            raise AnalysisFileError("The bundle is damaged: a part of it is missing. Get it again.") from exc

    @classmethod
    def _parse(cls, data: bytes, described: dict[str, Any]) -> Self:
        magic, version, size, dimensions, file_bytes, song_bytes, subspaces, centroids, *_ = (
            _HEADER.unpack_from(data)
        )
        if magic != _MAGIC or (version, size) != (1, _HEADER.size):
            raise AnalysisFileError(f"This is no bundle of {SCHEMA}, or one of another version.")
        if (
            subspaces != dimensions
            or not 1 <= dimensions <= MAX_DIMENSIONS
            or not 1 <= centroids <= CENTROIDS
        ):
            raise AnalysisFileError(
                f"The bundle has {dimensions} dimensions in {subspaces} parts with {centroids} values; only "
                f"one dimension in a part, and at most {CENTROIDS} values are supported."
            )
        if file_bytes not in (2, 3) or song_bytes not in (1, 2):
            raise AnalysisFileError("The bundle is damaged: its header contradicts itself. Get it again.")
        book = np.frombuffer(data, "<f4", dimensions * centroids, _HEADER.size + 4)
        index, index_size, epochs, files, tracks = _FOOTER.unpack_from(data, len(data) - _FOOTER.size)
        if epochs != 1:
            raise AnalysisFileError(f"The bundle has {epochs} parts; only one is supported.")
        epoch, *_ = _INDEX.unpack_from(data, index)
        counts = _EPOCH.unpack_from(data, epoch)
        ends = index, index + _INDEX.size, _INDEX.size, tracks, files
        if ends != (epoch + _EPOCH.size + sum(counts[2:]), len(data) - _FOOTER.size, index_size, *counts[:2]):
            raise AnalysisFileError("The bundle is damaged: its parts contradict each other. Get it again.")
        start = epoch + _EPOCH.size
        width = file_bytes + song_bytes + 2 + dimensions
        if counts[3] != tracks * width:
            raise AnalysisFileError("The bundle is damaged: its table has another size. Get it again.")
        rows = np.frombuffer(data, np.uint8, tracks * width, start + counts[2]).reshape(tracks, width)
        return cls(
            paths=_paths(data[start : start + counts[2]], files),
            files=_numbers(rows[:, :file_bytes]),
            songs=_numbers(rows[:, file_bytes : file_bytes + song_bytes]),
            codebook=np.pad(
                book.reshape(dimensions, centroids), ((0, 0), (0, CENTROIDS - centroids)), "edge"
            ),
            codes=rows[:, width - dimensions :],
            weights=_weights(described, dimensions),
        )

    def to_files(self, name: str, *, hvsc_release: str = "", generated_at: str = "") -> tuple[bytes, str]:
        """Return the bundle and its manifest.

        Parameters
        ----------
        name
            That of the bundle's file.
        generated_at
            Time in ISO 8601.
        """
        data = self._to_bytes()
        dimensions = len(self.weights)
        manifest = {
            "schema_version": SCHEMA,
            "generated_at": generated_at,
            "corpus_version": "hvsc",
            "hvsc_version": hvsc_release or "unknown",
            "track_count": len(self.codes),
            "file_count": len(self.paths),
            "vector_dimensions": dimensions,
            "similarity_metric": "weighted-cosine",
            "vector_weights": self.weights.tolist(),
            "pq_subspaces": dimensions,
            "pq_centroids_per_subspace": CENTROIDS,
            "cluster_count": 1,
            "content_encoding": "identity",
            "bundle_bytes": len(data),
            "bundle_bytes_uncompressed": len(data),
            "paths": {"bundle": name, "manifest": name.removesuffix(".sidcorr") + ".manifest.json"},
            "file_checksums": {"bundle_sha256": hashlib.sha256(data).hexdigest()},
        }
        return data, json.dumps(manifest, indent=2) + "\n"

    def _to_bytes(self) -> bytes:
        dimensions = len(self.weights)
        file_bytes = 2 if len(self.paths) <= 0xFFFF else 3
        song_bytes = 1 if self.songs.max(initial=1) <= 0xFF else 2
        names = b"".join(struct.pack("<H", len(path.encode())) + path.encode() for path in self.paths)
        rows = np.concatenate(
            [
                _bytes(self.files, file_bytes),
                _bytes(self.songs, song_bytes),
                np.zeros((len(self.codes), 2), np.uint8),
                self.codes,
            ],
            axis=1,
        ).tobytes()
        vectors = self.codebook[np.arange(dimensions), self.codes]
        center = vectors.mean(axis=0) if len(vectors) else np.zeros(dimensions)
        book = struct.pack("<HH", dimensions, CENTROIDS) + self.codebook.astype("<f4").tobytes()
        clusters = struct.pack("<HH", 1, dimensions) + center.astype("<f4").tobytes()
        epoch = _HEADER.size + len(book) + len(clusters)
        header = _HEADER.pack(
            *(_MAGIC, 1, _HEADER.size, dimensions, file_bytes, song_bytes, dimensions, CENTROIDS, 1, 0),
            *(_HEADER.size, epoch),
        )
        size = _EPOCH.size + len(names) + len(rows)
        counts = len(self.codes), len(self.paths)
        return b"".join(
            [
                *(header, book, clusters),
                *(_EPOCH.pack(*counts, len(names), len(rows)), names, rows),
                _INDEX.pack(epoch, size, 0, *counts),
                _FOOTER.pack(epoch + size, _INDEX.size, 1, *counts[::-1]),
            ]
        )

    def vectors(self) -> NDArray[np.float32]:
        """Return the weighted vectors, whose cosine is the similarity, shape (songs, dimensions)."""
        plain = self.codebook[np.arange(len(self.weights)), self.codes] * np.sqrt(self.weights)
        lengths = np.linalg.norm(plain, axis=1, keepdims=True)
        vectors: NDArray[np.float32] = (plain / np.where(lengths == 0, 1, lengths)).astype(np.float32)
        return vectors

    def _check(self) -> None:
        if self.files.max(initial=-1) >= len(self.paths):
            raise AnalysisFileError("The bundle is damaged: a song has no file. Get it again.")
        if not np.isfinite(self.codebook).all():
            raise AnalysisFileError("The bundle is damaged: a vector has no finite length. Get it again.")


def _described(manifest: str) -> dict[str, Any]:
    try:
        described = json.loads(manifest or "{}")
        version = described.get("schema_version", SCHEMA)
        if not isinstance(described.get("file_checksums", {}), dict):
            raise TypeError
    except (ValueError, AttributeError, TypeError, RecursionError) as exc:
        raise AnalysisFileError("The manifest isn't one: it is no JSON object.") from exc
    if version != SCHEMA:
        raise AnalysisFileError(f"The manifest is of {version}; only {SCHEMA} can be read.")
    assert isinstance(described, dict)
    return described


def _weights(described: dict[str, Any], dimensions: int) -> FloatArray:
    given = described.get("vector_weights")
    if described.get("similarity_metric") != "weighted-cosine" or given is None:
        return np.ones(dimensions)
    weights = np.array(given, np.float64)
    if weights.shape != (dimensions,) or not np.isfinite(weights).all() or (weights < 0).any():
        raise AnalysisFileError(f"The manifest's weights must be {dimensions} numbers that aren't negative.")
    return weights


def _unpacked(data: bytes) -> bytes:
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            found = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as exc:
        raise AnalysisFileError("The bundle is damaged: it can't be unpacked. Get it again.") from exc
    if len(found) > MAX_BYTES:
        raise AnalysisFileError(f"The bundle has more than {MAX_BYTES:,} bytes.")
    return found


def _paths(data: bytes, count: int) -> list[str]:
    paths, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from("<H", data, at)
        paths.append(data[at + 2 : at + 2 + length].decode())
        at += 2 + length
    if at != len(data) or len(paths) != count:
        raise AnalysisFileError("The bundle is damaged: its list of files has another size. Get it again.")
    return paths


def _numbers(columns: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return the numbers whose bytes, the lowest first, are in the columns."""
    numbers: NDArray[np.intp] = columns.astype(np.intp) @ (1 << 8 * np.arange(columns.shape[1]))
    return numbers


def _bytes(numbers: NDArray[np.intp], width: int) -> NDArray[np.uint8]:
    return (numbers[:, None] >> 8 * np.arange(width) & 0xFF).astype(np.uint8)


def _centroids(column: NDArray[np.floating]) -> FloatArray:
    """Return 256 ascending numbers that stand for all others: k-means (Lloyd 1982) begun by quantiles."""
    centroids: FloatArray = np.quantile(column, (np.arange(CENTROIDS) + 0.5) / CENTROIDS)
    in_order = np.sort(column)
    sums = np.concatenate([[0.0], np.cumsum(in_order)])
    for _ in range(_ROUNDS):
        middles = (centroids[:-1] + centroids[1:]) / 2
        ends = np.concatenate([[0], np.searchsorted(in_order, middles), [len(in_order)]])
        counts = np.diff(ends)
        means = np.diff(sums[ends]) / np.maximum(1, counts)
        centroids = np.sort(np.where(counts > 0, means, centroids))
    return centroids


def _nearest(vectors: NDArray[np.floating], codebook: NDArray[np.float32]) -> NDArray[np.uint8]:
    codes = np.empty(vectors.shape, np.uint8)
    for number, centroids in enumerate(codebook):
        codes[:, number] = np.searchsorted((centroids[:-1] + centroids[1:]) / 2, vectors[:, number])
    return codes
