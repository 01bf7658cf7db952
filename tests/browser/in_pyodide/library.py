"""The library from its wheel, on Pyodide's Python and event loop."""

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
import pkgutil
import sys
from typing import Any

import js

import sidflow_feedback
from sidflow_feedback.analysis.features import extract
from sidflow_feedback.clock import SystemClock
from sidflow_feedback.engine.event_writer import EventWriter
from sidflow_feedback.errors import SyncError
from sidflow_feedback.events import event_from_record
from sidflow_feedback.store import FeedbackStore
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.sync.client import SyncClient
from sidflow_feedback.sync.transport.fetch import FetchTransport
from sidflow_feedback.sync.upload_queue import SyncSettings
from tests.browser.in_pyodide.sound import tone
from tests.contracts import store_contract, transport_contract
from tests.contracts.transport_contract import ServerState

UNUSED_PORT = "http://127.0.0.1:1"


def about() -> dict[str, Any]:
    distribution = importlib.metadata.distribution("sidflow-feedback")
    return {
        "platform": sys.platform,
        "version": distribution.version,
        "requires": distribution.requires,
        "file": sidflow_feedback.__file__,
    }


PAGE_ONLY = {"sidflow_feedback.page.configured"} | {
    f"sidflow_feedback.player.{name}" for name in ("wasm", "stream", "remote")
}


def load_all() -> list[str]:
    """Import all library modules that the engine can use; return their names."""
    found = {module.name for module in pkgutil.walk_packages(sidflow_feedback.__path__, "sidflow_feedback.")}
    return [importlib.import_module(name).__name__ for name in sorted(found - PAGE_ONLY)]


def loaded(*packages: str) -> list[str]:
    return [name for name in packages if name in sys.modules]


async def check_memory_store(name: str) -> None:
    async def open_store() -> FeedbackStore:
        return MemoryStore()

    await store_contract.CHECKS[name](open_store)


async def check_fetch_transport(name: str) -> None:
    await transport_contract.CHECKS[name](_open_transport)


async def error_of_a_silent_server() -> str:
    try:
        await _transport(f"{js.location.origin}/silent").fetch_model(etag=None, timeout=0.2)
    except SyncError as exc:
        return str(exc)
    return "answered"


def features(frequency: float, seconds: float, sample_rate: int) -> dict[str, float]:
    return extract(tone(frequency, seconds, sample_rate), sample_rate, 60.0)


async def event_to_server(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Send events through the event writer and a store to the real server; return the figures."""
    store, acknowledged = MemoryStore(), asyncio.Event()
    worker = EventWriter(
        store, on_acknowledged=lambda _uuids: acknowledged.set(), on_refused=print, clock=SystemClock()
    )
    worker.start()
    worker.receive(records)
    await acknowledged.wait()
    sync = SyncClient(store, _transport(js.location.origin), clock=SystemClock())
    sync.configure(SyncSettings(enabled=True))
    first = await sync.sync_now()
    second_store = MemoryStore()
    await second_store.add([event_from_record(record) for record in records])
    second_sync = SyncClient(
        second_store,
        _transport(js.location.origin),
        clock=SystemClock(),
    )
    second_sync.configure(SyncSettings(enabled=True))
    second = await second_sync.sync_now()
    for part in (sync, second_sync, worker):
        await part.aclose()
    return {"first": first, "second": second, "synced": dict((await store.counts()).ratings)["synced"]}


def _open_transport(state: ServerState) -> FetchTransport:
    origin = js.location.origin
    return _transport({"up": origin, "down": UNUSED_PORT, "without model": f"{origin}/without-model"}[state])


def _transport(server: str) -> FetchTransport:
    return FetchTransport(f"{server}/api/model/latest", f"{server}/api/feedback/sync")
