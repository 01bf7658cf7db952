"""Fixtures for sync: a listener with events to send, a server, and a manual clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from sidflow_feedback.clock import ManualClock
from sidflow_feedback.events import Event
from sidflow_feedback.store import Counts
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.sync.client import SyncClient
from sidflow_feedback.sync.deltas import AnonymizedBatch
from sidflow_feedback.sync.transport import Response
from sidflow_feedback.sync.transport.memory import MemoryTransport, accept_all
from sidflow_feedback.sync.upload_queue import SyncSettings
from sidflow_feedback.vocabulary import SYNC_STATUSES
from tests.contracts.samples import rating

ON = SyncSettings(enabled=True, cadence=60)
HOUR = 3600.0

Serve = Callable[[AnonymizedBatch], Response]


class Listener:
    """A listener with events to send, and a server."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemoryStore()
        self.serve: Serve = accept_all
        self.transport = MemoryTransport(server=lambda batch: self.serve(batch))
        self.changes = 0
        self.sync = self.client()

    def client(self) -> SyncClient:
        """Return a new client, as an engine creates it at its start."""
        return SyncClient(
            self.store,
            self.transport,
            clock=self.clock,
            on_change=self._count,
        )

    def _count(self) -> None:
        self.changes += 1

    async def does(self, *events: Event) -> None:
        await self.store.add(events)

    async def rates(self, count: int = 1) -> list[Event]:
        events: list[Event] = [rating() for _ in range(count)]
        await self.store.add(events)
        return events

    async def counts(self) -> Counts:
        ratings = (await self.store.counts()).ratings
        return {status: ratings[status] for status in SYNC_STATUSES}

    @property
    def requests(self) -> list[AnonymizedBatch]:
        return self.transport.sent

    @property
    def sent(self) -> list[str]:
        return [delta.uuid for batch in self.requests for delta in batch.deltas]


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    listener = Listener()
    yield listener
    await listener.sync.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
async def sharing(listener: Listener) -> Listener:
    """A listener who has switched sync on."""
    listener.sync.configure(ON)
    return listener


def answer(status: int, code: str = "test", **headers: str) -> Serve:
    """Respond with an error; without one of our server's codes, as something in between does."""
    body = {"error": {"code": code, "message": "because"}}
    return lambda _batch: Response(status, {k.replace("_", "-"): v for k, v in headers.items()}, body)


def results(**statuses: Any) -> Serve:
    """Respond with these statuses by uuid, and accept all other events."""

    def serve(batch: AnonymizedBatch) -> Response:
        answers = [
            {"uuid": delta.uuid, "status": statuses.get(delta.uuid, "accepted"), "reason": "why"}
            for delta in batch.deltas
        ]
        return Response(200, body={"batchId": batch.batch_id, "results": answers})

    return serve
