"""The application, served by its console script, as an operator has it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.patience import PATIENCE

MODULE: Final = "SIDFLOW_TEST_SERVER"
"""Environment variable: the module that serves, if not the application itself."""


@dataclass(frozen=True)
class Served:
    """A running server: its address, SQLite database, process, and the token for its local players."""

    url: str
    database: Path
    process: subprocess.Popen[str] = field(repr=False)
    token: str = ""


@contextmanager
def serve(folder: Path, *options: str, port: int = 0, **environment: str) -> Iterator[Served]:
    """Serve the application, on a free port unless one is given, with its database in `folder`."""
    database = folder / "feedback.sqlite3"
    process = subprocess.Popen(
        [sys.executable, "-m", os.environ.get(MODULE, "app"), "serve", "--port", str(port), *options],
        env={
            **os.environ,
            "SIDFLOW_DATABASE_URL": f"sqlite:///{database}",
            "NO_COLOR": "1",
            **environment,
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        url, token = _announced(process.stdout)
        yield Served(url, database, process, token)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)
        process.stdout.close()


def _announced(lines: Iterator[str]) -> tuple[str, str]:
    for line in lines:
        if found := re.search(r"(http://[\w.\[\]:]+:\d+)/(?:#token=([\w-]+))?", line):
            return found[1], found[2] or ""
    raise AssertionError("The server ended without telling its address; run `make setup` to see why.")
