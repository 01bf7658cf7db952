"""Runs in a Pyodide worker like the engine's: the cost of flushes and counts, with few and with many rows."""

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import js
from pyodide.ffi import create_proxy
from pyscript.js_modules import feedback_store

from sidflow_feedback.clock import SystemClock
from sidflow_feedback.engine.event_writer import BATCH_SIZE, EventWriter
from sidflow_feedback.events import Event, event_from_record, event_to_record
from sidflow_feedback.store.indexeddb import IndexedDbStore
from sidflow_feedback.types import Record
from sidflow_feedback.vocabulary import FEATURE_NAMES

WARM_UP = 15
FEW = 100
FRESH = 10
"""Flushes after which the small database is recreated, so that it stays small."""

MOMENTS = count(1_700_000_000_000, 1000)
"""Timestamps: events reach the database in chronological order."""

FILL = 2000
PAUSE = 0.02
"""Seconds between two measurements, so that the after-effects of one don't slow the next."""

SETTLE = 5.0
"""Seconds that the browser needs to compact 100,000 written rows."""


def batch(kind: str, size: int = BATCH_SIZE) -> list[Event]:
    """Return events as the page records them."""
    fields = {"action": "play"} if kind == "implicit" else {"ratings": {"e": 3, "m": 4, "c": 2, "p": 5}}
    return [event_from_record(_record(kind) | fields) for _ in range(size)]


def _record(kind: str) -> Record:
    identity = uuid.uuid4()
    return {
        "kind": kind,
        "uuid": str(identity),
        "timestamp": next(MOMENTS),
        "sidPath": f"MUSICIANS/B/Bench/Tune_{identity.int % 60_000}.sid",
        "sessionId": "0b9b3d0e-6f2c-4b8e-9a53-7f6a0f1f6c11",
        "pipeline": "wasm",
        "modelVersion": "global-0-bench",
        "features": dict.fromkeys(FEATURE_NAMES, 1234.5678),
        "position": 0.0,
        "length": 120.0,
        "lengthSource": "catalog",
    }


class Ours:
    """Our database, and the event writer that writes to it."""

    def __init__(self, store: IndexedDbStore) -> None:
        self.store = store
        self._worker = EventWriter(
            store, on_acknowledged=lambda _: None, on_refused=lambda *_: None, clock=SystemClock()
        )

    @classmethod
    async def open(cls, rows: int = 0) -> "Ours":
        """Create a database with `rows` ratings."""
        store = await IndexedDbStore.open(feedback_store, f"bench-{uuid.uuid4()}")
        for _ in range(0, rows, FILL):
            await store.add(batch("rating", min(FILL, rows)))
        return cls(store)

    async def flush(self, kind: str) -> float:
        """Return the milliseconds from a full queue to its commit."""
        self._worker.receive([event_to_record(event) for event in batch(kind)])
        cost = await milliseconds(self._worker.flush)
        assert self._worker.waiting == 0
        return cost

    async def count(self) -> float:
        """Return the milliseconds of counting rows by status."""
        return await milliseconds(self.store.counts)


class Peer:
    """`idb` alone, in a separate worker."""

    def __init__(self, source: str) -> None:
        script = js.Blob.new([source], js.Object.fromEntries([["type", "text/javascript"]]))
        module = js.Object.fromEntries([["type", "module"]])
        self._worker = js.Worker.new(js.URL.createObjectURL(script), module)
        self._answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._worker.onmessage = create_proxy(lambda event: self._answer.set_result(event.data))

    async def ready(self) -> None:
        """Wait until its database is open."""
        await self._answer

    async def flush(self) -> float:
        """Return the milliseconds, taken in the peer, of a transaction that adds the same rows."""
        status = {"syncStatus": "pending", "attempts": 0, "lastError": None, "lastTry": 0, "nextTry": 0}
        rows = [event_to_record(event) | status | {"owner": None} for event in batch("implicit")]
        self._answer = asyncio.get_running_loop().create_future()
        self._worker.postMessage(json.dumps(rows))
        return float(await self._answer)


async def milliseconds(work: Callable[[], Awaitable[object]]) -> float:
    """Return the milliseconds that `work` takes."""
    begun = time.perf_counter()
    await work()
    return 1000 * (time.perf_counter() - begun)


async def flush_figures(flushes: int, peer_source: str) -> dict[str, list[float]]:
    """Flush to our database and to the peer's, batch by batch in turn."""
    ours, peer = await Ours.open(), Peer(peer_source)
    await peer.ready()
    costs: dict[str, list[float]] = {"py": [], "idb": []}
    for _ in range(WARM_UP + flushes):
        costs["py"].append(await ours.flush("implicit"))
        await asyncio.sleep(PAUSE)
        costs["idb"].append(await peer.flush())
        await asyncio.sleep(PAUSE)
    await ours.store.close()
    return {name: values[WARM_UP:] for name, values in costs.items()}


async def scale_figures(flushes: int, rows: int) -> dict[str, list[float]]:
    """Flush ratings, which are never pruned, to a small database and to a large one."""
    many = await Ours.open(rows)
    await asyncio.sleep(SETTLE)
    costs: dict[str, list[float]] = {"flush_few": [], "flush_many": [], "counts_few": [], "counts_many": []}
    for number in range(flushes):
        if number % FRESH == 0:
            few = await Ours.open(FEW)
            await many.flush("rating")  # A connection's first use costs more: excluded on both sides.
        pair = [("few", few), ("many", many)]
        for name, ours in pair if number % 2 else reversed(pair):
            costs[f"flush_{name}"].append(await ours.flush("rating"))
            costs[f"counts_{name}"].append(await ours.count())
            await asyncio.sleep(PAUSE)
    return costs


async def measure(flushes: int, rows: int, peer: str) -> dict[str, list[float]]:
    """Return the milliseconds of each measurement."""
    return await flush_figures(flushes, peer) | await scale_figures(flushes, rows)
