"""The database of synced feedback: what the server does with it."""

import logging
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.compiler import SQLCompiler

from .db_connection import connect, make_folder, parse_url
from .errors import ConfigurationError, DatabaseUnavailableError
from .migrations import MigrationError, upgrade
from .tables import events

Rows = Sequence[Mapping[str, Any]]

logger = logging.getLogger("sidflow.database")


def migrate(url: str) -> None:
    """Bring the database at `url` up to date, and leave it.

    Raises
    ------
    ConfigurationError
        As `Database` and its `open` do.
    """
    database = Database(url)
    database.open()
    database.close()


class Database:
    """The one place that events are kept in. Its methods block: call them in a worker thread.

    Parameters
    ----------
    url
        SQLAlchemy URL: `sqlite:///FILE` or `postgresql://...`.

    Raises
    ------
    ConfigurationError
        If the URL cannot be read, or names a database that is not supported or whose driver is missing.
    """

    def __init__(self, url: str) -> None:
        self._url = parse_url(url)
        self._engine = connect(self._url)
        self._writer = self._engine.execution_options(writes=True)
        self._insert = _insert_statement(self._engine)

    def open(self) -> None:
        """Connect, and bring the tables up to date.

        Raises
        ------
        ConfigurationError
            If the database cannot be reached or written, or is newer than this program.
        """
        try:
            make_folder(self._url)
            with self._writer.begin() as connection:
                upgrade(connection)
        except (OSError, SQLAlchemyError, MigrationError) as exc:
            self.close()
            cause = getattr(exc, "orig", exc)
            raise ConfigurationError(
                f"The database {self._url.database} cannot be opened: {cause}. "
                "Set SIDFLOW_DATABASE_URL to one that can."
            ) from exc

    def close(self) -> None:
        """Close all connections; `open` may be called again."""
        self._engine.dispose()

    def check(self) -> None:
        """Ask the database for an answer.

        Raises
        ------
        DatabaseUnavailableError
            If it gives none.
        """
        try:
            with self._engine.connect() as connection:
                connection.execute(select(events.c.id).limit(1))
        except SQLAlchemyError as exc:
            raise DatabaseUnavailableError("The database does not answer. Ask again later.") from exc

    def add_batches(self, batches: Sequence[Rows]) -> list[set[str]]:
        """Add the rows whose uuid is new, in one transaction that is committed on return.

        Parameters
        ----------
        batches
            Rows with the values of all columns of `events` but `id`. Of rows with one uuid the first counts.

        Returns
        -------
        list of set of str
            For each batch the uuids that were added.

        Raises
        ------
        DatabaseUnavailableError
            If the database refused; then no row is added.
        """
        try:
            with self._writer.begin() as connection:
                self._lock(connection)
                known = _known(connection, [row["uuid"] for rows in batches for row in rows])
                fresh = [_fresh(rows, known) for rows in batches]
                if any(fresh):
                    connection.exec_driver_sql(*self._insertion([row for rows in fresh for row in rows]))
                return [{row["uuid"] for row in rows} for rows in fresh]
        except SQLAlchemyError as exc:
            logger.error("events were not stored", exc_info=exc)
            raise DatabaseUnavailableError(
                "The events could not be stored, and none of this batch is kept. Send the same batch later."
            ) from exc

    def _insertion(self, rows: Rows) -> tuple[str, list[Any]]:
        """Return statement and parameters as the driver takes them: SQLAlchemy would work on each value."""
        if self._insert.positional:
            return str(self._insert), list(map(itemgetter(*self._insert.positiontup or ()), rows))
        return str(self._insert), list(rows)

    def _lock(self, connection: Connection) -> None:
        """Let no other process write until the commit, as SQLite does by itself: so ids grow with commits."""
        if self._engine.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE"))


def _insert_statement(engine: Engine) -> SQLCompiler:
    columns = [column.name for column in events.columns if column.name != "id"]
    compiled = insert(events).inline().compile(dialect=engine.dialect, column_keys=columns)
    assert isinstance(compiled, SQLCompiler), "an insertion is no DDL"
    return compiled


def _known(connection: Connection, uuids: Sequence[str]) -> set[str]:
    return set(connection.scalars(select(events.c.uuid).where(events.c.uuid.in_(uuids))))


def _fresh(rows: Rows, known: set[str]) -> list[Mapping[str, Any]]:
    """Return the rows whose uuids are not among the known ones, to which they are added."""
    fresh = []
    for row in rows:
        if row["uuid"] not in known:
            known.add(row["uuid"])
            fresh.append(row)
    return fresh
