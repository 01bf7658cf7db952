import sqlite3
from pathlib import Path

import pytest

from app.corpus.errors import CorpusError
from app.corpus.journal import VERSIONS, Journal
from sidflow_feedback.analysis.analysis_file import AnalyzedSong, Problem
from sidflow_feedback.vocabulary import FEATURE_NAMES

FEATURES = {name: number / 3 for number, name in enumerate(FEATURE_NAMES)}
SONGS = {
    1: AnalyzedSong(FEATURES, 12.34, embedding=bytes(range(64))),
    7: AnalyzedSong(problem=Problem.NEEDS_ROMS),
    256: AnalyzedSong(FEATURES),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.sidan.journal"


def test_everything_is_read_again(path: Path) -> None:
    with Journal(path) as journal:
        journal.add(b"a", SONGS)
        journal.add(b"b", {1: AnalyzedSong(problem=Problem.SILENT)})
    with Journal(path) as journal:
        assert journal.read() == {b"a": SONGS, b"b": {1: AnalyzedSong(problem=Problem.SILENT)}}


def test_other_versions_are_dropped(path: Path) -> None:
    with Journal(path) as journal:
        journal.add(b"a", SONGS)
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {VERSIONS - 1}")
    database.close()
    with Journal(path) as journal:
        assert journal.read() == {}


def test_second_run_on_the_same_file_is_refused(path: Path) -> None:
    with Journal(path), pytest.raises(CorpusError, match="another run on the same file"):
        Journal(path)


def test_file_that_is_no_journal_is_refused(path: Path) -> None:
    path.write_text("no database " * 100)
    with pytest.raises(CorpusError, match="If there is no other run, remove it"):
        Journal(path)


def test_nothing_is_left_of_a_run_that_is_done(path: Path) -> None:
    with Journal(path) as journal:
        journal.add(b"a", SONGS)
        journal.remove()
    assert not list(path.parent.iterdir())
