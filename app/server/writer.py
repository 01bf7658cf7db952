"""The server's only writer, which commits waiting batches together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from .database import Database, Rows
from .errors import BatchReusedError, DatabaseUnavailableError

MAX_BATCHES = 20
"""Batches per commit. At most 1,000 events, so that no client waits long for others."""


class Writer:
    """Adds batches of events to `database`, in order.

    It makes one commit at a time: concurrent writers would wait for each other's locks, and one batch takes
    a disk as long as twenty.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Rows, asyncio.Future[set[str]]]] = []
        self._task: asyncio.Task[None] | None = None

    async def add(self, rows: Rows) -> set[str]:
        """Add the rows with new uuids. They are committed on return.

        Returns
        -------
        set of str
            The uuids that were added.

        Raises
        ------
        DatabaseUnavailableError
            If the database failed. None of these rows is added then.
        BatchReusedError
            If their batch id was used before with other events. None of them is added.
        """
        future: asyncio.Future[set[str]] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, future))
        if self._task is None:
            self._task = asyncio.create_task(self._write())
        return await future

    async def aclose(self) -> None:
        """Wait until all batches are written."""
        if self._task is not None:
            await self._task

    async def _write(self) -> None:
        while self._waiting:
            batches, self._waiting = self._waiting[:MAX_BATCHES], self._waiting[MAX_BATCHES:]
            await self._commit(batches)
        self._task = None

    async def _commit(self, batches: Sequence[tuple[Rows, asyncio.Future[set[str]]]]) -> None:
        try:
            added = await asyncio.to_thread(self._database.add_batches, [rows for rows, _ in batches])
        except DatabaseUnavailableError as exc:
            await self._commit_separately(batches, exc)
            return
        for (_, future), uuids in zip(batches, added, strict=True):
            if future.done():  # The client may have disconnected.
                continue
            if uuids is None:
                future.set_exception(BatchReusedError())
            else:
                future.set_result(uuids)

    async def _commit_separately(
        self, batches: Sequence[tuple[Rows, asyncio.Future[set[str]]]], exc: DatabaseUnavailableError
    ) -> None:
        """Commit batches one by one after a failure, so that a bad one doesn't affect the others."""
        if len(batches) == 1:
            [(_, future)] = batches
            if not future.done():
                future.set_exception(exc)
            return
        for batch in batches:
            await self._commit([batch])
