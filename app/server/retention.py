"""Deleting what is older than an operator wants to keep."""

import asyncio
import logging
import threading
from datetime import UTC, datetime, timedelta
from functools import partial

from .daemon_thread import in_daemon_thread
from .database import Database

PRUNE_IDS = 1000
"""Ids in a transaction: it takes milliseconds, so that no upload waits long for it."""

PAUSE_SECONDS = 0.005
"""Between two transactions: SQLite gives the lock to whoever asks in the right moment."""

EVERY_SECONDS = 6 * 3600.0
"""How often the server looks for old events."""

logger = logging.getLogger("sidflow.retention")


def prune(database: Database, days: int, stop: threading.Event | None = None) -> int:
    """Delete the events that came more than `days` days ago; return how many.

    Parameters
    ----------
    stop
        Ends it after the current transaction.

    Raises
    ------
    SQLAlchemyError
        If the database fails. What is deleted by then stays so.
    """
    stop = stop or threading.Event()
    before = datetime.now(UTC).date() - timedelta(days=days)
    first, last = database.id_range()
    deleted = 0
    for start in range(first, last + 1, PRUNE_IDS):
        deleted += database.delete_before(before, start, start + PRUNE_IDS - 1)
        if stop.wait(PAUSE_SECONDS):
            break
    return deleted


class Retention:
    """Prunes a database now and then, while the server runs.

    Parameters
    ----------
    database
        What is pruned.
    days
        How long events are kept; 0: forever.
    """

    def __init__(self, database: Database, days: int) -> None:
        self._database = database
        self._days = days
        self._stop = threading.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, if events aren't kept forever."""
        if self._days:
            self._stop.clear()
            self._task = asyncio.create_task(self._run())

    async def aclose(self) -> None:
        """End. A transaction in progress isn't waited for."""
        self._stop.set()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            try:
                call = partial(prune, self._database, self._days, self._stop)
                deleted = await in_daemon_thread(call, "database-prune")
                logger.info("pruned", extra={"events": deleted})
            except Exception:
                logger.exception("old events could not be deleted; the next try is in some hours")
            await asyncio.sleep(EVERY_SECONDS)
