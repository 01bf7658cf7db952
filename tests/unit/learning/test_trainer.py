"""The trainer with a real store and a manual clock."""

from __future__ import annotations

import asyncio
import gc
import json
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sidflow_feedback.errors import InvalidRecordError, StoreError, TrainingError
from sidflow_feedback.events import Event, RatingEvent
from sidflow_feedback.idle import Slot
from sidflow_feedback.idle.manual import ManualIdleClock
from sidflow_feedback.idle.slots import CPU_SHARE
from sidflow_feedback.learning.learner import Learner
from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.snapshot import MAX_BYTES
from sidflow_feedback.learning.trainer import Trainer
from sidflow_feedback.learning.trainer_types import Run, TrainerState, TrainingSettings
from sidflow_feedback.store import Batch, Kind, Positions
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.types import Record
from sidflow_feedback.vocabulary import MIN_RATED
from tests.unit.listening import START, action, base_model, matrix, opinion, rating, tune

ON = TrainingSettings(enabled=True, iterations=50)


MID_RUN = 0.03
"""Seconds after which the first slot, which builds the dataset, is over, and the next has not begun."""


class Listener:
    """A listener who rates tunes, with a trainer, a store, and a manual clock."""

    def __init__(
        self, settings: TrainingSettings = ON, *, base: Model | None = None, store: MemoryStore | None = None
    ) -> None:
        self.store = store or MemoryStore()
        self.clock = ManualIdleClock(grant=50, epoch=START)
        self.states: list[TrainerState] = []
        self.trainer = Trainer(
            self.store,
            self.clock,
            base or base_model(),
            settings,
            on_change=self.states.append,
        )

    @property
    def phase(self) -> str:
        return self.trainer.state.phase

    @property
    def runs(self) -> list[Run]:
        """All runs that were announced."""
        runs: list[Run] = []
        for state in self.states:
            if state.last_run is not None and state.runs > len(runs):
                runs.append(state.last_run)
        return runs

    async def give(self, events: Sequence[Event]) -> None:
        await self.store.add(events)
        self.trainer.notify(events)

    async def rate(self, numbers: range) -> None:
        await self.give([rating(number, at=self.clock.epoch()) for number in numbers])


@asynccontextmanager
async def listening(*args: Any, **options: Any) -> AsyncIterator[Listener]:
    listener = Listener(*args, **options)
    async with listener.trainer:
        yield listener
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_ratings_make_a_better_model() -> None:
    async with listening(TrainingSettings(enabled=True)) as listener:
        before = listener.trainer.model.predict_many(matrix(range(1000, 1100)))
        await listener.rate(range(60))
        await listener.clock.advance(60)
        state = listener.trainer.state
        run = state.last_run
        assert run is not None
        assert (run.samples, run.skipped, run.time) == (60, 0, START)
        assert run.error < 0.9 * run.mean_error
        assert run.tells == "emc"
        assert run.duration > 0
        assert (state.phase, state.base_version, state.local_version) == ("idle", "global-1", "local-1")
        after = listener.trainer.model.predict_many(matrix(range(1000, 1100)))
        assert np.abs(after - before).max() > 0.2


async def test_off_by_default_and_then_nothing_runs() -> None:
    async with listening(TrainingSettings()) as listener:
        await listener.rate(range(60))
        await listener.clock.advance(3600)
        assert listener.phase == "off"
        assert listener.trainer.state.cpu_share == 0
        assert listener.runs == []
        assert asyncio.all_tasks() == {asyncio.current_task()}
        with pytest.raises(TrainingError, match="off"):
            await listener.trainer.train_now()


async def test_switching_on_trains_on_earlier_feedback() -> None:
    async with listening(TrainingSettings()) as listener:
        await listener.rate(range(20))
        listener.trainer.configure(ON)
        await listener.clock.advance(60)
        assert len(listener.runs) == 1


async def test_switching_off_drops_the_run_in_progress() -> None:
    async with listening() as listener:
        await listener.rate(range(20))
        await listener.clock.advance(MID_RUN)
        assert listener.phase == "training"
        listener.trainer.configure(replace(ON, enabled=False))
        await listener.clock.advance(600)
        assert listener.phase == "off"
        assert listener.runs == []
        assert await listener.store.snapshots() == []
        listener.trainer.configure(ON)
        await listener.clock.advance(60)
        assert len(listener.runs) == 1


async def test_too_few_ratings() -> None:
    async with listening() as listener:
        await listener.rate(range(MIN_RATED - 1))
        await listener.clock.advance(3600)
        assert listener.runs == []
        assert "there are 7" in (listener.trainer.state.message or "")
        with pytest.raises(TrainingError, match="there are 7"):
            await run_now(listener)
        await listener.rate(range(MIN_RATED - 1, MIN_RATED))
        await listener.clock.advance(1)
        assert len(listener.runs) == 1
        assert listener.trainer.state.message is None


async def run_now(listener: Listener) -> Run:
    asked = asyncio.create_task(listener.trainer.train_now())
    await listener.clock.advance(60)
    return await asked


async def test_ratings_without_features_are_skipped_and_counted() -> None:
    async with listening() as listener:
        await listener.give([rating(number, features=False) for number in range(100, 103)])
        await listener.rate(range(20))
        await listener.clock.advance(60)
        assert (listener.runs[0].samples, listener.runs[0].skipped) == (20, 3)


async def test_reading_the_store_is_charged() -> None:
    class SlowStore(MemoryStore):
        async def newest(self, *arguments: Any, **options: Any) -> Any:
            listener.clock.spend(100)
            return await super().newest(*arguments, **options)

    listener = Listener(store=SlowStore())
    async with listener.trainer:
        await listener.rate(range(40))
        await listener.clock.advance(30)
        assert listener.runs
        assert listener.trainer.state.cpu_share > 3 * 100 / 60_000


async def test_an_hour_gives_a_run_for_each_window_with_new_ratings() -> None:
    settings = replace(ON, iterations=10, samples=16)
    async with listening(settings) as listener:
        await listener.rate(range(16))
        for minute in range(60):
            await listener.rate(range(minute, minute + 1))
            await listener.clock.advance(60)
        starts = [run.time for run in listener.runs]
        assert len(starts) == 60
        assert min(np.diff(starts)) >= 60_000


async def test_no_run_without_new_feedback() -> None:
    async with listening() as listener:
        await listener.rate(range(20))
        await listener.clock.advance(8 * 3600)
        assert len(listener.runs) == 1


async def test_start_of_a_tune_triggers_no_run_but_a_like_does() -> None:
    async with listening() as listener:
        await listener.rate(range(20))
        await listener.clock.advance(600)
        await listener.give([action(5, "play", at=listener.clock.epoch())])
        await listener.clock.advance(600)
        assert len(listener.runs) == 1
        await listener.give([action(50, "like", at=listener.clock.epoch())])
        await listener.clock.advance(600)
        assert [run.samples for run in listener.runs] == [20, 21]


async def test_cooldown_applies_and_can_be_changed() -> None:
    async with listening(replace(ON, cooldown=3600)) as listener:
        await listener.rate(range(20))
        await listener.clock.advance(60)
        await listener.rate(range(20, 30))
        await listener.clock.advance(1800)
        assert len(listener.runs) == 1
        assert listener.phase == "waiting"
        listener.trainer.configure(replace(ON, cooldown=10))
        await listener.clock.advance(1)
        assert len(listener.runs) == 2


async def test_train_now_waits_neither_for_the_cooldown_nor_for_new_feedback() -> None:
    async with listening() as listener:
        await listener.rate(range(20))
        await listener.clock.advance(5)
        run = await run_now(listener)
        assert run == listener.runs[-1]
        assert len(listener.runs) == 2


async def test_train_now_during_a_run_returns_that_run() -> None:
    async with listening() as listener:
        await listener.rate(range(20))
        await listener.clock.advance(MID_RUN)
        assert listener.phase == "training"
        await run_now(listener)
        assert len(listener.runs) == 1


async def test_pause_and_resume() -> None:
    async with listening() as listener:
        await listener.rate(range(20))
        await listener.clock.advance(MID_RUN)
        listener.trainer.pause()
        assert listener.phase == "paused"
        await listener.clock.advance(3600)
        assert listener.runs == []
        with pytest.raises(TrainingError, match="paused"):
            await listener.trainer.train_now()
        listener.trainer.resume()
        await listener.clock.advance(10)
        assert len(listener.runs) == 1


async def test_message_says_why_slots_are_withheld() -> None:
    async with listening() as listener:
        await listener.rate(range(20))
        await listener.clock.advance(MID_RUN)
        listener.clock.withheld = "the battery is low"
        assert listener.trainer.state.message == "Learning is on hold: the battery is low."
        await listener.clock.advance(30)
        assert listener.trainer.state.message is None


async def test_runs_leak_no_memory() -> None:
    store, clock = MemoryStore(), ManualIdleClock(grant=8)
    await store.add([rating(number) for number in range(16)])
    settings = TrainingSettings(enabled=True, iterations=10, samples=16)
    tracemalloc.start()
    try:
        async with Trainer(store, clock, base_model(), settings) as trainer:
            used = []
            for run in range(1, 41):
                asked = asyncio.create_task(trainer.train_now())
                while not asked.done():
                    await clock.advance(0.2)
                if run in (20, 40):
                    await clock.advance(60)  # What the meter remembers of the slices is forgotten by then.
                    gc.collect()
                    used.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert used[1] - used[0] < 50_000  # One network a run would be 70,000.


async def test_no_run_starts_while_paused() -> None:
    async with listening() as listener:
        listener.trainer.pause()
        await listener.rate(range(20))
        await listener.clock.advance(3600)
        assert "training" not in {state.phase for state in listener.states}
        listener.trainer.resume()
        await listener.clock.advance(10)
        assert len(listener.runs) == 1


async def test_no_run_is_thrown_away() -> None:
    """A listener who changes their mind gets another model at once, and is told how wrong it may be."""
    async with listening() as listener:
        await listener.rate(range(40))
        await listener.clock.advance(60)
        before = listener.trainer.model
        await listener.give([turned_around(number, at=listener.clock.epoch()) for number in range(20)])
        await listener.clock.advance(60)
        assert listener.trainer.model is not before
        assert listener.trainer.state.local_version == "local-2"
        assert listener.runs[1].error > listener.runs[0].error


def turned_around(number: int, *, at: float) -> RatingEvent:
    opposite = {name: 6 - given for name, given in opinion(tune(number)).items()}
    return rating(number, opposite, at=at)


async def test_likes_alone_start_a_run_and_plays_do_not_hide_them() -> None:
    async with listening(replace(ON, samples=16)) as listener:
        await listener.give([action(number, "like", at=START + number) for number in range(MIN_RATED)])
        await listener.give([action(99, "play", at=START + 100 + number) for number in range(300)])
        await listener.give([action(98, "play_complete", at=START + 500 + number) for number in range(300)])
        await listener.clock.advance(60)
        assert [run.samples for run in listener.runs] == [MIN_RATED + 1]


async def test_a_like_counts_however_many_follow() -> None:
    async with listening(replace(ON, samples=16)) as listener:
        await listener.give([action(number, "like", at=START + number) for number in range(60)])
        await listener.clock.advance(60)
        assert [run.samples for run in listener.runs] == [60]


async def test_a_like_after_the_last_run_triggers_a_run_after_a_reload() -> None:
    async with listening() as listener:
        await listener.rate(range(20))
        await listener.clock.advance(30)
        await listener.give([action(30, "like", at=listener.clock.epoch())])
    async with listening(store=listener.store) as reloaded:
        await reloaded.clock.advance(60)
        assert [run.samples for run in reloaded.runs] == [21]


async def test_a_snapshot_survives_a_reload() -> None:
    async with listening() as listener:
        await listener.rate(range(40))
        await listener.clock.advance(60)
        learned = listener.trainer.model
    async with listening(store=listener.store) as reloaded:
        model = reloaded.trainer.model
        assert (model.version, model.base_version) == ("local-1", "global-1")
        assert reloaded.trainer.state.last_run == listener.trainer.state.last_run is not None
        np.testing.assert_array_equal(model.network.parameters, learned.network.parameters)
        await reloaded.clock.advance(3600)
        assert reloaded.runs == []
        await reloaded.rate(range(40, 42))
        await reloaded.clock.advance(60)
        assert reloaded.trainer.model.version == "local-2"


async def test_ratings_after_the_last_run_trigger_a_run_after_a_reload() -> None:
    async with listening() as listener:
        await listener.rate(range(20))
        await listener.clock.advance(30)
        await listener.rate(range(20, 30))
    async with listening(store=listener.store) as reloaded:
        await reloaded.clock.advance(60)
        assert [run.samples for run in reloaded.runs] == [30]


async def test_damaged_snapshot_is_refused_and_the_previous_one_is_used() -> None:
    async with listening() as listener:
        for tunes in (range(40), range(40, 45)):
            await listener.rate(tunes)
            await listener.clock.advance(60)
    store = await damaged(await listener.store.snapshots())
    async with listening(store=store) as reloaded:
        assert reloaded.trainer.model.version == "local-1"
        assert "local-2 was refused" in (reloaded.trainer.state.message or "")
        await reloaded.rate(range(50, 150))
        await reloaded.clock.advance(60)
        assert reloaded.trainer.model.version == "local-3"


async def damaged(newest_first: list[Record]) -> MemoryStore:
    store = MemoryStore()
    newest_first[0]["weights"] = "AAAA" + newest_first[0]["weights"][4:]
    for record in reversed(newest_first):
        await store.save_snapshot(record)
    return store


async def test_new_base_is_used_at_once_if_nothing_was_learned() -> None:
    async with listening() as listener:
        listener.trainer.rebase(base_model("global-2", seed=1))
        assert listener.trainer.model.version == "global-2"
        await listener.clock.advance(600)
        assert listener.runs == []


async def test_new_base_is_fitted_to_the_listener() -> None:
    async with listening() as listener:
        await listener.rate(range(60))
        await listener.clock.advance(60)
        before = listener.trainer.model
        listener.trainer.rebase(knowing("global-2"))
        assert listener.trainer.model is before
        await listener.clock.advance(60)
        assert listener.runs[1].error < listener.runs[0].error
        state = listener.trainer.state
        assert (state.base_version, state.local_version) == ("global-2", "local-2")
        assert state.local_base_version == "global-2"


async def test_a_new_base_that_knows_nothing_costs_nothing() -> None:
    async with listening() as listener:
        await listener.rate(range(60))
        await listener.clock.advance(60)
        listener.trainer.rebase(base_model("global-2", network=dead()))
        await listener.clock.advance(3600)
        assert len(listener.runs) == 2
        assert listener.runs[1].error == pytest.approx(listener.runs[0].error, rel=0.1)


async def test_a_new_base_after_a_reload() -> None:
    async with listening() as listener:
        await listener.rate(range(60))
        await listener.clock.advance(60)
        learned = listener.trainer.model.predict_many(matrix(range(5)))
    async with listening(store=listener.store, base=knowing("global-2")) as reloaded:
        np.testing.assert_array_equal(reloaded.trainer.model.predict_many(matrix(range(5))), learned)
        assert reloaded.trainer.model.version == "local-1"
        await reloaded.clock.advance(60)
        assert (reloaded.trainer.model.version, reloaded.trainer.model.base_version) == (
            "local-2",
            "global-2",
        )


async def test_new_base_that_arrives_during_a_run_is_used_by_the_next_run() -> None:
    async with listening() as listener:
        await listener.rate(range(60))
        await listener.clock.advance(MID_RUN)
        listener.trainer.rebase(knowing("global-2"))
        await listener.clock.advance(30)
        assert listener.trainer.model.base_version == "global-1"
        await listener.clock.advance(60)
        assert listener.trainer.model.base_version == "global-2"
        assert len(listener.runs) == 2


def knowing(version: str) -> Model:
    """Return a global model that agrees with the simulated listener."""
    network = Network.random(5)
    inputs = matrix(range(1000, 1300))
    labels = np.array([[*opinion(tune(number)).values(), 3] for number in range(1000, 1300)])
    for _ in Learner(network, learning_rate=0.01).learn_many(inputs, labels, np.ones_like(labels), 600):
        pass
    return base_model(version, network=network)


def dead() -> Network:
    """Return a network that predicts the same for all tunes, whatever it is trained on."""
    network = Network()
    network.layers[-1][-1] = 3
    return network


async def test_snapshots_are_small_json() -> None:
    async with listening(TrainingSettings(enabled=True)) as listener:
        await listener.rate(range(40))
        await listener.clock.advance(60)
        (record,) = await listener.store.snapshots()
        assert len(json.dumps(record)) < MAX_BYTES


class FullStore(MemoryStore):
    full = True

    async def save_snapshot(self, snapshot: Record, *, learned: Positions | None = None) -> None:
        if self.full:
            raise StoreError("No space is left for the snapshot.")
        await super().save_snapshot(snapshot, learned=learned)


async def test_model_that_cannot_be_stored_is_not_used_and_training_retries() -> None:
    store = FullStore()
    async with listening(store=store) as listener:
        await listener.rate(range(40))
        await listener.clock.advance(30)
        assert "No space" in (listener.trainer.state.message or "")
        assert listener.trainer.model.version == "global-1"
        with pytest.raises(StoreError):
            await run_now(listener)
        store.full = False
        await listener.clock.advance(60)
        assert listener.trainer.model.version == "local-1"
        assert listener.trainer.state.message is None


class BrokenClock(ManualIdleClock):
    async def slot(self) -> Slot:
        raise ZeroDivisionError


async def test_unexpected_error_is_reported() -> None:
    listener = Listener()
    trainer = Trainer(listener.store, BrokenClock(), base_model(), ON)
    trainer.start()
    asked = asyncio.create_task(trainer.train_now())
    with pytest.raises(TrainingError, match="ZeroDivisionError"):
        await asked
    assert "ZeroDivisionError" in (trainer.state.message or "")
    await trainer.aclose()


async def test_closing_drops_the_run_in_progress() -> None:
    listener = Listener()
    listener.trainer.start()
    await listener.rate(range(20))
    asked = asyncio.create_task(listener.trainer.train_now())
    await listener.clock.advance(MID_RUN)
    await listener.trainer.aclose()
    await listener.trainer.aclose()
    with pytest.raises(TrainingError, match="turned off"):
        await asked
    assert await listener.store.snapshots() == []


async def test_each_phase_is_announced() -> None:
    async with listening() as listener:
        await listener.rate(range(20))
        await listener.clock.advance(60)
        phases = [state.phase for state in listener.states]
        assert [p for i, p in enumerate(phases) if i == 0 or p != phases[i - 1]] == [
            "idle", "waiting", "training", "idle",
        ]  # fmt: skip


async def test_slow_processor_stays_within_its_share() -> None:
    class SlowIdle(ManualIdleClock):
        """Each reading of the clock takes 5 ms."""

        def now(self) -> float:
            self.spend(5)
            return super().now()

    clock, store = SlowIdle(grant=50), MemoryStore()
    await store.add([rating(number) for number in range(40)])
    async with Trainer(store, clock, base_model(), replace(ON, iterations=1000)) as trainer:
        shares = []
        for _ in range(600):
            await clock.advance(1)
            shares.append(trainer.state.cpu_share)
        assert trainer.state.last_run is not None
    assert 0.5 * CPU_SHARE < max(shares) < CPU_SHARE


class WatchedClock(ManualIdleClock):
    """A clock with short slots that counts them."""

    def __init__(self) -> None:
        super().__init__(grant=8)
        self.slots = 0

    async def slot(self) -> Slot:
        granted = await super().slot()
        self.slots += 1
        return granted


class WatchedStore(MemoryStore):
    """A store that records the size of each read, and the number of slots before it."""

    def __init__(self, clock: WatchedClock) -> None:
        super().__init__()
        self.clock = clock
        self.reads: list[tuple[int, int]] = []

    async def newest(self, kind: Kind, *, limit: int, **options: Any) -> Batch:
        self.reads.append((limit, self.clock.slots))
        return await super().newest(kind, limit=limit, **options)


async def test_store_is_read_in_batches_and_each_is_parsed_in_slots() -> None:
    clock = WatchedClock()
    store = WatchedStore(clock)
    await store.add([rating(number, at=START - number) for number in range(100)])
    await store.add([action(number, "like", at=START - number) for number in range(100, 300)])
    trainer = Trainer(store, clock, base_model(), replace(ON, samples=150))
    async with trainer:
        store.reads.clear()
        await clock.advance(60)
        assert trainer.state.last_run is not None
        assert trainer.state.last_run.samples == 100 + 200
    limits, slots = zip(*store.reads, strict=True)
    assert max(limits) == 16
    assert len(limits) == 8 + 14 + 1  # The last of each kind finds none.
    assert len(set(slots)) == len(slots)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("iterations", 9),
        ("iterations", 1001),
        ("samples", 15),
        ("samples", 4097),
        ("cooldown", 9),
        ("cooldown", 3601),
    ],
)
def test_settings_out_of_bounds(field: str, value: int) -> None:
    with pytest.raises(InvalidRecordError) as caught:
        TrainingSettings(**{field: value})  # type: ignore[arg-type]
    assert caught.value.field == field


async def test_model_is_deleted_with_a_rating_that_arrived_during_its_run() -> None:
    listener = Listener()
    await listener.rate(range(20))
    newest, late = listener.store.newest, list[RatingEvent]()

    async def newest_and_another(*args: Any, limit: int, **options: Any) -> Batch:
        if limit > 1 and not late:
            listener.clock.spend(200)
            late.append(rating(20, at=listener.clock.epoch()))
            await listener.store.add(late)
        return await newest(*args, limit=limit, **options)

    listener.store.newest = newest_and_another  # type: ignore[method-assign]
    async with listener.trainer:
        await listener.clock.advance(30)
        [run] = listener.runs
        assert (run.samples, run.time < late[0].timestamp) == (21, True)
        async with listener.trainer.interrupted():
            await listener.store.forget([late[0].uuid])
        assert listener.trainer.state.local_version is None
