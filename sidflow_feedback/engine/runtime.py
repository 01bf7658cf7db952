"""The runtime: starts and stops the store, event writer, trainer, and sync client together."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal, TypeVar

from sidflow_feedback.clock import SteadyTime
from sidflow_feedback.engine.event_writer import EventWriter
from sidflow_feedback.engine.state import counts_payload, sync_payload, training_payload
from sidflow_feedback.errors import FeedbackError, TrainingError
from sidflow_feedback.events import Event
from sidflow_feedback.idle import IdleClock
from sidflow_feedback.idle.meter import CpuMeter
from sidflow_feedback.idle.slots import TARGET_SHARE, Slots
from sidflow_feedback.learning import scikit_fitters
from sidflow_feedback.learning.fine_tuning import MAX_SONGS
from sidflow_feedback.learning.global_model import GlobalModel
from sidflow_feedback.learning.model import Model
from sidflow_feedback.learning.trainer import Trainer
from sidflow_feedback.learning.trainer_types import TrainerState, TrainingSettings
from sidflow_feedback.preferences import validated
from sidflow_feedback.recommending.feature_table import FeatureTable
from sidflow_feedback.store import LEASE, FeedbackStore, StoreCounts, StoredEvent
from sidflow_feedback.store.retention import Retention
from sidflow_feedback.supervision import Supervisor
from sidflow_feedback.sync.client import SyncClient
from sidflow_feedback.sync.transport import Transport
from sidflow_feedback.sync.upload_queue import SyncSettings
from sidflow_feedback.types import EngineState, ForgottenEvent, Milliseconds, Publish, Record, Refusal
from sidflow_feedback.vocabulary import Publication

TIDY_INTERVAL: Final = LEASE / 2000
"""Seconds between two searches for abandoned claims and for events that are too old to keep."""

MAX_SHARES: Final = 720
"""Shares that are remembered: one for every 5 s of the last hour."""

_BEATS_PER_SHARE: Final = 5

BEAT_INTERVAL: Final = 1.0
"""Seconds between two signs of life, and between two checks of the share of the processor.
``page/watch.js`` says what the absence of beats means."""

STATE_INTERVAL: Final = 0.25
"""Minimum number of seconds between two publications of the state."""


def _publish_nothing(kind: object, value: object) -> None:
    pass


Report = TypeVar("Report")
"""What the store says of a deletion."""


class FeedbackRuntime:
    """Stores the listener's feedback, learns from it, and shares it if the listener wants that.

    Parameters
    ----------
    store
        Where feedback and models are stored. The runtime closes it.
    clock
        Tells the time and grants idle slots.
    transport
        Carries requests to the server.
    publish
        Sends a message to all pages, one of `vocabulary.Publication`.
    load_scikit
        See `TrainingRunner`.

    Attributes
    ----------
    store, clock
        As above.
    background
        Idle slots for work other than training. They share one processor limit with training.
    shares
        The share of the processor that training used in the preceding 60 s, from 0 to 1, each with the epoch
        milliseconds when it was measured.
    table
        The items of all pages.
    supervisor
        Keeps everything here alive.
    sync
        The sync client.
    writer
        The event writer.
    """

    def __init__(
        self,
        store: FeedbackStore,
        clock: IdleClock,
        transport: Transport,
        *,
        publish: Publish = _publish_nothing,
        load_scikit: scikit_fitters.LoadScikit = scikit_fitters.load,
    ) -> None:
        self.store = store
        self.clock = clock
        self._publish = publish
        self._load_scikit = load_scikit
        self._counts = StoreCounts()
        self._store_problem: str | None = None
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._training_settings = TrainingSettings()
        self.shares: deque[tuple[Milliseconds, float]] = deque(maxlen=MAX_SHARES)
        self.table = FeatureTable()
        self._trainer: Trainer | None = None
        self._meter = CpuMeter(TARGET_SHARE)
        self.background = Slots(clock, self._meter)
        self._time = SteadyTime(clock)
        self._retention = Retention(store, clock)
        self.supervisor = Supervisor(clock, self._changed.set)
        self.sync = SyncClient(
            store,
            transport,
            clock=clock,
            on_change=self._changed.set,
            on_date=self._retention.on_date,
            supervisor=self.supervisor,
        )
        self.writer = EventWriter(
            store,
            on_acknowledged=self._acknowledge,
            on_refused=self._refuse,
            clock=clock,
            supervisor=self.supervisor,
        )
        self.writer.subscribe(self._notify_trainer)
        self._global_model = GlobalModel(
            transport, self._adopt_model, clock=clock, on_change=self._changed.set
        )

    async def start(self) -> None:
        """Start to commit events and to fetch the global model."""
        # Only one engine serves an origin, so any claim at this time was abandoned by an earlier engine.
        await self._tidy(ahead=math.inf)
        self.writer.start()
        self._keep("Following the global model", self._global_model.follow)
        self._keep("Publishing the state", self._publish_states)
        self._keep("Tidying the store", self._tidy_regularly)
        self._keep("Giving signs of life", self._beat)

    async def aclose(self) -> None:
        """Commit the queued events, stop everything, and close the store."""
        for task in list(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.writer.aclose()
        if self._trainer is not None:
            await self._trainer.aclose()
        await self.sync.aclose()
        await self.store.close()

    async def resend(self, uuids: Sequence[str] | None = None) -> int:
        """Let failed events be sent again, or all of them; return how many."""
        count = await self.store.resend(uuids)
        self._changed.set()
        return count

    async def restore(self, imported: Sequence[Event]) -> None:
        """Load what was imported into the store, and learn from these events."""
        if self._trainer is not None:
            await self._trainer.restore()
        self._notify_trainer(imported)
        self.announce()

    async def forget(self, uuids: Sequence[str]) -> Sequence[StoredEvent]:
        """Delete these events and what was learned from them; return those that were stored.

        Events among them that have not arrived yet are refused when they do. On a full disk, pages must ask
        for these again: they aren't published as forgotten.
        """
        report = await self._forget(lambda: self.store.forget(uuids))
        self._publish_forgotten([uuid for uuid in uuids if uuid not in report.postponed], report.removed)
        return report.removed

    async def forget_item(self, item_id: str) -> list[StoredEvent]:
        """Forget all events of a tune in the same way."""
        await self.writer.flush()
        gone = await self._forget(lambda: self.store.forget_item(item_id))
        self._publish_forgotten([row.event.uuid for row in gone], gone)
        return gone

    async def _forget(self, delete: Callable[[], Awaitable[Report]]) -> Report:
        untrained = self._trainer.interrupted() if self._trainer else contextlib.nullcontext()
        async with self.sync.withdrawing(), untrained:
            return await delete()

    def _publish_forgotten(self, uuids: Iterable[str], gone: Iterable[StoredEvent]) -> None:
        """Publish which events were deleted, and whether the server has them."""
        sent = {row.event.uuid: _sent(row) for row in gone}
        forgotten: list[ForgottenEvent] = [{"uuid": uuid, "sent": sent.get(uuid, "no")} for uuid in uuids]
        self._publish(Publication.FORGOTTEN, forgotten)
        self._changed.set()

    async def wipe(self) -> None:
        """Delete all events and everything that was learned from them.

        Until that is done, predictions come from the model that there was.
        """
        if self._trainer is not None:
            await self._trainer.aclose()
        try:
            self.writer.discard()
            async with self.sync.forgetting():
                await self.store.wipe()
            self._publish(Publication.WIPED, None)
        finally:
            if self._trainer is not None:
                await self._start_trainer(self._trainer.base)
            self.announce()

    def receive(self, records: Iterable[Record]) -> None:
        """Queue events from a page's outbox."""
        self.writer.receive(records)
        self._changed.set()

    def on_online(self) -> None:
        """Retry failed requests at once, because the browser reports that it is online."""
        self._global_model.retry_now()
        self.sync.on_online()

    def configure(self, preferences: Mapping[str, Any]) -> None:
        """Apply the listener's preferences at once."""
        values = validated(dict(preferences))
        self._training_settings = TrainingSettings(
            enabled=values["training"],
            iterations=values["iterations"],
            samples=values["samples"],
            learner=values["learner"],
        )
        if self._trainer is not None:
            self._trainer.configure(self._training_settings)
        self.sync.configure(SyncSettings.from_preferences(values))

    @property
    def trainer(self) -> Trainer:
        """The trainer.

        Raises
        ------
        TrainingError
            There is no global model yet.
        """
        if self._trainer is None:
            raise TrainingError(
                "Learning has no model yet, because the server hasn't sent one. It is asked again by itself."
            )
        return self._trainer

    async def state(self) -> EngineState:
        """Return the state for the pages as a JSON object."""
        problem = (
            self._store_problem
            or self.writer.last_error
            or self.supervisor.problem
            or self._global_model.problem
        )
        try:
            self._counts = await self.store.counts()
        except FeedbackError as exc:
            problem = str(exc)
        return {
            "problem": problem,
            "waiting": self.writer.waiting,
            "pruned": self.writer.pruned,
            "counts": counts_payload(self._counts),
            "training": training_payload(self._trainer.state if self._trainer else TrainerState()),
            "sync": sync_payload(self.sync.state),
        }

    def announce(self) -> None:
        """Publish the state soon, for a page that has just connected."""
        self._changed.set()

    def _notify_trainer(self, events: Sequence[Event]) -> None:
        if self._trainer is not None:
            self._trainer.notify(events)

    def _acknowledge(self, uuids: Sequence[str]) -> None:
        self._publish(Publication.COMMITTED, list(uuids))
        self._changed.set()

    def _refuse(self, uuid: str, reason: str) -> None:
        self._keep("Refusing an event", partial(self._enter_refusal, {"uuid": uuid, "reason": reason}))

    async def _enter_refusal(self, refusal: Refusal) -> None:
        """Enter a refusal in the books, then publish it: the page's outbox sends the event until then."""
        with contextlib.suppress(FeedbackError):  # A full disk must not keep the event in the outbox.
            await self.store.refuse([refusal["uuid"]])
        self._publish(Publication.REFUSED, [refusal])
        self._changed.set()

    def _keep(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.get_running_loop().create_task(self.supervisor.keep(name, loop))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _adopt_model(self, model: Model) -> None:
        if self._trainer is None:
            await self._start_trainer(model)
        else:
            self._trainer.rebase(model)

    async def _start_trainer(self, base: Model) -> None:
        trainer = Trainer(
            self.store,
            self.clock,
            base,
            self._training_settings,
            songs=lambda: self.table.sample(MAX_SONGS),
            load_scikit=self._load_scikit,
            on_change=lambda _state: self._changed.set(),
            meter=self._meter,
            supervisor=self.supervisor,
        )
        is_first, self._trainer = self._trainer is None, trainer  # Before all else: it gets what arrives now.
        try:
            await trainer.restore()
        except FeedbackError:
            if is_first:
                self._trainer = None  # Adopting the model is tried again.
                raise
        trainer.start()

    async def _tidy_regularly(self) -> None:
        while True:
            await self.clock.sleep(TIDY_INTERVAL)
            await self._tidy()

    async def _beat(self) -> None:
        """Give signs of life. They can be believed: this loop needs the same thread as all work."""
        count, shown = 0, (0.0, self.supervisor.problem)
        while True:
            self._publish(Publication.BEAT, None)
            await self.clock.sleep(BEAT_INTERVAL)
            share = round(self._trainer.state.cpu_share, 4) if self._trainer else 0.0
            if count % _BEATS_PER_SHARE == 0:
                self.shares.append((self.clock.epoch(), share))
            count += 1
            if shown != (shown := (share, self.supervisor.problem)):
                self._changed.set()

    async def _tidy(self, *, ahead: Milliseconds = 0) -> None:
        """Release abandoned claims, as if it were `ahead` milliseconds later, and prune old events."""
        try:
            now = self._time.epoch() + ahead
            changed = await self.store.recover(now=now) + await self._retention.prune()
            problem = None
        except FeedbackError as exc:
            changed, problem = 0, str(exc)
        if changed or problem != self._store_problem:
            self._store_problem = problem
            self._changed.set()

    async def _publish_states(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._publish(Publication.STATE, await self.state())
            await self.clock.sleep(STATE_INTERVAL)


def _sent(row: StoredEvent) -> Literal["no", "perhaps", "yes"]:
    if row.status == "synced":
        return "yes"
    return "perhaps" if row.attempts else "no"  # A request without an answer may have arrived.
