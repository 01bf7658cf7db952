"""Migrations of the database, run when the server starts. `versions/` has one file for each."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

from ..tables import metadata

HERE = Path(__file__).parent
BEFORE_VERSIONS = "0001"
"""What a database is that has no version table: releases before this one wrote none."""

_LOCK = 0x51D_F10
"""Number of PostgreSQL's advisory lock: of two servers that start at once, one waits for the other."""


class MigrationError(Exception):
    """The database cannot be brought up to date; it is as it was before."""


def upgrade(connection: Connection) -> None:
    """Bring the tables up to date, in the caller's transaction.

    Raises
    ------
    MigrationError
        If the database was written by a newer version of this program.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    config = alembic_config(connection)
    try:
        tables = inspect(connection).get_table_names()
        if "events" in tables and "alembic_version" not in tables:
            command.stamp(config, BEFORE_VERSIONS)
        command.upgrade(config, "head")
    except CommandError as exc:
        raise MigrationError(f"it was written by a newer version of this program ({exc})") from exc


def alembic_config(connection: Connection) -> Config:
    """Return Alembic's configuration, bound to a connection whose transaction is the caller's."""
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.attributes.update(connection=connection, metadata=metadata)
    return config
