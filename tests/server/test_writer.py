import asyncio
import concurrent.futures
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

import pytest

from app.server.database import Database
from app.server.database import Rows as Batch
from app.server.errors import DatabaseUnavailableError
from app.server.feedback import rows_of
from app.server.schema import SyncRequest
from app.server.writer import MAX_BATCHES, Writer

from .conftest import Rows, both_databases
from .deltas import batch, rating

pytestmark = both_databases


def new_batch(**changes: Any) -> list[dict[str, Any]]:
    arrival = {"day": date(2026, 2, 3), "network": 7}
    return [row | changes for row in rows_of(SyncRequest.model_validate(batch(rating(), rating())), arrival)]


def uuids(rows: Batch) -> set[str]:
    return {row["uuid"] for row in rows}


FAULTS: list[type[BaseException]] = [
    ValueError,
    MemoryError,
    RecursionError,
    StopIteration,
    concurrent.futures.CancelledError,
    asyncio.CancelledError,
    KeyboardInterrupt,
    SystemExit,
    GeneratorExit,
    DatabaseUnavailableError,
]
"""What may come out of a commit, whether anybody expects it or not."""


class FaultyDatabase(Database):
    """Raises what it is told to, before or after it has stored the events."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.faults: list[type[BaseException]] = []

    def add_batches(self, batches: Sequence[Batch]) -> list[set[str] | None]:
        if len(self.faults) % 2:
            super().add_batches(batches)
        if self.faults:
            raise self.faults.pop()("injected")
        return super().add_batches(batches)


class CountingDatabase(Database):
    """Counts its commits."""

    commits = 0

    def add_batches(self, batches: Sequence[Batch]) -> list[set[str] | None]:
        self.commits += 1
        return super().add_batches(batches)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[CountingDatabase]:
    database = CountingDatabase(database_url)
    database.open()
    yield database
    database.close()


async def test_waiting_batches_are_committed_together(database: CountingDatabase, rows: Rows) -> None:
    writer, batches = Writer(database), [new_batch() for _ in range(2 * MAX_BATCHES)]
    added = await asyncio.gather(*(writer.add(one) for one in batches))
    assert added == [uuids(one) for one in batches]
    assert [row["uuid"] for row in rows()] == [row["uuid"] for one in batches for row in one]
    assert database.commits == 2


async def test_first_of_two_batches_with_a_uuid_wins(database: CountingDatabase, rows: Rows) -> None:
    writer, one = Writer(database), new_batch()
    other = [one[0] | {"e": 1}, *new_batch()]
    first, second = await asyncio.gather(writer.add(one), writer.add(other))
    assert (first, second) == (uuids(one), uuids(other[1:]))
    assert await writer.add(one) == set()
    assert [row["e"] for row in rows()] == [4] * 4


async def test_failing_batch_does_not_affect_the_others(database: CountingDatabase, rows: Rows) -> None:
    writer, good, bad, last = Writer(database), new_batch(), new_batch(sid_path=None), new_batch()
    answers = await asyncio.gather(*map(writer.add, (good, bad, last)), return_exceptions=True)
    assert answers[0] == uuids(good)
    assert isinstance(answers[1], DatabaseUnavailableError)
    assert answers[2] == uuids(last)
    assert uuids(rows()) == uuids(good) | uuids(last)


async def test_no_exception_ends_the_writer(database_url: str, rows: Rows) -> None:
    counted: Counter[bool] = Counter()
    database = FaultyDatabase(database_url)
    database.open()
    writer = Writer(database, lambda success: counted.update([success]))
    database.faults = FAULTS * 100
    for number in range(1, 1001):
        with pytest.raises(DatabaseUnavailableError):
            await writer.add(new_batch())
        assert counted == {False: number}
    assert database.faults == []
    assert writer.commits.failing
    good = new_batch()
    assert await writer.add(good) == uuids(good)
    assert uuids(good) <= uuids(rows())
    assert not writer.commits.failing
    database.close()


async def test_commits_that_cannot_be_counted_do_not_end_the_writer(database: CountingDatabase) -> None:
    def count(_success: bool) -> None:
        raise KeyError("injected")

    writer, good, other = Writer(database, count), new_batch(), new_batch()
    assert await writer.add(other) == uuids(other)
    assert await writer.add(good) == uuids(good)


async def test_disconnected_client_does_not_affect_the_others(database: CountingDatabase, rows: Rows) -> None:
    writer, leaving, staying = Writer(database), new_batch(), new_batch()
    tasks = [asyncio.create_task(writer.add(one)) for one in (leaving, staying)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    assert await tasks[1] == uuids(staying)
    assert uuids(rows()) == uuids(leaving) | uuids(staying)


async def test_closing_waits_for_pending_batches(database: CountingDatabase, rows: Rows) -> None:
    writer, waiting = Writer(database), new_batch()
    task = asyncio.create_task(writer.add(waiting))
    await asyncio.sleep(0)
    await writer.aclose()
    assert uuids(rows()) == uuids(waiting)
    assert await task == uuids(waiting)
