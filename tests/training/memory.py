"""`python -m tests.training.memory FOLDER`: train on the database there; print the peak of memory in MB."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from app.server.tables import events
from app.training.run import Options, train_global
from tests.training.conftest import training_settings

NAMES = [column.name for column in events.columns if column.name not in ("id", "uuid", "batch_id")]


def multiply(database: Path, count: int) -> None:
    """Copy the events of a SQLite database, as separate uploads, until there are `count`."""
    columns, unique = ", ".join(NAMES), "lower(hex(randomblob(18)))"
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        there = connection.execute("SELECT count(*) FROM events").fetchone()[0]
        while there < count:
            copies = f"SELECT {unique}, {unique}, {columns} FROM events LIMIT {count - there}"
            there += connection.execute(f"INSERT INTO events (uuid, batch_id, {columns}) {copies}").rowcount


def peak_of_training(folder: Path) -> float:
    """Return the peak memory, in MB, of a process that trains on the database in `folder`."""
    command = [sys.executable, "-m", __name__, str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    train_global(training_settings(Path(sys.argv[1])), Options(workers=2))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
