"""The analysis file: what comes back, how exactly, and that nothing damaged is ever read."""

from __future__ import annotations

import hashlib
import random
import struct
from dataclasses import replace

import numpy as np
import pytest

from sidflow_feedback.analysis.analysis_file import (
    AnalysisFile,
    AnalyzedSong,
    Problem,
    file_size,
)
from sidflow_feedback.errors import AnalysisFileError
from sidflow_feedback.vocabulary import ANALYSIS_VERSION, FEATURE_NAMES

SCALES = (0.5, 0.2, 8000.0, 16000.0, 0.4, 240.0, 1.0, 600.0)


def md5(name: str) -> bytes:
    return hashlib.md5(name.encode(), usedforsecurity=False).digest()


def song(seed: int, width: int = 64) -> AnalyzedSong:
    chance = random.Random(seed)
    features = {name: scale * chance.random() for name, scale in zip(FEATURE_NAMES, SCALES, strict=True)}
    return AnalyzedSong(features, round(chance.uniform(1, 900), 1), embedding=chance.randbytes(width))


def some(width: int = 64) -> AnalysisFile:
    return AnalysisFile.of(
        {
            md5("one"): [song(1, width)],
            md5("three"): [song(2, width), AnalyzedSong(problem=Problem.SILENT), song(3, width)],
            md5("unknown"): [AnalyzedSong(problem=Problem.NEEDS_ROMS), AnalyzedSong()],
            md5("endless"): [replace(song(4, width), length=None, embedding=None)],
        },
        embedding_version=3,
        hvsc_release="85",
    )


def test_what_was_written_is_read_by_md5() -> None:
    found = AnalysisFile.read(some().to_bytes())
    assert (found.analysis_version, found.embedding_version) == (ANALYSIS_VERSION, 3)
    assert found.hvsc_release == "85"
    assert found.embeddings.shape == (7, 64)
    first, silent, third = found.songs_of(md5("three"))
    assert first.features == pytest.approx(song(2).features, rel=1e-3)
    assert (first.length, first.embedding) == (song(2).length, song(2).embedding)
    assert silent == AnalyzedSong(problem=Problem.SILENT)
    assert third.embedding == song(3).embedding
    assert [entry.problem for entry in found.songs_of(md5("unknown"))] == [
        Problem.NEEDS_ROMS,
        Problem.NOT_ANALYZED,
    ]
    [endless] = found.songs_of(md5("endless"))
    assert (endless.length, endless.problem, endless.embedding) == (None, None, None)
    assert found.songs_of(md5("another")) == []


def test_features_are_off_by_half_a_level_of_their_range_at_most() -> None:
    songs = [song(seed) for seed in range(500)]
    values = np.array([[entry.features[name] for name in FEATURE_NAMES] for entry in songs if entry.features])
    found = AnalysisFile.read(
        AnalysisFile.of({md5("many")[:16]: songs[:250], md5("more"): songs[250:]}).to_bytes()
    )
    order = [number for name in sorted((md5("many"), md5("more"))) for number in _numbers(name)]
    errors = abs(found.features - values[order]).max(axis=0)
    assert (errors <= np.ptp(values, axis=0) / 65_534 / 2 * 1.01 + 1e-7 * values.max(axis=0)).all()


def _numbers(name: bytes) -> range:
    return range(250) if name == md5("many") else range(250, 500)


def test_song_takes_100_bytes_at_most() -> None:
    analyses = {md5(str(number)): [song(number)] for number in range(1000)}
    assert len(AnalysisFile.of(analyses).to_bytes()) <= 100 * 1000
    assert file_size(50_000, 80_000, 64) <= 100 * 80_000


def test_no_files_and_no_embeddings_are_a_file_too() -> None:
    assert AnalysisFile.read(AnalysisFile.of({}).to_bytes()).songs_of(md5("one")) == []
    bare = AnalysisFile.read(AnalysisFile.of({md5("one"): [replace(song(1), embedding=None)]}).to_bytes())
    assert bare.embeddings.shape == (1, 0)


def test_file_that_is_cut_anywhere_is_refused() -> None:
    data = some(2).to_bytes()
    for end in range(len(data)):
        with pytest.raises(AnalysisFileError):
            AnalysisFile.read(data[:end])
    with pytest.raises(AnalysisFileError, match="size"):
        AnalysisFile.read(data + b"\0")


def test_any_changed_byte_is_noticed() -> None:
    data = some(2).to_bytes()
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 0x20
        with pytest.raises(AnalysisFileError):
            AnalysisFile.read(bytes(changed))


def test_noise_is_refused() -> None:
    chance = random.Random(5)
    head = some(2).to_bytes()[:256]
    for _ in range(500):
        with pytest.raises(AnalysisFileError):
            AnalysisFile.read(head[: chance.randrange(257)] + chance.randbytes(chance.randrange(2000)))


def test_other_format_is_refused_by_its_version() -> None:
    data = bytearray(some(2).to_bytes())
    data[8:10] = struct.pack("<H", 2)
    with pytest.raises(AnalysisFileError, match="format version 2"):
        AnalysisFile.read(bytes(data))


@pytest.mark.parametrize("damage", ["unsorted", "counts", "scale"])
def test_file_that_contradicts_itself_is_refused_though_its_checksum_is_right(damage: str) -> None:
    good = some(2)
    bad = {
        "unsorted": replace(good, md5=good.md5[::-1]),
        "counts": replace(good, songs=good.songs + 1),
        "scale": replace(good, step=good.step * np.nan),
    }[damage]
    with pytest.raises(AnalysisFileError, match="contradicts"):
        AnalysisFile.read(bad.to_bytes())


@pytest.mark.parametrize(
    ("analyses", "problem"),
    [
        ({b"short": [song(1)]}, "16 bytes"),
        ({md5("none"): []}, "1 to 256"),
        ({md5("many"): [song(1)] * 257}, "1 to 256"),
        ({md5("wide"): [song(1, 65)]}, "width"),
        ({md5("mixed"): [song(1, 2), song(1, 3)]}, "width"),
        ({md5("long"): [replace(song(1), length=7000.0)]}, "length"),
    ],
)
def test_what_does_not_fit_is_not_written(analyses: dict[bytes, list[AnalyzedSong]], problem: str) -> None:
    with pytest.raises(AnalysisFileError, match=problem):
        AnalysisFile.of(analyses)
