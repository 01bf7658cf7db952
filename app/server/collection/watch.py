"""The process that publishes a collection whenever it changes."""

import multiprocessing
import os
import signal
import time
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Final

from .publisher import Publisher

INTERVAL: Final = 10.0
"""Seconds between two looks at the folder."""

SHARE: Final = 0.02
"""Most of the time that the looks may take, so that a large or slow folder is looked at less often."""

NICENESS: Final = 10


def watch(folder: Path, analyses: Path | None, output: Path, connection: Connection) -> None:
    """Send each `Publication` through `connection`, until the server has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which ends this process.
    with suppress(OSError):  # A service manager may forbid it.
        os.nice(NICENESS)
    publisher = Publisher(folder, analyses, output)
    while True:
        begun = time.monotonic()
        publication = publisher.update()
        taken = time.monotonic() - begun
        if publication:
            connection.send(publication)
        server = multiprocessing.parent_process()
        pause = INTERVAL if publication else max(INTERVAL, taken / SHARE)
        if server is None or wait([server.sentinel], pause):
            return
