"""The server's only writer, which commits waiting batches together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice

from .daemon_thread import in_daemon_thread
from .database import Database, Rows, not_stored
from .errors import BatchReusedError, DatabaseUnavailableError

MAX_BATCHES = 20
"""Batches per commit. At most 1,000 events, so that no client waits long for others."""

ANSWER_SECONDS = 4.0
"""How long an upload waits for its commit, and a commit for the database."""

CLOSE_SECONDS = 3.0
"""How long the end waits for the last commit, and for the connections to close."""

Added = asyncio.Future[set[str]]

logger = logging.getLogger("sidflow.writer")


@dataclass
class Commits:
    """How the last commits fared.

    Attributes
    ----------
    succeeded, failed
        When one succeeded and failed last; None: not since the start.
    failing
        Whether the last one has failed.
    """

    succeeded: datetime | None = None
    failed: datetime | None = None
    failing: bool = False

    def count(self, *, success: bool) -> None:
        """Take note of a commit."""
        self.failing = not success
        if success:
            self.succeeded = datetime.now(UTC)
        else:
            self.failed = datetime.now(UTC)


class Writer:
    """Adds batches of events to `database`, in order.

    It makes one commit at a time: concurrent writers would wait for each other's locks, and one batch takes
    a disk as long as twenty. Whatever happens in a commit, the next one is made.

    Parameters
    ----------
    database
        Where the events go.
    on_commit
        Called after each commit, with whether it succeeded.

    Attributes
    ----------
    commits
        How the last commits fared.
    """

    def __init__(self, database: Database, on_commit: Callable[[bool], None] = lambda _success: None) -> None:
        self._database = database
        self._on_commit = on_commit
        self._waiting: dict[Added, Rows] = {}
        self._task: asyncio.Task[None] | None = None
        self.commits = Commits()

    async def add(self, rows: Rows) -> set[str]:
        """Add the rows with new uuids. They are committed on return.

        Returns
        -------
        set of str
            The uuids that were added.

        Raises
        ------
        DatabaseUnavailableError
            If the database failed, or took too long. The rows may be added nevertheless; they count once.
        BatchReusedError
            If their batch id was used before with other events. None of them is added.
        """
        future: Added = asyncio.get_running_loop().create_future()
        self._waiting[future] = rows
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write())
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await future
        except TimeoutError as exc:
            self._waiting.pop(future, None)  # Nobody waits for it: a long queue would only grow.
            raise not_stored("the database does not answer") from exc

    async def aclose(self) -> None:
        """Wait until all batches are written or refused, but not for a database that doesn't answer."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=CLOSE_SECONDS)

    async def _write(self) -> None:
        while self._waiting:
            batches = dict(islice(self._waiting.items(), MAX_BATCHES))
            for future in batches:
                del self._waiting[future]
            await self._commit(batches)

    async def _commit(self, batches: Mapping[Added, Rows]) -> None:
        try:
            added = await self._attempt(batches)
            answers = list(zip(batches, added, strict=True))
        except DatabaseUnavailableError as exc:
            self._refuse(batches, exc)
        except Exception as exc:  # Nothing may end the loop: what waits would get no answer.
            if len(batches) == 1:
                self._refuse(batches, exc)
                return
            for future, rows in batches.items():  # One of them is the cause; the others are kept.
                await self._commit({future: rows})
        else:
            self._note(success=True)
            for future, uuids in answers:
                _answer(future, uuids)

    async def _attempt(self, batches: Mapping[Added, Rows]) -> list[set[str] | None]:
        call = partial(self._database.add_batches, list(batches.values()))
        commit = in_daemon_thread(call, "database-writer")
        await asyncio.wait({commit}, timeout=ANSWER_SECONDS)
        if not commit.done():
            self._database.interrupt()
        return await commit

    def _refuse(self, batches: Mapping[Added, Rows], exc: Exception) -> None:
        """Tell and count a failed commit, and answer its uploads."""
        error = exc if isinstance(exc, DatabaseUnavailableError) else not_stored("an unforeseen error")
        cause = exc.__cause__ or exc
        trace = None if error is exc else exc
        logger.error("storing events failed: %s", getattr(cause, "orig", cause), exc_info=trace)
        self._note(success=False)
        for future in batches:
            if not future.done():
                future.set_exception(error)

    def _note(self, *, success: bool) -> None:
        self.commits.count(success=success)
        try:
            self._on_commit(success)
        except Exception:
            logger.exception("a commit could not be counted")


def _answer(future: Added, uuids: set[str] | None) -> None:
    if future.done():  # The client may have disconnected.
        return
    if uuids is None:
        future.set_exception(BatchReusedError())
    else:
        future.set_result(uuids)
