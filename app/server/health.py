"""`GET /api/health`: whether the server can store events, and when it did last."""

import asyncio
import time
from datetime import UTC, datetime
from functools import partial

from fastapi import APIRouter

from .daemon_thread import in_daemon_thread
from .database import Database
from .errors import DatabaseUnavailableError
from .schema import Health, errors
from .writer import Commits

CHECK_SECONDS = 4.0
"""How long a request waits for the database. Monitors give up after 5 s or more."""

FRESH_SECONDS = 1.0
"""How long a result is given to all who ask."""

RECENT_SECONDS = 60.0
"""How long a commit proves that events can be stored. Then there is a trial: seldom, for the disk's sake."""


class HealthCheck:
    """Checks a database, once for all who ask at the same time.

    Parameters
    ----------
    database
        What is checked.
    commits
        How the last commits of the writer fared.
    """

    def __init__(self, database: Database, commits: Commits) -> None:
        self._database = database
        self._commits = commits
        self._check: asyncio.Future[None] | None = None
        self._began = 0.0
        self._written = -RECENT_SECONDS

    async def require(self) -> None:
        """Return if events can be stored.

        Raises
        ------
        DatabaseUnavailableError
            If they can't, or the database doesn't answer within `CHECK_SECONDS`. The message says why, and
            when it worked last.
        """
        check, age = self._check, time.monotonic() - self._began
        if check is None or (check.done() and age > FRESH_SECONDS):
            self._check = check = self._start()
            self._began, age = time.monotonic(), 0.0
        await asyncio.wait({check}, timeout=max(0.0, CHECK_SECONDS - age))
        if not check.done():
            self._database.interrupt()
            raise self._problem("The database does not answer. Try again later.")
        exc = check.exception()
        if isinstance(exc, DatabaseUnavailableError):
            raise self._problem(exc.message)
        if exc is not None:
            raise self._problem("The check of the database failed. Try again later.")

    def _start(self) -> asyncio.Future[None]:
        write = self._commits.failing or not self._wrote_lately()
        return in_daemon_thread(partial(self._run, write=write), "database-check")

    def _run(self, *, write: bool) -> None:
        self._database.check(write=write)
        if write:
            self._written = time.monotonic()

    def _wrote_lately(self) -> bool:
        last = self._commits.succeeded
        committed = last is not None and (datetime.now(UTC) - last).total_seconds() < RECENT_SECONDS
        return committed or time.monotonic() - self._written < RECENT_SECONDS

    def _problem(self, message: str) -> DatabaseUnavailableError:
        stored, failed = self._commits.succeeded, self._commits.failed
        return DatabaseUnavailableError(
            f"{message} Events were stored last: {_time(stored)}. Storing failed last: {_time(failed)}."
        )


def health_router(check: HealthCheck, commits: Commits, release: str) -> APIRouter:
    """Create the route that answers with the result of `check`."""
    router = APIRouter()

    @router.get("/api/health", responses=errors(503))
    @router.api_route("/api/health", methods=["GET", "HEAD"], include_in_schema=False)
    async def health() -> Health:
        await check.require()
        found = {"version": release, "lastCommit": commits.succeeded, "lastFailure": commits.failed}
        return Health.model_validate(found)

    return router


def _time(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else "not since the start"
