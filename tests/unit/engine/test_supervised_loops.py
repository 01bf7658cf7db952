"""Each loop of the engine survives a thousand exceptions that nobody foresaw, and then does its work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from sidflow_feedback.engine.event_writer import EventWriter
from sidflow_feedback.engine.runtime import FeedbackRuntime
from sidflow_feedback.events import event_to_record
from sidflow_feedback.idle.manual import ManualIdleClock
from sidflow_feedback.learning.global_model import GlobalModel
from sidflow_feedback.learning.model import Model
from sidflow_feedback.learning.trainer import Trainer
from sidflow_feedback.learning.trainer_types import TrainingSettings
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.supervision import Supervisor
from sidflow_feedback.sync.client import SyncClient
from sidflow_feedback.sync.transport.memory import MemoryTransport
from sidflow_feedback.sync.upload_queue import SyncSettings
from tests.contracts.samples import rating as rated
from tests.unit.engine.test_runtime import Pages, manifest
from tests.unit.listening import base_model, rating

FAILURES = 1000


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sidflow_feedback.supervision", "sidflow_feedback.engine.event_writer"):
        monkeypatch.setattr(f"{module}.retry_pause", lambda _failures: 0.1)


class Faults:
    """Calls of a method fail, until a thousand have."""

    def __init__(self, owner: Any, name: str) -> None:
        self.left = FAILURES
        self._method = getattr(owner, name)
        setattr(owner, name, self._call)

    def _call(self, *args: Any, **options: Any) -> Any:
        if self.left:
            self.left -= 1
            raise RuntimeError("injected")
        return self._method(*args, **options)


async def until(clock: ManualIdleClock, condition: Callable[[], object], step: float) -> None:
    """Let time pass until something is so."""
    for _ in range(100 * FAILURES):
        if condition():
            return
        await clock.advance(step)
    raise AssertionError("not so after a long time")


class Engine:
    """A runtime in memory."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.clock = ManualIdleClock(grant=50)
        self.transport = MemoryTransport(model=manifest())
        self.pages = Pages()
        self.runtime = FeedbackRuntime(
            self.store, self.clock, self.transport, publish=lambda kind, value: self.publish(kind, value)
        )

    def publish(self, kind: str, value: Any) -> None:
        self.pages.publish(kind, value)

    def published(self, kind: str) -> int:
        return sum(name == kind for name, _value in self.pages.published)


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine()
    yield engine
    await engine.runtime.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_state_is_published_again(engine: Engine) -> None:
    faults = Faults(engine.store, "counts")
    await engine.runtime.start()

    def told_again() -> bool:
        engine.runtime.announce()
        return not faults.left and engine.published("state") > 0

    await until(engine.clock, told_again, 0.25)
    assert "injected" in engine.pages.last("state")["problem"]


async def test_store_is_tidied_again(engine: Engine) -> None:
    await engine.runtime.start()
    faults = Faults(engine.store, "recover")
    await until(engine.clock, lambda: not faults.left, 15)
    assert engine.runtime.supervisor.failures == FAILURES


async def test_global_model_is_followed_again() -> None:
    clock, transport = ManualIdleClock(), MemoryTransport(model=manifest())
    faults, adopted = Faults(transport, "fetch_model"), asyncio.Queue[Model]()
    problems: list[str | None] = []
    model = GlobalModel(transport, adopted.put, clock=clock, on_change=lambda: problems.append(model.problem))
    following = asyncio.create_task(model.follow())
    await until(clock, lambda: not adopted.empty(), 600)
    following.cancel()
    await asyncio.wait([following])
    assert adopted.get_nowait().version == "global-1"
    assert not faults.left
    assert ["injected" in str(problem) for problem in problems] == [True] * FAILURES + [False]


async def test_signs_of_life_are_given_again(engine: Engine) -> None:
    faults = Faults(engine, "publish")
    await engine.runtime.start()
    await until(engine.clock, lambda: not faults.left, 1)
    beats = engine.published("beat")
    await engine.clock.advance(5)
    assert engine.published("beat") > beats


async def test_share_of_the_processor_is_measured_again(engine: Engine) -> None:
    await engine.runtime.start()
    await engine.clock.advance(1)
    faults = Faults(engine.clock, "epoch")
    await until(engine.clock, lambda: not faults.left, 5)
    before = len(engine.runtime.shares)
    await engine.clock.advance(10)
    assert len(engine.runtime.shares) > before


async def test_events_are_stored_again() -> None:
    clock, store = ManualIdleClock(), MemoryStore()
    acknowledged: list[str] = []
    refused: list[str] = []
    supervisor = Supervisor(clock)
    writer = EventWriter(
        store,
        on_acknowledged=acknowledged.extend,
        on_refused=lambda uuid, _reason: refused.append(uuid),
        clock=clock,
        supervisor=supervisor,
    )
    writer.start()
    faults = Faults(store, "add")
    event = rated()
    writer.receive([event_to_record(event)])
    await until(clock, lambda: acknowledged, 1)
    assert not faults.left
    assert (acknowledged, refused) == ([event.uuid], [])
    assert supervisor.failures == FAILURES
    assert writer.last_error is None
    await writer.aclose()


async def test_acknowledging_fails_and_events_are_stored_nevertheless() -> None:
    clock, store = ManualIdleClock(), MemoryStore()
    supervisor = Supervisor(clock)
    acknowledged: list[str] = []

    class Page:
        def acknowledge(self, uuids: list[str]) -> None:
            acknowledged.extend(uuids)

    page = Page()
    faults = Faults(page, "acknowledge")
    writer = EventWriter(
        store,
        on_acknowledged=lambda uuids: page.acknowledge(list(uuids)),
        on_refused=lambda _uuid, _reason: None,
        clock=clock,
        supervisor=supervisor,
    )
    writer.start()
    event = rated()
    while faults.left:  # The outbox sends it again, because it has no answer.
        writer.receive([event_to_record(event)])
        await clock.advance(1)
    writer.receive([event_to_record(event)])
    await until(clock, lambda: acknowledged, 1)
    assert [found.uuid for found in await store.ratings(9)] == [event.uuid]
    await writer.aclose()


async def test_record_that_breaks_its_reader_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, store = ManualIdleClock(), MemoryStore()
    supervisor = Supervisor(clock)
    refused: list[str] = []
    writer = EventWriter(
        store,
        on_acknowledged=lambda _uuids: None,
        on_refused=lambda uuid, _reason: refused.append(uuid),
        clock=clock,
        supervisor=supervisor,
    )
    bad, good = rated(), rated()
    records = [event_to_record(bad), event_to_record(good)]
    reads = iter([RecursionError("injected"), good])

    def read(_record: object) -> object:
        found = next(reads)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr("sidflow_feedback.engine.event_writer.event_from_record", read)
    writer.receive(records)
    await writer.flush()
    assert [found.uuid for found in await store.ratings(9)] == [good.uuid]
    assert (refused, supervisor.failures) == ([bad.uuid], 1)


@pytest.mark.parametrize(("part", "method"), [("transport", "send"), ("store", "claim"), ("store", "settle")])
async def test_events_are_shared_again(part: str, method: str) -> None:
    clock = ManualIdleClock()
    supervisor = Supervisor(clock)
    parts = {"store": MemoryStore(), "transport": MemoryTransport()}
    store = parts["store"]
    assert isinstance(store, MemoryStore)
    transport = parts["transport"]
    assert isinstance(transport, MemoryTransport)
    sync = SyncClient(store, transport, clock=clock, supervisor=supervisor)
    faults = Faults(parts[part], method)
    await store.add([rated()])
    sync.configure(SyncSettings(enabled=True, cadence=5))
    await until(clock, lambda: not faults.left, 300)
    failed_until = clock.epoch()
    await until(clock, lambda: sync.state.sent, 300)
    assert (await store.counts()).ratings["synced"] == 1
    assert clock.epoch() > failed_until - 1
    assert supervisor.failures == FAILURES
    await sync.aclose()


@pytest.mark.parametrize("method", ["newest", "save_snapshot"])
async def test_listener_is_learned_from_again(method: str) -> None:
    clock, store = ManualIdleClock(grant=1000, every=0.001), MemoryStore()
    supervisor = Supervisor(clock)
    settings = TrainingSettings(enabled=True, iterations=10, samples=16, cooldown=10)
    async with Trainer(store, clock, base_model(), settings, supervisor=supervisor) as trainer:
        events = [rating(number, at=clock.epoch()) for number in range(10)]
        await store.add(events)
        faults = Faults(store, method)
        faults.left = 20 if method == "save_snapshot" else FAILURES  # A whole run precedes each.
        trainer.notify(events)
        await until(clock, lambda: trainer.state.last_run, 5)
    assert not faults.left
    assert supervisor.failures > 0
