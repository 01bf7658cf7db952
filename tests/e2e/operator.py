"""Who runs the server that a page shares with."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

from tests.served import Served, serve


class Operator:
    """Runs the server, and starts another one on the same database after a kill."""

    def __init__(self, folder: Path, **environment: str) -> None:
        """Start the server, with these additional environment variables."""
        self._folder = folder
        self._environment = environment
        self._stack = ExitStack()
        self.served = self.start()

    def start(self) -> Served:
        self.served = self._stack.enter_context(serve(self._folder, port=0, **self._environment))
        return self.served

    def kill(self) -> None:
        os.kill(self.served.process.pid, signal.SIGKILL)
        self.served.process.wait()

    def close(self) -> None:
        self._stack.close()

    def events(self) -> list[str]:
        """Return the uuids of all events on the server, including duplicates."""
        with closing(sqlite3.connect(self.served.database)) as connection:
            return sorted(row[0] for row in connection.execute("SELECT uuid FROM events"))
