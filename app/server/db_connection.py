"""Connections to SQLite and PostgreSQL."""

import sqlite3
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from .errors import ConfigurationError

ADVICE = "Set SIDFLOW_DATABASE_URL to sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
# Python 3.12 deprecates sqlite3's default adapter. SQLAlchemy reads dates in this format.
sqlite3.register_adapter(date, date.isoformat)

LOCK_SECONDS = 10
"""How long a SQLite writer waits for the lock, unless it says otherwise."""

CONNECT_SECONDS = 3
"""How long PostgreSQL may take to accept a connection."""

_POSTGRESQL: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    # Whatever the role or the environment say: paths have all of Unicode.
    "client_encoding": "utf8",
    # A machine that is gone, or a cut cable, ends a connection after so many milliseconds.
    "tcp_user_timeout": 5000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}


def parse_url(text: str) -> URL:
    """Parse a database URL; `postgresql://` selects psycopg.

    Raises
    ------
    ConfigurationError
        If it is invalid, or the kind of database isn't supported.
    """
    # The message omits the URL: it may contain a password.
    try:
        url = make_url(text)
    except ArgumentError as exc:
        raise ConfigurationError(f"The database URL is invalid. {ADVICE}") from exc
    backend = url.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise ConfigurationError(f"{backend!r} databases are not supported. {ADVICE}")
    if backend == "sqlite" and url.database in (None, "", ":memory:"):
        raise ConfigurationError(f"An in-memory SQLite database would lose all events. {ADVICE}")
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def connect(url: URL, lock_seconds: float = LOCK_SECONDS, **options: Any) -> Engine:
    """Return an SQLAlchemy engine with these options. Its error messages don't contain row values.

    Parameters
    ----------
    lock_seconds
        How long SQLite waits for a lock.

    Raises
    ------
    ConfigurationError
        If the driver is missing.
    """
    try:
        if url.get_backend_name() == "postgresql":
            options["connect_args"] = _POSTGRESQL
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, **options)
    except (ImportError, ArgumentError) as exc:
        raise ConfigurationError(
            f"The database driver {url.drivername} can't be loaded: {exc}. Install it or choose another one."
        ) from exc
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", partial(_prepare_sqlite, lock_seconds))
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def make_folder(url: URL) -> None:
    """Create the folder of a SQLite file."""
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)


def _prepare_sqlite(lock_seconds: float, connection: DBAPIConnection, _record: object) -> None:
    # The driver's implicit transactions don't cover schema changes.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {lock_seconds * 1000:.0f}")
    # Readers (a training run, a backup) and the writer don't block each other.
    cursor.execute("PRAGMA journal_mode = WAL")
    # A commit is on disk before it is acknowledged, so it survives a power failure.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock immediately: upgrading a read lock later can fail.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
