"""Connections to the database: SQLite or PostgreSQL, by one URL."""

import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from .errors import ConfigurationError

ADVICE = "Set SIDFLOW_DATABASE_URL to sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
# What SQLite's driver does by itself until Python takes that away: a day is stored as SQLAlchemy reads it.
sqlite3.register_adapter(date, date.isoformat)

LOCK_SECONDS = 10
"""How long a SQLite writer waits for another one; PostgreSQL's waits as long as it takes."""


def parse_url(text: str) -> URL:
    """Read a database URL; plain `postgresql://` is psycopg's.

    Raises
    ------
    ConfigurationError
        If it cannot be read, or names a kind of database that is not supported.
    """
    # The message leaves the URL out: what cannot be parsed may hold a password anywhere.
    try:
        url = make_url(text)
    except ArgumentError as exc:
        raise ConfigurationError(f"The database URL cannot be read. {ADVICE}") from exc
    backend = url.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise ConfigurationError(f"Databases of the kind {backend!r} are not supported. {ADVICE}")
    if backend == "sqlite" and url.database in (None, "", ":memory:"):
        raise ConfigurationError(f"A SQLite database in memory keeps nothing. {ADVICE}")
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def connect(url: URL, **options: Any) -> Engine:
    """Return an engine, made with these further options; its errors never show the values of rows.

    Raises
    ------
    ConfigurationError
        If the driver is missing.
    """
    try:
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, **options)
    except (ImportError, ArgumentError) as exc:
        raise ConfigurationError(
            f"The driver of {url.drivername} cannot be loaded: {exc}. Install it, or name another one."
        ) from exc
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def make_folder(url: URL) -> None:
    """Make the folder that a SQLite file lies in."""
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    # The driver's own idea of when a transaction begins leaves out changes of the schema.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {LOCK_SECONDS * 1000}")
    # Readers (a training run, a backup) and the writer do not wait for each other.
    cursor.execute("PRAGMA journal_mode = WAL")
    # Each commit is on the disk before it is acknowledged: no power failure takes it back.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: one that starts as a reader may find later that it can't have it.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
