"""The runtime: store, event worker, trainer and sync client, as one thing that can be started and stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from sidflow_feedback.engine.event_writer import EventWriter
from sidflow_feedback.errors import FeedbackError, TrainingError
from sidflow_feedback.events import Event
from sidflow_feedback.idle import IdleClock
from sidflow_feedback.idle.meter import CpuMeter
from sidflow_feedback.idle.slots import TARGET_SHARE, Slots
from sidflow_feedback.learning import scikit_fitters
from sidflow_feedback.learning.global_model import GlobalModel
from sidflow_feedback.learning.model import Model
from sidflow_feedback.learning.trainer import Trainer
from sidflow_feedback.learning.trainer_types import TrainerState, TrainingSettings
from sidflow_feedback.preferences import validated
from sidflow_feedback.store import LEASE, FeedbackStore, StoreCounts, StoredEvent
from sidflow_feedback.sync.client import SyncClient
from sidflow_feedback.sync.transport import Transport
from sidflow_feedback.sync.upload_queue import SyncSettings
from sidflow_feedback.types import Milliseconds, Record
from sidflow_feedback.vocabulary import SYNC_STATUSES, Publication

HOUSEKEEPING: Final = LEASE / 2000
"""Seconds between two looks for what a crash has left behind and what has grown too old."""

WATCH: Final = 1.0
"""Seconds between two looks at the share of the processor."""

SHARES_KEPT: Final = 720
"""Shares that are remembered, of the last hour of listening, one for 5 s."""

_SHARES_APART = 5

REST: Final = 0.25
"""Seconds between two publications of the state."""


class FeedbackRuntime:
    """Keeps what the listener does, learns from it, and shares it if asked to.

    Parameters
    ----------
    store, clock, transport
        The seams: where events are kept, when there is time to learn, and the way to the server.
    publish
        Called as ``publish(kind, value)`` with what the pages should know: ``committed`` and ``refused``
        events, which were ``forgotten``, and the ``state`` after each change.
    load_scikit
        See `Trainer`.

    Attributes
    ----------
    background
        Idle slots for other work than training, which has the same share of the processor with it.
    shares
        Of the processor, that training took of the last 60 s, and when that was: epoch milliseconds, 0 to 1.
    """

    def __init__(
        self,
        store: FeedbackStore,
        clock: IdleClock,
        transport: Transport,
        *,
        publish: Callable[[str, Any], None] = lambda _kind, _value: None,
        load_scikit: scikit_fitters.LoadScikit = scikit_fitters.load,
    ) -> None:
        self.store = store
        self.clock = clock
        self._publish = publish
        self._load_scikit = load_scikit
        self._counts = StoreCounts(
            ratings=dict.fromkeys(SYNC_STATUSES, 0), implicit=dict.fromkeys(SYNC_STATUSES, 0)
        )
        self._store_problem: str | None = None
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._training = TrainingSettings()
        self.shares: deque[tuple[Milliseconds, float]] = deque(maxlen=SHARES_KEPT)
        self._trainer: Trainer | None = None
        self._meter = CpuMeter(TARGET_SHARE)
        self.background = Slots(clock, self._meter)
        self.sync = SyncClient(
            store, transport, base_version=self._base_version, clock=clock, on_change=self._changed.set
        )
        self.worker = EventWriter(
            store, on_acknowledged=self._acknowledge, on_refused=self._refuse, clock=clock
        )
        self.worker.subscribe(self._notify_trainer)
        self._global_model = GlobalModel(
            transport, self._take_model, clock=clock, on_change=self._changed.set
        )

    async def start(self) -> None:
        """Begin: from now on events are committed, and the global model is fetched."""
        # One engine serves an origin: what is claimed as this one starts belongs to one that is gone.
        await self._tidy(ahead=LEASE)
        self.worker.start()
        self._begin(self._global_model.follow())
        self._begin(self._publish_states())
        self._begin(self._keep_house())
        self._begin(self._watch_processor())

    async def aclose(self) -> None:
        """Stop everything; what is queued is committed first."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()
        await self.worker.aclose()
        if self._trainer is not None:
            await self._trainer.aclose()
        await self.sync.aclose()
        await self.store.close()

    async def restore(self) -> None:
        """Take up what was imported into the store."""
        if self._trainer is not None:
            await self._trainer.restore()
        self.announce()

    async def forget(self, uuids: Sequence[str]) -> list[StoredEvent]:
        """Forget these events, and what was learned from them; return those that were stored.

        The store refuses what is still on its way to it.
        """
        gone = await self._forget(lambda: self.store.forget(uuids))
        self._tell_forgotten(uuids, gone)
        return gone

    async def forget_item(self, item_id: str) -> list[StoredEvent]:
        """Forget all events of a tune in the same way."""
        await self.worker.flush()
        gone = await self._forget(lambda: self.store.forget_item(item_id))
        self._tell_forgotten([row.event.uuid for row in gone], gone)
        return gone

    async def _forget(self, delete: Callable[[], Awaitable[list[StoredEvent]]]) -> list[StoredEvent]:
        untrained = self._trainer.interrupted() if self._trainer else contextlib.nullcontext()
        async with self.sync.withdrawing(), untrained:
            return await delete()

    def _tell_forgotten(self, uuids: Iterable[str], gone: Iterable[StoredEvent]) -> None:
        """Publish which events are gone for good, and whether the server has them."""
        sent = {row.event.uuid: _sent(row) for row in gone}
        self._publish(Publication.FORGOTTEN, [{"uuid": uuid, "sent": sent.get(uuid, "no")} for uuid in uuids])
        self._changed.set()

    async def wipe(self) -> None:
        """Forget everything: events, and what was learned from them."""
        trainer, self._trainer = self._trainer, None
        if trainer is not None:
            await trainer.aclose()
        self.worker.discard()
        async with self.sync.forgetting():
            await self.store.wipe()
        self._publish(Publication.WIPED, None)
        if trainer is not None:
            await self._start_trainer(trainer.base)
        self.announce()

    def receive(self, records: Iterable[Record]) -> None:
        """Take events from a page's outbox."""
        self.worker.receive(records)
        self._changed.set()

    def on_online(self) -> None:
        """Hear that there is a network again."""
        self._global_model.retry_now()
        self.sync.on_online()

    def configure(self, preferences: Mapping[str, Any]) -> None:
        """Take the listener's preferences; they hold at once."""
        values = validated(dict(preferences))
        self._training = TrainingSettings(
            enabled=values["training"],
            iterations=values["iterations"],
            samples=values["samples"],
            learner=values["learner"],
        )
        if self._trainer is not None:
            self._trainer.configure(self._training)
        self.sync.configure(SyncSettings.from_preferences(values))

    @property
    def trainer(self) -> Trainer:
        """The trainer.

        Raises
        ------
        TrainingError
            There is no global model yet to train from.
        """
        if self._trainer is None:
            raise TrainingError("There is no model yet: the server could not be reached. It is asked again.")
        return self._trainer

    async def state(self) -> Record:
        """Return what the listener may see of all this, as a JSON object."""
        problem = self._store_problem or self.worker.last_error or self._global_model.problem
        try:
            self._counts = await self.store.counts()
        except FeedbackError as exc:
            problem = str(exc)
        return {
            "problem": problem,
            "waiting": self.worker.waiting,
            "pruned": self.worker.pruned,
            "counts": asdict(self._counts),
            "training": _camel(asdict(self._trainer.state if self._trainer else TrainerState())),
            "sync": _camel(asdict(self.sync.state)),
        }

    def announce(self) -> None:
        """Publish the state soon, for a page that has just come."""
        self._changed.set()

    def _base_version(self) -> str:
        return (self._trainer and self._trainer.state.base_version) or "none"

    def _notify_trainer(self, events: Sequence[Event]) -> None:
        if self._trainer is not None:
            self._trainer.notify(events)

    def _acknowledge(self, uuids: Sequence[str]) -> None:
        self._publish(Publication.COMMITTED, list(uuids))
        self._changed.set()

    def _refuse(self, uuid: str, reason: str) -> None:
        self._publish(Publication.REFUSED, [{"uuid": uuid, "reason": reason}])

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    async def _take_model(self, model: Model) -> None:
        if self._trainer is None:
            await self._start_trainer(model)
        else:
            self._trainer.rebase(model)

    async def _start_trainer(self, base: Model) -> None:
        trainer = Trainer(
            self.store,
            self.clock,
            base,
            self._training,
            load_scikit=self._load_scikit,
            on_change=lambda _state: self._changed.set(),
            meter=self._meter,
        )
        self._trainer = trainer  # Must come first: settings and events that arrive meanwhile are for it.
        try:
            await trainer.restore()
        except FeedbackError:
            self._trainer = None
            raise
        trainer.start()

    async def _keep_house(self) -> None:
        while True:
            await self.clock.sleep(HOUSEKEEPING)
            await self._tidy()

    async def _watch_processor(self) -> None:
        """Tell of the share of the processor, which falls by itself."""
        told, count = 0.0, 0
        while True:
            await self.clock.sleep(WATCH)
            share = round(self._trainer.state.cpu_share, 4) if self._trainer else 0.0
            if count % _SHARES_APART == 0:
                self.shares.append((self.clock.epoch(), share))
            if share != told:
                self._changed.set()
            told, count = share, count + 1

    async def _tidy(self, *, ahead: Milliseconds = 0) -> None:
        try:
            now = self.clock.epoch() + ahead
            changed = await self.store.recover(now=now) + await self.store.prune(now=now)
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
            await self.clock.sleep(REST)


def _sent(row: StoredEvent) -> str:
    if row.status == "synced":
        return "yes"
    return "perhaps" if row.attempts else "no"  # A request that was not answered may have arrived.


def _camel(record: Mapping[str, Any]) -> Record:
    """Return `record` with its keys, also nested ones, as JavaScript writes them."""
    return {
        _camel_word(key): _camel(value) if isinstance(value, Mapping) else value
        for key, value in record.items()
    }


def _camel_word(word: str) -> str:
    first, *rest = word.split("_")
    return first + "".join(part.capitalize() for part in rest)
