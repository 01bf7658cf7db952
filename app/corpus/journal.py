"""The journal of a run: what was found out so far, so that a run that was stopped or killed can go on."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final, Self

from sidflow_feedback.analysis.analysis_file import AnalyzedSong, Problem
from sidflow_feedback.vocabulary import ANALYSIS_VERSION, EMBEDDING_VERSION, FEATURE_NAMES

from .errors import CorpusError

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS: Final = ANALYSIS_VERSION << 16 | EMBEDDING_VERSION
"""Analyses of other versions are dropped."""

_CREATE = "CREATE TABLE IF NOT EXISTS songs (md5 BLOB, song INTEGER, content TEXT, PRIMARY KEY (md5, song))"


class Journal:
    """Analyses of songs, in a SQLite database beside the analysis file; a context manager.

    Parameters
    ----------
    path
        Of the database.

    Raises
    ------
    CorpusError
        The database can't be opened, or another run uses it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None)
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            # A process that is killed loses nothing; a power failure may cost the last seconds.
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._open()
        except sqlite3.Error as error:
            raise CorpusError(
                f"{path} can't be used: {error}. Wait until another run on the same file has ended, or "
                "choose another file with --out. If there is no other run, remove it."
            ) from error

    def _open(self) -> None:
        (versions,) = self._database.execute("PRAGMA user_version").fetchone()
        if versions != VERSIONS:
            self._database.execute("DROP TABLE IF EXISTS songs")
        self._database.execute(_CREATE)
        self._database.execute(f"PRAGMA user_version = {VERSIONS}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._database.close()

    def add(self, md5: bytes, songs: Mapping[int, AnalyzedSong]) -> None:
        """Keep the analyses of songs of a file, by their numbers.

        Raises
        ------
        CorpusError
            The database can't be written.
        """
        rows = [(md5, number, _to_text(song)) for number, song in songs.items()]
        try:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR REPLACE INTO songs VALUES (?, ?, ?)", rows)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise CorpusError(
                f"{self._path} can't be written: {error}. Make room, and run the command again: it "
                "goes on where it was."
            ) from error

    def read(self) -> dict[bytes, dict[int, AnalyzedSong]]:
        """Return all analyses, by the MD5 of the file and the number of the song."""
        found: dict[bytes, dict[int, AnalyzedSong]] = defaultdict(dict)
        with closing(self._database.execute("SELECT md5, song, content FROM songs")) as rows:
            for md5, number, content in rows:
                found[md5][number] = _from_text(content)
        return found

    def remove(self) -> None:
        """Close the journal and delete it: the analysis file has everything now."""
        self._database.close()
        with suppress(FileNotFoundError):
            self._path.unlink()


def _to_text(song: AnalyzedSong) -> str:
    features = song.features and [song.features[name] for name in FEATURE_NAMES]
    return json.dumps([features, song.length, song.problem, song.embedding and song.embedding.hex()])


def _from_text(content: str) -> AnalyzedSong:
    features, length, problem, embedding = json.loads(content)
    return AnalyzedSong(
        features=features and dict(zip(FEATURE_NAMES, features, strict=True)),
        length=length,
        problem=problem and Problem(problem),
        embedding=embedding and bytes.fromhex(embedding),
    )
