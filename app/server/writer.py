"""The one writer of a server: batches that wait at the same time are committed together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from .database import Database, Rows
from .errors import DatabaseUnavailableError

MAX_BATCHES = 20
"""Batches of one commit: 1,000 events at most, so that nobody waits long for those of others."""


class Writer:
    """Adds batches of events to `database`, in the order in which they come.

    One commit at a time: writers that wait for each other's locks are slower, and a disk takes as long for
    one batch as for twenty.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Rows, asyncio.Future[set[str]]]] = []
        self._task: asyncio.Task[None] | None = None

    async def add(self, rows: Rows) -> set[str]:
        """Add the rows whose uuid is new; they are committed on return.

        Returns
        -------
        set of str
            The uuids that were added.

        Raises
        ------
        DatabaseUnavailableError
            If the database refused; then none of these rows is added.
        """
        future: asyncio.Future[set[str]] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, future))
        if self._task is None:
            self._task = asyncio.create_task(self._write())
        return await future

    async def aclose(self) -> None:
        """Wait until everything that waits is written."""
        if self._task is not None:
            await self._task

    async def _write(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[:MAX_BATCHES], self._waiting[MAX_BATCHES:]
            await self._commit(taken)
        self._task = None

    async def _commit(self, taken: Sequence[tuple[Rows, asyncio.Future[set[str]]]]) -> None:
        try:
            added = await asyncio.to_thread(self._database.add_batches, [rows for rows, _ in taken])
        except DatabaseUnavailableError as exc:
            await self._commit_apart(taken, exc)
            return
        for (_, future), uuids in zip(taken, added, strict=True):
            if not future.done():  # its client may be gone
                future.set_result(uuids)

    async def _commit_apart(
        self, taken: Sequence[tuple[Rows, asyncio.Future[set[str]]]], exc: DatabaseUnavailableError
    ) -> None:
        """After a refusal: what one batch has done wrong must not cost the others."""
        if len(taken) == 1:
            [(_, future)] = taken
            if not future.done():
                future.set_exception(exc)
            return
        for one in taken:
            await self._commit([one])
