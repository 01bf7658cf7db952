"""The table of songs for vector search: LanceDB's, which is loaded only where such a table is used."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Self

from sidflow_feedback.vocabulary import FEATURE_NAMES

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from lancedb.table import Table

    from sidflow_feedback.analysis.embedding import Weighting

NAME: Final = "songs"

INDEX_FROM: Final = 200_000
"""Songs from which an index of the vectors pays: comparing all of fewer takes some milliseconds."""

_CONSISTENT: Final = timedelta(0)
"""A table that was written again is used at once."""

_PER_FILE: Final = 8
"""Songs looked at for each one that is returned, because only one of a file counts."""

_DESCRIPTION = ("path", "md5", "song", "title", "author", "released", "length", "features")


class SongTableError(Exception):
    """The table can't be used. The message says what to do."""


@dataclass(frozen=True, slots=True)
class SongTable:
    """A table with a row for each song: path, md5, song, title, author, released, length, features, vectors.

    Its vectors have length 1: `all` and `sound`, as of `sidflow_feedback.analysis.embedding.project`.
    """

    _table: Table

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the table in a folder.

        Raises
        ------
        SongTableError
            LanceDB isn't installed, or there is no table.
        """
        lancedb = load_lancedb()
        try:
            if not folder.is_dir():  # LanceDB would make it.
                raise ValueError("there is no such folder")
            return cls(lancedb.connect(folder, read_consistency_interval=_CONSISTENT).open_table(NAME))
        except (OSError, ValueError, RuntimeError) as error:
            raise SongTableError(
                "The server's table of songs can't be opened. Its operator makes it with `analyze --lance`."
            ) from error

    @classmethod
    def write(cls, folder: Path, rows: pa.Table, index_from: int = INDEX_FROM) -> None:
        """Write a table, in place of the one that is there.

        Raises
        ------
        SongTableError
            LanceDB isn't installed, or the table can't be written.
        """
        lancedb = load_lancedb()
        index = import_module("lancedb.index")
        try:
            table = lancedb.connect(folder).create_table(NAME, rows, mode="overwrite")
            for column in ("md5", "path"):
                table.create_index(column, config=index.BTree())
            if rows.num_rows >= index_from:
                for column in ("all", "sound"):
                    table.create_index(column, config=index.HnswSq(distance_type="cosine"))
        except (OSError, ValueError, RuntimeError) as error:
            raise SongTableError(
                f"The table in {folder} can't be written: {error}. Choose another folder with --lance."
            ) from error

    def song(self, song: int, *, md5: str | None = None, path: str | None = None) -> dict[str, Any] | None:
        """Return the row of a song, by the MD5 of its file in hexadecimal or by its path; None if unknown."""
        name, value = ("md5", md5) if path is None else ("path", path)
        condition = f"{name} = {_quoted(str(value))} AND song = {song}"
        rows: list[dict[str, Any]] = self._table.search().where(condition).limit(1).to_list()
        return rows[0] if rows else None

    def similar(self, row: dict[str, Any], weighting: Weighting, limit: int) -> list[dict[str, Any]]:
        """Return the songs most similar to that of a row, at most one of each file, and none of its own.

        Returns
        -------
        list
            Rows with `similarity`, from -1 to 1, the most similar first.
        """
        query = self._table.search(row[weighting], vector_column_name=weighting)
        query = query.distance_type("cosine").where(f"md5 != {_quoted(row['md5'])}", prefilter=True)
        found = query.select([*_DESCRIPTION, "_distance"]).limit(limit * _PER_FILE).to_list()
        return list(_first_of_files(found))[:limit]


def load_lancedb() -> Any:
    """Import LanceDB.

    Raises
    ------
    SongTableError
        It isn't installed.
    """
    os.environ.setdefault("LANCEDB_LOG", "error")  # Else it warns of each new table.
    try:
        return import_module("lancedb")
    except ImportError as error:
        raise SongTableError(
            f"LanceDB is not installed ({error}). Run: pip install 'sidflow-app[lance]'."
        ) from error


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _first_of_files(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    seen = set()
    for row in rows:
        if row["md5"] not in seen:
            seen.add(row["md5"])
            described = {name: row[name] for name in _DESCRIPTION}
            features = dict(zip(FEATURE_NAMES, row["features"], strict=True))
            yield {**described, "features": features, "similarity": 1 - row["_distance"]}
