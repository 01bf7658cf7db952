"""The command `prune`."""

import json
import sys
from typing import Any

from ..errors import SetupError
from ..server.errors import ConfigurationError
from .count import count


def add(commands: Any) -> None:
    """Add the command to a command line."""
    pruning = commands.add_parser("prune", help="delete old events, a few at a time, while the server runs")
    pruning.set_defaults(run=lambda options: run(options.days))
    pruning.add_argument(
        "--days", type=count, metavar="N", help="keep the last N days (default: SIDFLOW_RETENTION_DAYS)"
    )


def run(days: int | None) -> None:
    """Delete old events, and print how many as a JSON object.

    Raises
    ------
    ConfigurationError
        If nothing says how old, or there is no database.
    SetupError
        If the database fails meanwhile.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from ..server.database import Database
    from ..server.retention import prune as run
    from ..server.settings import Settings

    settings = Settings.from_environment()
    kept = days or settings.retention_days
    if not kept:
        raise ConfigurationError("Nothing says how old. Add --days N, or set SIDFLOW_RETENTION_DAYS.")
    database = Database(settings.database_url)
    database.open()
    try:
        deleted = run(database, kept)
    except SQLAlchemyError as error:
        raise SetupError(f"The database failed: {getattr(error, 'orig', error)}. Try again later.") from error
    finally:
        database.close()
    sys.stdout.write(json.dumps({"deleted": deleted, "kept_days": kept}) + "\n")
