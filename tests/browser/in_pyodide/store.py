"""The store over the real IndexedDB."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import feedback_store  # type: ignore[import-not-found]  # sidflow_feedback/store/indexeddb.js
from js import Object, XMLHttpRequest, indexedDB
from pyodide.ffi import create_once_callable

from sidflow_feedback.errors import FeedbackError, StoreFencedError, StoreFullError
from sidflow_feedback.events import event_from_record
from sidflow_feedback.store import LEASE, FeedbackStore, Outcome
from sidflow_feedback.store.indexeddb import IndexedDbStore
from sidflow_feedback.vocabulary import EVENT_VERSION
from tests.contracts.samples import NOON, rating
from tests.contracts.store_contract import CHECKS


async def check(name: str) -> None:
    async def open_store() -> FeedbackStore:
        return await IndexedDbStore.open(feedback_store, f"check-{uuid.uuid4()}")

    await CHECKS[name](open_store)


async def add_and_die(name: str, record: dict[str, Any]) -> None:
    """Add an event and let the browser kill this process before anything else happens."""
    store = await IndexedDbStore.open(feedback_store, name)
    await store.add([event_from_record(record)])
    request = XMLHttpRequest.new()
    request.open("GET", "/test/kill", False)
    request.send()


async def store_that_was_taken_over_writes_nothing_more() -> None:
    name = f"check-{uuid.uuid4()}"
    fenced: list[str] = []
    old = await IndexedDbStore.open(feedback_store, name, on_fenced=lambda: fenced.append("old"))
    events = [rating() for _ in range(4)]
    await old.add(events[:2])
    assert len(await old.claim(1, owner="old", now=NOON)) == 1
    new = await IndexedDbStore.open(feedback_store, name, on_fenced=lambda: fenced.append("new"))
    await new.add(events[2:3])
    outcome = Outcome(uuid=events[0].uuid, status="synced")
    writes: list[Callable[[], Awaitable[object]]] = [
        lambda: old.add(events),
        lambda: old.merge([], [{"version": "local-9"}]),
        lambda: old.claim(9, owner="old", now=NOON),
        lambda: old.settle([outcome], owner="old", now=NOON),
        lambda: old.recover(now=NOON + 2 * LEASE),
        lambda: old.prune(aged=9),
        lambda: old.refuse([rating().uuid]),
        lambda: old.resend(),
        lambda: old.forget([events[0].uuid]),
        lambda: old.forget_item(events[0].track.item_id),
        lambda: old.wipe(),
        lambda: old.save_snapshot({"version": "local-9"}),
        lambda: old.keep_note("a", {}),
    ]
    before = await _content(new)
    for number, write in enumerate(writes, 1):
        try:
            await write()
        except StoreFencedError as exc:
            assert "another engine has taken over" in str(exc)  # noqa: PT017
        else:
            raise AssertionError(f"write {number} was not refused")
        assert len(fenced) == number
    assert await _content(new) == await _content(old) == before
    await new.wipe()
    try:
        await old.add(events)
    except StoreFencedError:
        await new.add(events[3:])
    assert [event.uuid for event in await new.ratings(9)] == [events[3].uuid]
    assert set(fenced) == {"old"}


async def _content(store: IndexedDbStore) -> list[object]:
    return [await store.rows("rating"), await store.snapshots(), await store.note("a")]


async def damaged_row_does_not_hide_the_others() -> None:
    name = f"check-{uuid.uuid4()}"
    store = await IndexedDbStore.open(feedback_store, name)
    good = rating()
    await store.add([good, rating(timestamp=NOON + 1)])
    await _change_newest(name, song="first")
    assert await store.ratings(10) == [good]
    assert await store.claim(10, owner="a", now=NOON) == [good]
    assert (await store.counts()).ratings["failed"] == 1, "it can't keep others from their turn"


async def row_of_a_newer_version_stays() -> None:
    name = f"check-{uuid.uuid4()}"
    store = await IndexedDbStore.open(feedback_store, name)
    good, newer = rating(), rating(timestamp=NOON + 1)
    await store.add([newer])
    await _change_newest(name, v=EVENT_VERSION + 1, mood="blue")
    await store.add([good])
    assert await store.ratings(10) == list(await store.newest("rating", limit=10)) == [good]
    assert await store.claim(10, owner="a", now=NOON) == [good]
    await store.recover(now=NOON + LEASE)
    await store.prune(aged=2**40)
    rows = json.loads(await (await feedback_store.open(name)).newest("rating", 2))
    row = next(row for row in rows if row["uuid"] == newer.uuid)
    assert (row["uuid"], row["v"], row["mood"]) == (newer.uuid, EVENT_VERSION + 1, "blue")
    assert (row["sidPath"], row["syncStatus"], row["attempts"]) == (newer.track.item_id, "pending", 0)
    assert [found.event for found in await store.rows("rating", limit=1)] == [good], "an export has it"


async def schema() -> dict[str, list[str]]:
    name = f"check-{uuid.uuid4()}"
    await IndexedDbStore.open(feedback_store, name)
    database = await _raw(name)
    stores = list(database.objectStoreNames)
    transaction = database.transaction(database.objectStoreNames)
    return {store: list(transaction.objectStore(store).indexNames) for store in stores}


async def error_of_opening_a_newer_database() -> str:
    name = f"check-{uuid.uuid4()}"
    (await _raw(name, 99)).close()
    return await error_of_opening(name)


async def error_of_opening(name: str) -> str:
    try:
        await IndexedDbStore.open(feedback_store, name)
    except FeedbackError as exc:
        return f"{type(exc).__name__}: {exc}"
    return "opened"


async def _raw(name: str, *version: int) -> Any:
    return (await _done(indexedDB.open(name, *version))).result


async def _change_newest(name: str, **changes: Any) -> None:
    database = await _raw(name)
    ratings = database.transaction("ratings", "readwrite").objectStore("ratings")
    cursor = (await _done(ratings.openCursor(None, "prev"))).result
    row = Object.assign(cursor.value, Object.fromEntries([list(change) for change in changes.items()]))
    ratings = database.transaction("ratings", "readwrite").objectStore("ratings")
    await _done(ratings.put(row))
    database.close()


async def _done(request: Any) -> Any:
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    request.onsuccess = create_once_callable(lambda _event: done.set_result(request))
    request.onerror = create_once_callable(lambda _event: done.set_exception(OSError(str(request.error))))
    return await done


async def error_on_a_full_disk(name: str) -> str:
    """Add ratings until the disk is full; return the error message."""
    store = await IndexedDbStore.open(feedback_store, name)
    count = 0
    try:
        while True:
            count += len((await store.add([rating() for _ in range(100)])).stored)
    except StoreFullError as exc:
        assert len(await store.ratings(10**6)) == count > 0
        return str(exc)
    finally:
        await store.close()
