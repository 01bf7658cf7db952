"""The database of synced feedback: SQLite by default, PostgreSQL by URL."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Double,
    Engine,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from app.server.errors import ConfigurationError, DatabaseUnavailableError
from app.server.schema import Features

metadata = MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"}
)

# `id` grows and is never used twice: readers go on from the last one they saw, and no clock time is kept.
# `batch_id` tells how many different uploads a tune has.
events = Table(
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("batch_id", String(36), nullable=False),
    Column("base_model_version", String(128), nullable=False),
    Column("model_version", String(128)),
    Column("sid_path", String(255), nullable=False),
    Column("song", SmallInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("action", String(16)),
    *(Column(name, SmallInteger) for name in ("e", "m", "c", "p")),
    *(Column(name, Double) for name in Features.model_fields),
    sqlite_autoincrement=True,
)


class Database:
    """The one place that events are kept in. Its methods block: call them in a worker thread.

    Parameters
    ----------
    url
        SQLAlchemy URL: `sqlite:///FILE` or `postgresql+DRIVER://...`.

    Raises
    ------
    ConfigurationError
        If the URL cannot be read, or names a database that is not supported or whose driver is missing.
    """

    def __init__(self, url: str) -> None:
        self._url = _parse_url(url)
        self._engine = _create_engine(self._url)

    def open(self) -> None:
        """Connect, and create what is missing.

        Raises
        ------
        ConfigurationError
            If the database cannot be reached or written.
        """
        try:
            if self._url.database and self._url.get_backend_name() == "sqlite":
                Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
            metadata.create_all(self._engine)
        except (OSError, SQLAlchemyError) as exc:
            cause = getattr(exc, "orig", exc)
            raise ConfigurationError(
                f"The database {self._url.database} cannot be opened: {cause}. "
                "Set SIDFLOW_DATABASE_URL to one that can."
            ) from exc

    def close(self) -> None:
        """Close all connections; `open` may be called again."""
        self._engine.dispose()

    def add_events(self, rows: Sequence[Mapping[str, Any]]) -> set[str]:
        """Add the rows whose uuid is new, in one transaction that is committed on return.

        Parameters
        ----------
        rows
            Values of all columns of `events` but `id`. Of rows with one uuid the first counts.

        Returns
        -------
        set of str
            The uuids that were added.

        Raises
        ------
        DatabaseUnavailableError
            If the database refused; then no row is added.
        """
        if not rows:
            return set()
        try:
            with self._engine.begin() as connection:
                added = connection.execute(self._insert().returning(events.c.uuid), rows)
                return set(added.scalars())
        except SQLAlchemyError as exc:
            raise DatabaseUnavailableError(
                "The events could not be stored, and none of this batch is kept. Send the same batch later."
            ) from exc

    def _insert(self) -> sqlite.Insert | postgresql.Insert:
        is_sqlite = self._engine.dialect.name == "sqlite"
        insert = sqlite.insert(events) if is_sqlite else postgresql.insert(events)
        return insert.on_conflict_do_nothing(index_elements=[events.c.uuid])


def _parse_url(text: str) -> URL:
    # The message leaves the URL out: what cannot be parsed may hold a password anywhere.
    advice = "Set SIDFLOW_DATABASE_URL to sqlite:///FILE or postgresql+DRIVER://USER@HOST/NAME."
    try:
        url = make_url(text)
    except ArgumentError as exc:
        raise ConfigurationError(f"The database URL cannot be read. {advice}") from exc
    backend = url.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise ConfigurationError(f"Databases of the kind {backend!r} are not supported. {advice}")
    if backend == "sqlite" and url.database in (None, "", ":memory:"):
        raise ConfigurationError(f"A SQLite database in memory keeps nothing. {advice}")
    return url


def _create_engine(url: URL) -> Engine:
    try:
        engine = create_engine(url)
    except (ImportError, ArgumentError) as exc:
        raise ConfigurationError(
            f"The driver of {url.drivername} cannot be loaded: {exc}. Install it, or name another one."
        ) from exc
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _use_wal)
    return engine


def _use_wal(connection: DBAPIConnection, _record: object) -> None:
    # Readers (a training run, a backup) and the writer do not wait for each other.
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()
