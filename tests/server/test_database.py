from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

from app.server.database import Database, migrate
from app.server.db_connection import connect, make_folder, parse_url
from app.server.errors import ConfigurationError
from app.server.migrations import alembic_config
from app.server.tables import metadata

from .conftest import Rows, both_databases
from .deltas import rating

pytestmark = both_databases


@pytest.fixture
def engine(database_url: str) -> Engine:
    make_folder(parse_url(database_url))
    return connect(parse_url(database_url))


def of_version_1(engine: Engine) -> str:
    """Create a database of the first schema, with one event; return its uuid."""
    uuid = str(rating()["uuid"])
    columns = "uuid, batch_id, base_model_version, sid_path, song, day, e"
    values = f"'{uuid}', '{uuid}', 'global-0', 'A/B.sid', 1, '2026-02-03', 4"
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0001")
        connection.execute(text(f"INSERT INTO events ({columns}) VALUES ({values})"))
    return uuid


def test_migrations_create_the_tables_of_the_code(engine: Engine, database_url: str) -> None:
    migrate(database_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_earlier_schema_is_migrated(engine: Engine, database_url: str, rows: Rows) -> None:
    uuid = of_version_1(engine)
    migrate(database_url)
    [row] = rows()
    assert (row["uuid"], row["e"], row["epsilon"]) == (uuid, 4, None)
    engine.dispose()


def test_servers_that_start_at_the_same_time(engine: Engine, database_url: str, rows: Rows) -> None:
    of_version_1(engine)
    databases = [Database(database_url) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(Database.open, databases))
    for database in databases:
        database.close()
    assert len(rows()) == 1
    engine.dispose()


def test_database_of_a_newer_version_is_unchanged(engine: Engine, database_url: str) -> None:
    database = Database(database_url)
    database.open()
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="newer version of this program"):
        database.open()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    database.close()
    engine.dispose()


def test_failed_migration_changes_nothing(engine: Engine, database_url: str) -> None:
    of_version_1(engine)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE events ADD COLUMN epsilon INTEGER"))
    with pytest.raises(ConfigurationError, match="can't be opened"):
        Database(database_url).open()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0001"
    engine.dispose()


def test_sqlite_is_durable_and_readable_during_writes(backend: str, database_url: str) -> None:
    if backend != "sqlite":
        pytest.skip("PostgreSQL is both by itself")
    url = parse_url(database_url)
    make_folder(url)
    engine = connect(url)
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2  # FULL
    engine.dispose()
