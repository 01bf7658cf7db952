"""The analysis file: what the analysis found out about the songs of many files, by the MD5 of each file.

``docs/analysis-file.md`` describes the format; ``static/js/tunes/analysis-file.js`` reads it, too.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.errors import AnalysisFileError
from sidflow_feedback.vocabulary import ANALYSIS_VERSION, FEATURE_NAMES, MAX_SONGS

if TYPE_CHECKING:
    from sidflow_feedback.types import FloatArray

MAGIC: Final = b"\x89SIDan\r\n"
"""Begins each file. A program that changes line ends, or clears the highest bit, damages it."""

FORMAT_VERSION: Final = 1

MAX_WIDTH: Final = 64
"""Maximum number of bytes in an embedding."""

MAX_RELEASE_BYTES: Final = 64
MD5_BYTES: Final = 16

_HEADER: Final = struct.Struct("<8s5H2xII4x32s64s8d8d")
_HEADER_BYTES: Final = _HEADER.size
_DIGEST: Final = slice(32, 64)
_LEVELS: Final = 65_534
"""The largest number that stands for a value of a feature."""

_UNKNOWN: Final = 65_535
_TENTHS: Final = 10
_FIRST_PROBLEM: Final = 0xFF00
_Number = TypeVar("_Number", np.uint8, np.uint16)
_MAX_LENGTH: Final = (_FIRST_PROBLEM - 1) / _TENTHS


class Problem(IntEnum):
    """Why a song has no features."""

    SILENT = 1
    BROKEN = 2
    NEEDS_ROMS = 3
    STOPPED = 4
    OTHER = 5
    NOT_ANALYZED = 255


@dataclass(frozen=True, slots=True)
class AnalyzedSong:
    """What was found out about a song.

    Attributes
    ----------
    features
        By name, all of `FEATURE_NAMES`; None if there is a problem.
    length
        Seconds after which it falls silent; None if it doesn't, or if that is unknown.
    problem
        Why there are no features.
    embedding
        As many bytes as those of all other songs of a file; None if unknown.
    """

    features: Mapping[str, float] | None = None
    length: float | None = None
    problem: Problem | None = None
    embedding: bytes | None = None


@dataclass(frozen=True, eq=False)
class AnalysisFile:
    """An analysis file in memory. Its arrays are views of the file's bytes.

    Attributes
    ----------
    analysis_version
        `ANALYSIS_VERSION` of the program that analyzed the songs.
    embedding_version
        That of the embeddings; 0 if there are none.
    hvsc_release
        The release of the High Voltage SID Collection that was analyzed, such as ``85``; empty if unknown.
    md5
        MD5 of each file, ascending, shape (files, 16).
    songs
        Number of songs of each file, shape (files,).
    low, step
        Each feature's smallest value, and the difference between neighboring levels, both of shape (8,).
    levels
        Each feature of each song, shape (8, songs): 0 to 65,534, or 65,535 if the song has none.
    endings
        Tenths of seconds until each song falls silent, 0 if it doesn't, or 0xFF00 and a `Problem`, shape
        (songs,).
    embeddings
        Shape (songs, width). All bytes of a song without an embedding are 0.
    """

    analysis_version: int
    embedding_version: int
    hvsc_release: str
    md5: NDArray[np.uint8]
    songs: NDArray[np.int64]
    low: FloatArray
    step: FloatArray
    levels: NDArray[np.uint16]
    endings: NDArray[np.uint16]
    embeddings: NDArray[np.uint8]

    @classmethod
    def of(
        cls,
        analyses: Mapping[bytes, Sequence[AnalyzedSong]],
        *,
        embedding_version: int = 0,
        hvsc_release: str = "",
    ) -> Self:
        """Return the analyses of files, by the 16 bytes of their MD5, each with all songs of the file.

        Raises
        ------
        AnalysisFileError
            A file has no song or more than 256, embeddings differ in width, or a value can't be written.
        """
        md5s = sorted(analyses)
        songs = [song for md5 in md5s for song in analyses[md5]]
        counts = np.array([len(analyses[md5]) for md5 in md5s], np.int64)
        if not all(len(md5) == MD5_BYTES for md5 in md5s):
            raise AnalysisFileError("Each file must be given by the 16 bytes of its MD5.")
        if ((counts < 1) | (counts > MAX_SONGS)).any():
            raise AnalysisFileError(f"Each file must have 1 to {MAX_SONGS} songs.")
        if len(hvsc_release.encode()) > MAX_RELEASE_BYTES:
            raise AnalysisFileError(f"The HVSC release may have {MAX_RELEASE_BYTES} bytes at most.")
        low, step, levels = _quantized(songs)
        return cls(
            analysis_version=ANALYSIS_VERSION,
            embedding_version=embedding_version,
            hvsc_release=hvsc_release,
            md5=np.frombuffer(b"".join(md5s), np.uint8).reshape(-1, MD5_BYTES),
            songs=counts,
            low=low,
            step=step,
            levels=levels,
            endings=np.array([_ending(song) for song in songs], np.uint16),
            embeddings=_embeddings(songs),
        )

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read a file's bytes.

        Raises
        ------
        AnalysisFileError
            This is no analysis file, it is damaged, or it has another format version.
        """
        if data[: len(MAGIC)] != MAGIC or len(data) < _HEADER_BYTES:
            raise AnalysisFileError("This is no analysis file, or only the beginning of one.")
        _, version, analysis, embedding, width, features, files, songs, digest, release, *scale = (
            _HEADER.unpack_from(data)
        )
        if (version, features) != (FORMAT_VERSION, len(FEATURE_NAMES)):
            raise AnalysisFileError(
                f"The file has format version {version} and {features} features for each song; this program "
                f"reads version {FORMAT_VERSION} with {len(FEATURE_NAMES)}. Analyze the music again."
            )
        if width > MAX_WIDTH or len(data) != file_size(files, songs, width):
            raise AnalysisFileError("The file is damaged: its size isn't what it says. Get it again.")
        if _digest(data) != digest:
            raise AnalysisFileError("The file is damaged: its checksum is wrong. Get it again.")
        columns = _Columns(data)
        found = cls(
            analysis_version=analysis,
            embedding_version=embedding,
            hvsc_release=release.rstrip(b"\0").decode(errors="replace"),
            md5=columns.take(np.uint8, files, MD5_BYTES),
            levels=columns.take(np.uint16, features, songs),
            endings=columns.take(np.uint16, 1, songs)[0],
            songs=columns.take(np.uint8, 1, files)[0].astype(np.int64) + 1,
            embeddings=columns.take(np.uint8, songs, width),
            low=np.array(scale[:features]),
            step=np.array(scale[features:]),
        )
        found._check()
        return found

    def to_bytes(self) -> bytes:
        """Return the file."""
        header = _HEADER.pack(
            *(MAGIC, FORMAT_VERSION, self.analysis_version, self.embedding_version),
            *(self.embeddings.shape[1], len(FEATURE_NAMES), len(self.md5), len(self.endings)),
            *(bytes(32), self.hvsc_release.encode(), *self.low, *self.step),
        )
        columns = (
            self.md5,
            self.levels.astype("<u2"),
            self.endings.astype("<u2"),
            (self.songs - 1).astype(np.uint8),
            self.embeddings,
        )
        data = bytearray(header + b"".join(column.tobytes() for column in columns))
        data[_DIGEST] = _digest(data)
        return bytes(data)

    @cached_property
    def firsts(self) -> NDArray[np.int64]:
        """The number of each file's first song, shape (files,)."""
        firsts: NDArray[np.int64] = np.cumsum(self.songs) - self.songs
        return firsts

    @cached_property
    def features(self) -> NDArray[np.float32]:
        """The features of all songs, shape (songs, 8); NaN where unknown."""
        values = self.low + self.step * self.levels.T
        values[self.levels.T == _UNKNOWN] = np.nan
        return values.astype(np.float32)

    def number(self, md5: bytes) -> int | None:
        """Return the number of a file, from 0; None if it isn't in here."""
        low, high = 0, len(self.md5)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.md5[middle].tobytes() < md5 else (low, middle)
        return low if low < len(self.md5) and self.md5[low].tobytes() == md5 else None

    def songs_of(self, md5: bytes) -> list[AnalyzedSong]:
        """Return what is known about the songs of a file; an empty list if it isn't in here."""
        number = self.number(md5)
        if number is None:
            return []
        first = int(self.firsts[number])
        return [self._song(song) for song in range(first, first + int(self.songs[number]))]

    def _song(self, song: int) -> AnalyzedSong:
        ending, values = int(self.endings[song]), self.features[song].tolist()
        embedding = self.embeddings[song].tobytes()
        return AnalyzedSong(
            features=None if math.isnan(values[0]) else dict(zip(FEATURE_NAMES, values, strict=True)),
            length=ending / _TENTHS if 0 < ending < _FIRST_PROBLEM else None,
            problem=_problem(ending - _FIRST_PROBLEM) if ending >= _FIRST_PROBLEM else None,
            embedding=embedding if any(embedding) else None,
        )

    def _check(self) -> None:
        """Raise `AnalysisFileError` if the content contradicts itself, though its checksum is right."""
        high, low = self.md5.view(">u8").T
        ascending = (high[:-1] < high[1:]) | ((high[:-1] == high[1:]) & (low[:-1] < low[1:]))
        scales = np.concatenate([self.low, self.step])
        if not ascending.all() or self.songs.sum() != len(self.endings) or not np.isfinite(scales).all():
            raise AnalysisFileError("The file contradicts itself: whatever made it is broken.")


class _Columns:
    """Views of the columns of a file, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = _HEADER_BYTES

    def take(self, dtype: type[_Number], rows: int, columns: int) -> NDArray[_Number]:
        little: np.dtype[_Number] = np.dtype(dtype).newbyteorder("<")
        found = np.frombuffer(self._data, little, rows * columns, self._offset).reshape(rows, columns)
        self._offset += found.nbytes
        return found


def file_size(files: int, songs: int, width: int) -> int:
    """Return the size of an analysis file in bytes."""
    return _HEADER_BYTES + files * (MD5_BYTES + 1) + songs * (2 * len(FEATURE_NAMES) + 2 + width)


def _digest(data: bytes | bytearray) -> bytes:
    """Return the SHA-256 of a file without its own field."""
    digest = hashlib.sha256(memoryview(data)[: _DIGEST.start])
    digest.update(memoryview(data)[_DIGEST.stop :])
    return digest.digest()


def _quantized(songs: Sequence[AnalyzedSong]) -> tuple[FloatArray, FloatArray, NDArray[np.uint16]]:
    """Return the lowest value and the step of each feature, and the levels, shape (8, songs)."""
    nothing = [math.nan] * len(FEATURE_NAMES)
    values = np.array(
        [[song.features[name] for name in FEATURE_NAMES] if song.features else nothing for song in songs]
    ).reshape(-1, len(FEATURE_NAMES))
    known = np.isfinite(values).all(axis=1)
    low = values[known].min(axis=0) if known.any() else np.zeros(len(FEATURE_NAMES))
    high = values[known].max(axis=0) if known.any() else low
    step = np.where(high > low, (high - low) / _LEVELS, 1.0)
    levels = np.full((len(FEATURE_NAMES), len(songs)), _UNKNOWN, np.uint16)
    levels[:, known] = np.rint((values[known] - low) / step).T
    return low, step, levels


def _ending(song: AnalyzedSong) -> int:
    if song.problem is not None:
        return _FIRST_PROBLEM + song.problem
    if song.features is None:
        return _FIRST_PROBLEM + Problem.NOT_ANALYZED
    if song.length is None:
        return 0
    if not 0 <= song.length <= _MAX_LENGTH:
        raise AnalysisFileError(f"A length must be at most {_MAX_LENGTH} s, not {song.length}.")
    return max(1, round(song.length * _TENTHS))


def _problem(code: int) -> Problem:
    try:
        return Problem(code)
    except ValueError:
        return Problem.OTHER


def _embeddings(songs: Sequence[AnalyzedSong]) -> NDArray[np.uint8]:
    widths = {len(song.embedding) for song in songs if song.embedding is not None}
    if len(widths) > 1 or max(widths, default=0) > MAX_WIDTH:
        raise AnalysisFileError(f"All embeddings must have the same width, at most {MAX_WIDTH} bytes.")
    width = max(widths, default=0)
    joined = b"".join(bytes(width) if song.embedding is None else song.embedding for song in songs)
    return np.frombuffer(joined, np.uint8).reshape(len(songs), width)
