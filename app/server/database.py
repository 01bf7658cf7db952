"""The database of synced events."""

import logging
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Connection, Engine, insert, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.compiler import SQLCompiler

from .db_connection import connect, make_folder, parse_url
from .errors import ConfigurationError, DatabaseUnavailableError
from .migrations import MigrationError, upgrade
from .tables import events

Rows = Sequence[Mapping[str, Any]]

logger = logging.getLogger("sidflow.database")


def migrate(url: str) -> None:
    """Apply pending migrations to the database at `url`.

    Raises
    ------
    ConfigurationError
        If `Database` or `Database.open` raises it.
    """
    database = Database(url)
    database.open()
    database.close()


class Database:
    """The store of all events. Its methods block: call them in a worker thread.

    Parameters
    ----------
    url
        SQLAlchemy URL: `sqlite:///FILE` or `postgresql://...`.

    Raises
    ------
    ConfigurationError
        If the URL is invalid, the kind of database isn't supported, or its driver is missing.
    """

    def __init__(self, url: str) -> None:
        self._url = parse_url(url)
        self._engine = connect(self._url)
        self._writer = self._engine.execution_options(writes=True)
        self._insert = _insert_statement(self._engine)

    def open(self) -> None:
        """Connect and apply pending migrations.

        Raises
        ------
        ConfigurationError
            If the database can't be reached or written, or was created by a newer version.
        """
        try:
            make_folder(self._url)
            with self._writer.begin() as connection:
                upgrade(connection)
        except (OSError, SQLAlchemyError, MigrationError) as exc:
            self.close()
            cause = getattr(exc, "orig", exc)
            raise ConfigurationError(
                f"The database {self._url.database} can't be opened: {cause}. "
                "Correct that, or set SIDFLOW_DATABASE_URL to another database."
            ) from exc

    def close(self) -> None:
        """Close all connections. `open` may be called again."""
        self._engine.dispose()

    def check(self) -> None:
        """Check that the database answers a query.

        Raises
        ------
        DatabaseUnavailableError
            If it doesn't.
        """
        try:
            with self._engine.connect() as connection:
                connection.execute(select(events.c.id).limit(1))
        except SQLAlchemyError as exc:
            raise DatabaseUnavailableError("The database does not respond. Try again later.") from exc

    def add_batches(self, batches: Sequence[Rows]) -> list[set[str] | None]:
        """Add the rows with new uuids, in one transaction that is committed on return.

        Parameters
        ----------
        batches
            Rows with values for all columns of `events` except `id`. For duplicate uuids, the first wins.

        Returns
        -------
        list of set of str, or None
            The uuids added for each batch; None if its id was used before with other events. Nothing of such
            a batch is added: its sender would choose what counts as one upload.

        Raises
        ------
        DatabaseUnavailableError
            If the transaction failed. No row is added then.
        """
        try:
            with self._writer.begin() as connection:
                self._lock(connection)
                known = _stored(connection, events.c.uuid, batches)
                used = _stored(connection, events.c.batch_id, batches)
                new = [_new_rows(rows, known, used) for rows in batches]
                if added := [row for rows in new for row in rows or ()]:
                    connection.exec_driver_sql(*self._insertion(added))
                return [None if rows is None else {row["uuid"] for row in rows} for rows in new]
        except SQLAlchemyError as exc:
            logger.error("storing events failed", exc_info=exc)
            raise DatabaseUnavailableError(
                "The events could not be stored, so none of this batch is kept. Send it again later."
            ) from exc

    def _insertion(self, rows: Rows) -> tuple[str, list[Any]]:
        """Return statement and parameters for the driver: SQLAlchemy would spend time on each value."""
        if self._insert.positional:
            return str(self._insert), list(map(itemgetter(*self._insert.positiontup or ()), rows))
        return str(self._insert), list(rows)

    def _lock(self, connection: Connection) -> None:
        """Lock out other writers until the commit (as SQLite does), so that ids grow in commit order."""
        if self._engine.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE"))


def _insert_statement(engine: Engine) -> SQLCompiler:
    columns = [column.name for column in events.columns if column.name != "id"]
    compiled = insert(events).inline().compile(dialect=engine.dialect, column_keys=columns)
    assert isinstance(compiled, SQLCompiler), "an INSERT isn't DDL"
    return compiled


def _stored(connection: Connection, column: Column[str], batches: Sequence[Rows]) -> set[str]:
    """Return the values of a column in these batches that are in the table."""
    values = {row[column.name] for rows in batches for row in rows}
    return set(connection.scalars(select(column).where(column.in_(values)).distinct()))


def _new_rows(rows: Rows, known: set[str], used: set[str]) -> list[Mapping[str, Any]] | None:
    """Return the rows with new uuids, and add these and the batch's id to what is known.

    None: the id was used before.
    """
    new = list({row["uuid"]: row for row in reversed(rows) if row["uuid"] not in known}.values())[::-1]
    batch_ids = {row["batch_id"] for row in new}
    if batch_ids & used:
        return None
    known.update(row["uuid"] for row in new)
    used |= batch_ids
    return new
