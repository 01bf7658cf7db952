"""Database migrations, applied when the server starts. Each is a file in `versions/`."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from ..tables import metadata

HERE = Path(__file__).parent
_LOCK = 0x51D_F10
"""Key of a PostgreSQL advisory lock: if two servers start at once, one waits for the other."""


class MigrationError(Exception):
    """The database can't be migrated. It is unchanged."""


def upgrade(connection: Connection) -> None:
    """Apply pending migrations in the caller's transaction.

    Raises
    ------
    MigrationError
        If the database was created by a newer version.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    config = alembic_config(connection)
    try:
        command.upgrade(config, "head")
    except CommandError as exc:
        raise MigrationError(f"it was created by a newer version of this program ({exc})") from exc


def alembic_config(connection: Connection) -> Config:
    """Return Alembic's configuration for a connection in the caller's transaction."""
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.attributes.update(connection=connection, metadata=metadata)
    return config
