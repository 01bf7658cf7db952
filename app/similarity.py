"""Exports an analysis file as a similarity bundle (`sidcorr-lite-1`), for other programs."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from sidflow_feedback.analysis.analysis_file import AnalysisFile
from sidflow_feedback.analysis.sidcorr import SimilarityBundle
from sidflow_feedback.errors import AnalysisFileError
from sidflow_feedback.recommending.similarity import Space

from .errors import SetupError
from .files import write_bytes

ROOTS = ("DEMOS", "GAMES", "MUSICIANS", "VARIOUS")
"""The folders of the HVSC that have music."""


def export_similarity(analyses: Path, collection: Path, output: Path) -> int:
    """Write a bundle and, beside it, its manifest; return the number of songs in it.

    Songs are named by their path in the collection, so it must be at hand. Those without an embedding, and
    files that aren't in the analysis file, are left out.

    Raises
    ------
    SetupError
        The analysis file can't be read, or nothing of the collection is in it.
    """
    try:
        file = AnalysisFile.read(analyses.read_bytes())
        songs, codes = _songs(file, collection)
        vectors = Space.of_embeddings().vectors(np.array(codes, np.uint8).reshape(len(codes), -1))
        bundle = SimilarityBundle.of(songs, vectors, np.ones(vectors.shape[1]))
    except (AnalysisFileError, OSError) as error:
        raise SetupError(f"{analyses} can't be exported. {error}") from error
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data, manifest = bundle.to_files(output.name, hvsc_release=file.hvsc_release, generated_at=now)
    write_bytes(output, data)
    write_bytes(output.with_name(output.name.removesuffix(".sidcorr") + ".manifest.json"), manifest.encode())
    return len(songs)


def _songs(file: AnalysisFile, collection: Path) -> tuple[list[tuple[str, int]], list[list[int]]]:
    """Return path, number, and embedding of each song."""
    songs: list[tuple[str, int]] = []
    codes: list[list[int]] = []
    for path in sorted(collection.rglob("*.sid")):
        md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).digest()
        for number, song in enumerate(file.songs_of(md5), 1):
            if song.embedding is not None:
                songs.append((_hvsc_path(path.relative_to(collection)), number))
                codes.append(list(song.embedding))
    if not songs:
        raise AnalysisFileError("It has no embedding of any file in this folder.")
    return songs, codes


def _hvsc_path(path: Path) -> str:
    roots = [number for number, part in enumerate(path.parts) if part in ROOTS]
    return "/".join(path.parts[roots[0] :] if roots else path.parts)
