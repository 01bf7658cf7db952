"""The database of synced events."""

from collections.abc import Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Any
from uuid import uuid4

from sqlalchemy import Column, Connection, Engine, delete, exc, func, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.compiler import SQLCompiler

from .db_connection import connect, make_folder, parse_url
from .db_limits import (
    POOL,
    STATEMENT_SECONDS,
    ConnectionCutter,
    SqliteFile,
    failure_reason,
    limit_statements,
)
from .errors import ConfigurationError, DatabaseUnavailableError
from .migrations import MigrationError, upgrade
from .tables import events

Rows = Sequence[Mapping[str, Any]]

_LOCK = 0x51D_3E7
"""Key of the advisory lock that PostgreSQL's writers hold."""

_UNAVAILABLE = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)
"""What is the database's fault, not that of the events."""


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
    """The store of all events. Its methods block: call them in a thread of their own.

    Each of them ends after some seconds, whatever the database does; if need be, `interrupt` sees to that.

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
        self._engine = connect(self._url, STATEMENT_SECONDS, **POOL)
        limit_statements(self._engine)
        self._cutter = ConnectionCutter(self._engine)
        self._file = SqliteFile(self._engine)
        self._writer = self._engine.execution_options(writes=True)
        self._insert = _insert_statement(self._engine)

    def open(self) -> None:
        """Apply pending migrations, without a limit of time.

        Raises
        ------
        ConfigurationError
            If the database can't be reached or written, can't hold all text, or was created by a newer
            version.
        """
        engine = connect(self._url)
        try:
            make_folder(self._url)
            with engine.execution_options(writes=True).begin() as connection:
                _require_unicode(connection)
                upgrade(connection)
        except (OSError, SQLAlchemyError, MigrationError) as error:
            cause = getattr(error, "orig", error)
            raise ConfigurationError(
                f"The database {self._url.database} can't be opened: {cause}. "
                "Correct that, or set SIDFLOW_DATABASE_URL to another database."
            ) from error
        finally:
            engine.dispose()

    def close(self) -> None:
        """Close all connections. They are opened again when they are needed."""
        self._engine.dispose()

    def interrupt(self) -> None:
        """End what waits for PostgreSQL in other threads: it fails, and nothing of it is acknowledged."""
        self._cutter.cut()

    def check(self, *, write: bool) -> None:
        """Check that the database answers, has space, and is where it was.

        Parameters
        ----------
        write
            Whether to write something, too: an event that is deleted in the same transaction.

        Raises
        ------
        DatabaseUnavailableError
            If it doesn't. The message says why.
        """
        try:
            with (self._writer if write else self._engine).connect() as connection:
                with connection.begin():
                    connection.execute(select(events.c.id).limit(1))
                    if write:
                        _write_trial(connection)
                problem = self._file.problem(connection) or self._file.space_problem()
        except (SQLAlchemyError, OSError) as error:
            problem = failure_reason(error)
        if problem:
            raise DatabaseUnavailableError(f"The database can't be used: {problem}. Try again later.")

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
            If the database failed: nothing may be acknowledged then. What isn't its fault, such as a value
            that it refuses, is raised as it is; no row is added then.
        """
        try:
            with self._writer.connect() as connection:
                with connection.begin():
                    self._lock(connection)
                    added = self._add(connection, batches)
                problem = self._file.problem(connection)
        except _UNAVAILABLE as error:
            raise not_stored(failure_reason(error)) from error
        if problem:
            raise not_stored(problem)
        return added

    def id_range(self) -> tuple[int, int]:
        """Return the lowest and the highest id, (1, 0) if there are no events.

        Raises
        ------
        SQLAlchemyError
            If the database fails.
        """
        with self._engine.connect() as connection:
            lowest, highest = connection.execute(select(func.min(events.c.id), func.max(events.c.id))).one()
        return lowest or 1, highest or 0

    def delete_before(self, day: date, first: int, last: int) -> int:
        """Delete the events with ids from `first` to `last` that came before a day; return how many.

        Raises
        ------
        SQLAlchemyError
            If the database fails. Nothing is deleted then.
        """
        old = delete(events).where(events.c.id.between(first, last), events.c.day < day)
        with self._writer.begin() as connection:
            return connection.execute(old).rowcount

    def _add(self, connection: Connection, batches: Sequence[Rows]) -> list[set[str] | None]:
        known = _stored(connection, events.c.uuid, batches)
        used = _stored(connection, events.c.batch_id, batches)
        new = [_new_rows(rows, known, used) for rows in batches]
        if added := [row for rows in new for row in rows or ()]:
            connection.exec_driver_sql(*self._insertion(added))
        return [None if rows is None else {row["uuid"] for row in rows} for rows in new]

    def _insertion(self, rows: Rows) -> tuple[str, list[Any]]:
        """Return statement and parameters for the driver: SQLAlchemy would spend time on each value."""
        if self._insert.positional:
            return str(self._insert), list(map(itemgetter(*self._insert.positiontup or ()), rows))
        return str(self._insert), list(rows)

    def _lock(self, connection: Connection) -> None:
        """Lock out other writers until the commit (as SQLite does), so that ids grow in commit order.

        An advisory lock: every lock of the table that keeps writers out also waits for a VACUUM to end.
        """
        if self._engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def not_stored(reason: str) -> DatabaseUnavailableError:
    """Return the error for a batch that wasn't stored, or perhaps was, but can't be acknowledged."""
    return DatabaseUnavailableError(
        f"The events could not be stored: {reason}. Send the same batch again later."
    )


def _require_unicode(connection: Connection) -> None:
    """Raise a ConfigurationError if the database can't hold the paths of all tunes."""
    if connection.dialect.name != "postgresql":
        return
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise ConfigurationError(
            f"The database {connection.engine.url.database} has the encoding {encoding}, which can't hold "
            "the paths of all tunes. Make another one with `createdb --encoding UTF8 --template template0`, "
            "and set SIDFLOW_DATABASE_URL to it."
        )


def _write_trial(connection: Connection) -> None:
    """Insert an event and delete it again. It must be committed: only that needs space on the disk."""
    name = str(uuid4())
    row = {"uuid": name, "batch_id": name, "sid_path": "trial", "song": 1, "day": date(1, 1, 1)}
    connection.execute(insert(events), row)
    connection.execute(delete(events).where(events.c.uuid == name))


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
