"""The command `train-global`."""

import argparse
import json
import sys
from typing import Any

from ..training.errors import TrainingError

DISTRIBUTION = "sidflow-app"


def add(commands: Any) -> None:
    """Add the command to a command line."""
    training = commands.add_parser(
        "train-global", help="make the next global model from what was shared; publish it if it is better"
    )
    training.set_defaults(run=run)
    training.add_argument("--seed", default=0, type=int, help="same seed, same model (default: %(default)s)")
    training.add_argument(
        "--min-uploads",
        default=5,
        type=int,
        metavar="K",
        help="different uploads that a tune needs to count (default: %(default)s)",
    )
    training.add_argument(
        "--without-days",
        action="append",
        default=[],
        metavar="FROM..TO",
        help="leave out what came on these days, such as 2026-02-03..2026-02-05; may be repeated",
    )
    training.add_argument("--scheduler", metavar="ADDRESS", help="run on this Dask cluster")
    training.add_argument("--workers", type=int, metavar="N", help="threads (default: one per core)")
    training.add_argument("--rollback", action="store_true", help="publish the previous model again")


def run(options: argparse.Namespace) -> None:
    """Train, or roll back, and print the result as one JSON object.

    Raises
    ------
    TrainingError, ConfigurationError
        If there is too little to learn from, nothing to go back to, or no database.
    """
    from ..server.database import migrate
    from ..server.day_range import DayRange
    from ..server.settings import Settings

    try:
        from ..training import run
    except ModuleNotFoundError as error:
        raise TrainingError(
            f"Training needs packages that are not installed ({error}). "
            f"Run `pip install '{DISTRIBUTION}[training]'`, then try again."
        ) from error
    settings = Settings.from_environment()
    if options.rollback:
        result = run.roll_back(settings)
    else:
        migrate(settings.database_url)
        chosen = run.Options(
            seed=options.seed,
            min_uploads=options.min_uploads,
            without_days=tuple(DayRange.parse(text) for text in options.without_days),
            scheduler=options.scheduler,
            workers=options.workers,
        )
        result = run.train_global(settings, chosen)
    sys.stdout.write(json.dumps(result) + "\n")
