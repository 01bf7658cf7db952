"""The event writer: it flushes in time, retries, loses nothing, and stores nothing twice."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from sidflow_feedback.clock import ManualClock
from sidflow_feedback.engine.event_writer import BATCH_SIZE, EventWriter
from sidflow_feedback.errors import StoreError
from sidflow_feedback.events import Event, event_to_record
from sidflow_feedback.store import AddReport
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.supervision import Supervisor, retry_pause
from sidflow_feedback.vocabulary import EVENT_VERSION
from tests.contracts.samples import implicit, rating

Fault = Callable[[Sequence[Event]], bool]


class FaultyStore(MemoryStore):
    """A store that refuses batches for which `fault` is true, and records all batches."""

    def __init__(self) -> None:
        super().__init__()
        self.fault: Fault = lambda _events: False
        self.tries: list[list[Event]] = []

    async def add(self, events: Sequence[Event]) -> AddReport:
        self.tries.append(list(events))
        await asyncio.sleep(0)  # as a real one does: control returns before the commit
        if self.fault(events):
            raise StoreError("the disk is full")
        return await super().add(events)


class Engine:
    """A writer with a store, a clock, and listeners."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = FaultyStore()
        self.acknowledged: list[str] = []
        self.refused: list[tuple[str, str]] = []
        self.notified: list[list[Event]] = []
        self.supervisor = Supervisor(self.clock)
        self.writer = EventWriter(
            self.store,
            on_acknowledged=self.acknowledged.extend,
            on_refused=lambda *refusal: self.refused.append(refusal),
            clock=self.clock,
            supervisor=self.supervisor,
        )
        self.writer.subscribe(lambda events: self.notified.append(list(events)))

    def receive(self, *events: Event) -> None:
        self.writer.receive([event_to_record(event) for event in events])

    async def stored(self) -> list[Event]:
        return [*await self.store.ratings(1000), *await self.store.implicit(1000)]


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine()
    engine.writer.start()
    yield engine
    engine.store.fault = lambda _events: False
    await engine.writer.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def is_fault(*bad: Event) -> Fault:
    return lambda events: any(event in bad for event in events)


def uuids(events: Sequence[Event]) -> list[str]:
    return [event.uuid for event in events]


async def test_flush_comes_500_ms_after_the_first_event(engine: Engine) -> None:
    first, second = rating(), rating()
    engine.receive(first)
    await engine.clock.advance(0.4)
    engine.receive(second)
    await engine.clock.advance(0.09)
    assert engine.store.tries == []
    await engine.clock.advance(0.02)
    assert engine.store.tries == [[first, second]]


async def test_full_batch_is_flushed_at_once(engine: Engine) -> None:
    events = [rating() for _ in range(BATCH_SIZE)]
    engine.receive(*events[:-1])
    await engine.clock.advance(0.1)
    assert engine.store.tries == []
    engine.receive(events[-1])
    await engine.clock.settle()
    assert engine.store.tries == [events]


async def test_flush_soon_does_not_wait_for_a_full_batch(engine: Engine) -> None:
    event = implicit()
    engine.receive(event)
    engine.writer.flush_soon()
    await engine.clock.settle()
    assert engine.acknowledged == [event.uuid]
    assert engine.clock.now() == 0


async def test_flush_soon_without_events_does_not_hasten_the_next_flush(engine: Engine) -> None:
    engine.writer.flush_soon()
    engine.receive(implicit())
    await engine.clock.settle()
    assert engine.acknowledged == []


async def test_discarded_events_are_not_stored(engine: Engine) -> None:
    engine.receive(implicit(), rating())
    engine.writer.discard()
    await engine.clock.advance(2)
    assert await engine.stored() == []
    assert engine.writer.waiting == 0


async def test_25_events_of_two_kinds_are_not_a_full_batch(engine: Engine) -> None:
    engine.receive(*(make() for make in (rating, implicit) for _ in range(13)))
    await engine.clock.advance(0.4)
    assert engine.store.tries == []
    await engine.clock.advance(0.2)
    assert [len(batch) for batch in engine.store.tries] == [13, 13]


async def test_batch_has_at_most_25_events_of_one_kind_in_order(engine: Engine) -> None:
    ratings = [rating() for _ in range(60)]
    actions = [implicit() for _ in range(30)]
    mixed = [event for pair in zip(ratings, actions, strict=False) for event in pair]
    engine.receive(*mixed, *ratings[30:])
    await engine.clock.advance(1)
    assert [len(batch) for batch in engine.store.tries] == [25, 25, 10, 25, 5]
    assert [event for batch in engine.store.tries for event in batch] == [*ratings, *actions]


async def test_next_batch_has_its_own_delay(engine: Engine) -> None:
    engine.receive(rating())
    await engine.clock.advance(0.6)
    await engine.clock.advance(10)
    engine.receive(rating())
    await engine.clock.advance(0.4)
    assert len(engine.store.tries) == 1
    await engine.clock.advance(0.2)
    assert len(engine.store.tries) == 2


async def test_no_timer_runs_while_the_queues_are_empty(engine: Engine) -> None:
    engine.receive(rating())
    await engine.clock.advance(1)
    assert engine.clock.pauses == []


async def test_full_batch_that_arrives_during_a_flush_is_flushed_too(engine: Engine) -> None:
    late = [rating() for _ in range(BATCH_SIZE)]

    def arrives_late(events: Sequence[Event]) -> bool:
        if events[0].kind == "implicit" and not engine.writer._queues["rating"].events:
            engine.receive(*late)
        return False

    engine.store.fault = arrives_late
    engine.receive(*(implicit() for _ in range(BATCH_SIZE)))
    await engine.clock.settle()
    engine.store.fault = lambda _events: False
    await engine.clock.settle()
    assert engine.store.tries[1] == late


async def test_committed_events_are_acknowledged_and_listeners_notified(engine: Engine) -> None:
    events: list[Event] = [rating(), rating(), implicit()]
    engine.receive(*events)
    assert engine.writer.waiting == 3
    await engine.clock.advance(1)
    assert engine.acknowledged == uuids(events)
    assert engine.notified == [events[:2], events[2:]]
    assert engine.writer.waiting == 0


async def test_nothing_is_acknowledged_or_notified_before_the_commit(engine: Engine) -> None:
    engine.store.fault = lambda _events: True
    engine.receive(rating())
    await engine.clock.advance(120)
    assert (engine.acknowledged, engine.notified, engine.writer.waiting) == ([], [], 1)


async def test_known_event_is_acknowledged_without_another_notification(engine: Engine) -> None:
    known, fresh = rating(), rating()
    await engine.store.add([known])
    engine.receive(known, fresh)
    await engine.clock.advance(1)
    assert engine.acknowledged == uuids([known, fresh])
    assert engine.notified == [[fresh]]


async def test_failing_listener_affects_neither_the_others_nor_the_flushing(engine: Engine) -> None:
    def fail(_events: Sequence[Event]) -> None:
        raise RuntimeError("the listener's own mistake")

    engine.writer.subscribe(fail)
    for event in (first := implicit(), second := implicit()):
        engine.receive(event)
        await engine.clock.advance(1)
    assert engine.acknowledged == uuids([first, second])
    assert engine.notified == [[first], [second]]
    assert engine.supervisor.failures == 2
    assert "the listener's own mistake" in (engine.supervisor.problem or "")


async def test_event_sent_twice_is_queued_once(engine: Engine) -> None:
    event = rating()
    engine.receive(event, event)
    engine.receive(event)
    assert engine.writer.waiting == 1
    await engine.clock.advance(1)
    assert engine.store.tries == [[event]]


async def test_invalid_record_is_refused_and_does_not_affect_the_others(engine: Engine) -> None:
    good, bad = rating(), event_to_record(rating()) | {"song": 0}
    engine.writer.receive([bad, None, [], "x", event_to_record(good)])  # type: ignore[list-item]
    await engine.clock.advance(1)
    assert engine.refused[0] == (bad["uuid"], "song: must be an integer from 1 to 256, not 0")
    assert [uuid for uuid, _reason in engine.refused[1:]] == ["None"] * 3
    assert await engine.stored() == [good]


async def test_event_of_a_newer_version_is_refused_with_both_versions(engine: Engine) -> None:
    """The page's outbox sets it aside with the reason; see tests/browser/test_outbox.py."""
    good, newer = rating(), event_to_record(rating()) | {"v": EVENT_VERSION + 1}
    engine.writer.receive([newer, event_to_record(good)])
    await engine.clock.advance(1)
    assert await engine.stored() == [good]
    assert engine.acknowledged == [good.uuid]
    [(uuid, reason)] = engine.refused
    assert uuid == newer["uuid"]
    assert f"version {EVENT_VERSION + 1}" in reason
    assert f"up to {EVENT_VERSION}" in reason


async def test_event_of_version_1_is_stored_as_the_current_one(engine: Engine) -> None:
    event = rating()
    old = event_to_record(event) | {"v": 1, "heard": 12.0, "lengthSource": "catalogue"}
    del old["listenedSeconds"]
    engine.writer.receive([old])
    await engine.clock.advance(1)
    assert await engine.stored() == [event]


async def test_ten_failed_flushes_still_give_one_row(engine: Engine) -> None:
    event = rating()
    engine.store.fault = lambda _events: len(engine.store.tries) <= 10
    engine.receive(event)
    await engine.clock.advance(600)
    assert engine.store.tries == [[event]] * 11
    assert await engine.stored() == [event]
    assert engine.acknowledged == [event.uuid]
    assert engine.refused == []


async def test_no_event_is_lost_while_the_store_accepts_none(engine: Engine) -> None:
    events: list[Event] = [*(rating() for _ in range(30)), *(implicit() for _ in range(30))]
    engine.store.fault = lambda _events: True
    engine.receive(*events)
    await engine.clock.advance(3600)
    assert engine.refused == []
    assert engine.writer.last_error == "the disk is full"
    engine.store.fault = lambda _events: False
    await engine.clock.advance(61)
    assert sorted(uuids(await engine.stored())) == sorted(uuids(events))
    assert engine.writer.last_error is None


async def test_retries_wait_longer_each_time(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "sidflow_feedback.engine.event_writer.retry_pause", lambda failures: retry_pauses(99)[failures]
    )
    at = []

    def fault(_events: Sequence[Event]) -> bool:
        at.append(engine.clock.now() / 1000)
        return True

    engine.store.fault = fault
    engine.receive(rating())
    await engine.clock.advance(300)
    assert at[0] == 0.5
    waited = [after - before for before, after in itertools.pairwise(at)]
    assert waited == [pause + 0.5 for pause in retry_pauses(len(waited))]


def retry_pauses(count: int) -> list[float]:
    return [retry_pause(failures, uniform=lambda _low, high: high) for failures in range(count)]


def test_pause_doubles_from_a_second_to_a_minute() -> None:
    assert retry_pauses(8) == [1, 2, 4, 8, 16, 32, 60, 60]
    assert retry_pause(5000, uniform=lambda _low, high: high) == 60


def test_jitter_is_full() -> None:
    pauses = [retry_pause(3) for _ in range(300)]
    assert min(pauses) < 1
    assert max(pauses) > 7
    assert max(pauses) <= 8


@pytest.mark.parametrize("bad_ones", [(0,), (29,), (7, 8), (0, 1, 28, 29)])
async def test_bad_event_is_rejected_after_5_tries_and_the_others_are_stored(
    engine: Engine, bad_ones: tuple[int, ...]
) -> None:
    events = [rating() for _ in range(31)]
    bad = [events[i] for i in bad_ones]
    engine.store.fault = is_fault(*bad)
    engine.receive(*events)
    await engine.clock.advance(1200)
    last = rating()  # alone, a bad event looks like a store that accepts nothing
    engine.receive(last)
    await engine.clock.advance(1200)
    assert [uuid for uuid, _reason in engine.refused] == uuids(bad)
    assert engine.refused[0][1] == "could not be stored in 5 tries: the disk is full"
    assert sorted(uuids(await engine.stored())) == sorted({*uuids(events), last.uuid} - {*uuids(bad)})
    assert engine.writer.waiting == 0
    assert sum(bad[0] in batch for batch in engine.store.tries) >= 5


async def test_bad_rating_does_not_block_actions(engine: Engine) -> None:
    bad, action = rating(), implicit()
    engine.store.fault = is_fault(bad)
    engine.receive(bad, action)
    await engine.clock.advance(0.6)
    assert await engine.stored() == [action]


async def test_after_a_failure_one_event_is_written_alone_then_batches_again(engine: Engine) -> None:
    events = [rating() for _ in range(3)]
    engine.store.fault = lambda _events: len(engine.store.tries) == 1
    engine.receive(*events)
    await engine.clock.advance(5)
    assert engine.store.tries == [events, events[:1], events[1:]]


async def test_close_commits_queued_events(engine: Engine) -> None:
    event = rating()
    engine.receive(event)
    await engine.writer.aclose()
    assert await engine.stored() == [event]
    assert engine.acknowledged == [event.uuid]


async def test_close_with_a_broken_store_ends_and_acknowledges_nothing(engine: Engine) -> None:
    engine.store.fault = lambda _events: True
    engine.receive(rating())
    await engine.writer.aclose()
    await engine.writer.aclose()
    assert (engine.acknowledged, engine.refused) == ([], [])


async def test_explicit_flush_raises_the_failure(engine: Engine) -> None:
    event = rating()
    engine.store.fault = lambda _events: True
    engine.receive(event)
    with pytest.raises(StoreError, match="the disk is full"):
        await engine.writer.flush()
    assert engine.writer.waiting == 1
    engine.store.fault = lambda _events: False
    await engine.writer.flush()
    assert await engine.stored() == [event]


async def test_concurrent_flushes_store_each_event_once(engine: Engine) -> None:
    events = [rating() for _ in range(40)]
    engine.receive(*events)
    await asyncio.gather(*(engine.writer.flush() for _ in range(5)))
    assert [event for batch in engine.store.tries for event in batch] == events


async def test_start_twice_flushes_once(engine: Engine) -> None:
    engine.writer.start()
    engine.receive(rating())
    await engine.clock.advance(1)
    assert len(engine.store.tries) == 1
