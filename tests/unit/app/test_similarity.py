"""The command that exports an analysis file as a similarity bundle."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from app.cli import main
from sidflow_feedback.analysis.analysis_file import AnalysisFile, AnalyzedSong
from sidflow_feedback.analysis.sidcorr import SimilarityBundle
from sidflow_feedback.vocabulary import EMBEDDING_VERSION, EMBEDDING_WIDTH


def test_bundle_has_the_songs_of_the_collection_that_have_an_embedding(tmp_path: Path) -> None:
    music = tmp_path / "C64Music" / "MUSICIANS" / "A"
    music.mkdir(parents=True)
    (music / "One.sid").write_bytes(b"one")
    (music / "Other.sid").write_bytes(b"other")
    songs = [AnalyzedSong(embedding=bytes([number]) * EMBEDDING_WIDTH) for number in (1, 255)]
    key = hashlib.md5(b"one").digest()
    file = AnalysisFile.of({key: [*songs, AnalyzedSong()]}, embedding_version=EMBEDDING_VERSION)
    (tmp_path / "x.sidan").write_bytes(file.to_bytes())
    arguments = [str(tmp_path / "x.sidan"), str(tmp_path / "C64Music"), "--out", str(tmp_path / "x.sidcorr")]
    assert main(["export-similarity", *arguments]) == 0
    manifest = (tmp_path / "x.manifest.json").read_text()
    found = SimilarityBundle.read((tmp_path / "x.sidcorr").read_bytes(), manifest)
    assert (found.paths, found.songs.tolist()) == (["MUSICIANS/A/One.sid"], [1, 2])


def test_file_that_can_not_be_read_is_a_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.sidan").write_bytes(b"nothing")
    assert main(["export-similarity", str(tmp_path / "x.sidan"), str(tmp_path)]) == 1
    assert "no analysis file" in capsys.readouterr().err
