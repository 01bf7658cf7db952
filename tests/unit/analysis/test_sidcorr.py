"""Similarity bundles: what is written is read, as is the published format; hostile ones do no harm."""

from __future__ import annotations

import gzip
import json
import random
import struct

import numpy as np
import pytest
from numpy.typing import NDArray

from sidflow_feedback.analysis.sidcorr import SimilarityBundle
from sidflow_feedback.errors import AnalysisFileError

DIMENSIONS = 5
SONGS = [("MUSICIANS/B/b.sid", 2), ("MUSICIANS/A/ä.sid", 1), ("MUSICIANS/B/b.sid", 1), ("DEMOS/x.sid", 300)]


def vectors(count: int = len(SONGS)) -> NDArray[np.float64]:
    return np.random.default_rng(6).random((count, DIMENSIONS)) + 0.01


def some() -> SimilarityBundle:
    return SimilarityBundle.of(SONGS, vectors(), np.arange(1.0, 6))


def test_written_bundle_is_read_with_its_manifest() -> None:
    data, manifest = some().to_files("x.sidcorr", hvsc_release="85")
    found = SimilarityBundle.read(data, manifest)
    assert found.paths == ["DEMOS/x.sid", "MUSICIANS/A/ä.sid", "MUSICIANS/B/b.sid"]
    assert found.files.tolist() == [0, 1, 2, 2]
    assert found.songs.tolist() == [300, 1, 1, 2]
    assert found.weights.tolist() == [1, 2, 3, 4, 5]
    assert json.loads(manifest)["paths"] == {"bundle": "x.sidcorr", "manifest": "x.manifest.json"}
    weighted = vectors()[[3, 1, 2, 0]] * np.sqrt(np.arange(1.0, 6))
    exact = weighted / np.linalg.norm(weighted, axis=1, keepdims=True)
    assert found.vectors() == pytest.approx(exact, abs=1e-6), "4 songs have a value each"
    assert SimilarityBundle.read(gzip.compress(data)).weights.tolist() == [1] * 5


def test_neighbors_survive_quantization() -> None:
    plain = vectors(2000)
    songs = [(f"MUSICIANS/{number:04}.sid", 1) for number in range(2000)]
    bundle = SimilarityBundle.of(songs, plain, np.ones(DIMENSIONS))
    found = SimilarityBundle.read(bundle.to_files("x")[0]).vectors()
    unit = plain / np.linalg.norm(plain, axis=1, keepdims=True)
    kept = 0
    for number in range(0, 2000, 100):
        exact, read = (np.argsort(-(rows @ rows[number]))[1:26] for rows in (unit, found))
        kept += len(set(exact) & set(read))
    assert kept / (20 * 25) > 0.9


def test_header_is_that_of_the_published_files() -> None:
    data, _ = some().to_files("x")
    assert data[:32] == struct.pack(
        "<8sHHHBBHHHHII", b"SIDCORR\0", 1, 32, 5, 2, 2, 5, 256, 1, 0, 32, 32 + 4 + 5 * 1024 + 4 + 20
    )
    index, size, epochs, files, tracks = struct.unpack("<QQIII12x", data[-40:])
    assert (index, size, epochs, files, tracks) == (len(data) - 72, 32, 1, 3, 4)


def test_cut_bundle_is_refused_everywhere() -> None:
    data, _ = some().to_files("x")
    for end in [*range(0, len(data) - 200, 61), *range(len(data) - 200, len(data))]:
        with pytest.raises(AnalysisFileError):
            SimilarityBundle.read(data[:end])


def test_hostile_bundles_are_refused_or_read_but_raise_nothing_else() -> None:
    data, _ = some().to_files("x")
    chance = random.Random(8)
    structure = [*range(40), *range(len(data) - 300, len(data))]
    for _ in range(3000):
        changed = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            changed[chance.choice(structure)] = chance.choice((0, 1, 255, chance.randrange(256)))
        try:
            found = SimilarityBundle.read(bytes(changed))
        except AnalysisFileError:
            continue
        assert found.vectors().shape == (len(found.codes), len(found.weights))


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        ("{", "JSON"),
        ("[]", "JSON"),
        ('{"file_checksums": 3}', "JSON"),
        ('{"schema_version": "sidcorr-1"}', "sidcorr-1"),
        ('{"file_checksums": {"bundle_sha256": "00"}}', "checksum"),
        ('{"similarity_metric": "weighted-cosine", "vector_weights": [1]}', "weights"),
        ('{"similarity_metric": "weighted-cosine", "vector_weights": [1, 1, 1, 1, -1]}', "weights"),
    ],
)
def test_manifest_that_does_not_fit_is_refused(manifest: str, problem: str) -> None:
    with pytest.raises(AnalysisFileError, match=problem):
        SimilarityBundle.read(some().to_files("x")[0], manifest)


def test_broken_gzip_is_refused() -> None:
    with pytest.raises(AnalysisFileError, match="unpacked"):
        SimilarityBundle.read(gzip.compress(some().to_files("x")[0])[:-9])


@pytest.mark.parametrize("bad", [np.zeros((4, 5)), np.full((4, 5), np.nan), np.ones((3, 5))])
def test_vectors_without_a_direction_are_not_written(bad: NDArray[np.float64]) -> None:
    with pytest.raises(AnalysisFileError):
        SimilarityBundle.of(SONGS, bad, np.ones(DIMENSIONS))
