"""The runtime: store, event worker, trainer and sync client, as one thing that can be started and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from sidflow_feedback.errors import FeedbackError, SyncError, TrainingError
from sidflow_feedback.events import Event
from sidflow_feedback.idle import IdleClock
from sidflow_feedback.manifest import model_from_manifest
from sidflow_feedback.model import Model
from sidflow_feedback.preferences import validated
from sidflow_feedback.store import LEASE, FeedbackStore, StoreCounts
from sidflow_feedback.sync import SyncClient, SyncSettings
from sidflow_feedback.trainer import Trainer
from sidflow_feedback.training import TrainerState, TrainingSettings
from sidflow_feedback.transport import Transport
from sidflow_feedback.types import SYNC_STATUSES, Record
from sidflow_feedback.worker import EventWorker

MODEL_TIMEOUT: Final = 15.0
"""Seconds to wait for the global model."""

MODEL_RETRY: Final = 60.0
"""Seconds after which a global model that could not be had is asked for again."""

HOUSEKEEPING: Final = LEASE / 2000
"""Seconds between two looks for what a crash has left behind and what has grown too old."""

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
        events, and the ``state`` after each change.
    """

    def __init__(
        self,
        store: FeedbackStore,
        clock: IdleClock,
        transport: Transport,
        *,
        publish: Callable[[str, Any], None] = lambda _kind, _value: None,
    ) -> None:
        self.store = store
        self._clock = clock
        self._transport = transport
        self._publish = publish
        self._counts = StoreCounts(
            ratings=dict.fromkeys(SYNC_STATUSES, 0), implicit=dict.fromkeys(SYNC_STATUSES, 0)
        )
        self._model_problem: str | None = None
        self._store_problem: str | None = None
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._training = TrainingSettings()
        self._trainer: Trainer | None = None
        self.sync = SyncClient(
            store, transport, base_version=self._base_version, on_change=self._changed.set, sleep=clock.sleep
        )
        self.worker = EventWorker(
            store, on_acknowledged=self._acknowledge, on_refused=self._refuse, sleep=clock.sleep
        )
        self.worker.subscribe(self._notify_trainer)

    async def start(self) -> None:
        """Begin: from now on events are committed, and the global model is fetched."""
        self.worker.start()
        self._begin(self._fetch_model())
        self._begin(self._publish_states())
        self._begin(self._keep_house())

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

    async def wipe(self) -> None:
        """Forget everything: events, and what was learned from them."""
        trainer, self._trainer = self._trainer, None
        if trainer is not None:
            await trainer.aclose()
        self.worker.discard()
        await self.store.wipe()
        self._publish("wiped", None)
        if trainer is not None:
            await self._start_trainer(trainer.base)
        self.announce()

    def receive(self, records: Iterable[Record]) -> None:
        """Take events from a page's outbox."""
        self.worker.receive(records)
        self._changed.set()

    def configure(self, preferences: Mapping[str, Any]) -> None:
        """Take the listener's preferences; they hold at once."""
        values = validated(dict(preferences))
        self._training = TrainingSettings(
            enabled=values["training"], iterations=values["iterations"], samples=values["samples"]
        )
        if self._trainer is not None:
            self._trainer.configure(self._training)
        self.sync.configure(SyncSettings(enabled=values["sync"], cadence=values["cadence"]))

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
        problem = self._store_problem or self.worker.last_error or self._model_problem
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
        self._publish("committed", list(uuids))
        self._changed.set()

    def _refuse(self, uuid: str, reason: str) -> None:
        self._publish("refused", [{"uuid": uuid, "reason": reason}])

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    async def _fetch_model(self) -> None:
        """Get the global model; a failure is told, and tried again."""
        while True:
            try:
                await self._start_trainer(await self._global_model())
            except FeedbackError as exc:
                self._model_problem = f"There is no global model: {exc}"
                self._changed.set()
                await self._clock.sleep(MODEL_RETRY)
            else:
                self._model_problem = None
                self._changed.set()
                return

    async def _global_model(self) -> Model:
        response = await self._transport.fetch_model(etag=None, timeout=MODEL_TIMEOUT)
        if response.status != 200 or response.body is None:
            raise SyncError(f"The server answered {response.status}.", status=response.status)
        return model_from_manifest(response.body)

    async def _start_trainer(self, base: Model) -> None:
        trainer = Trainer(
            self.store, self._clock, base, self._training, on_change=lambda _state: self._changed.set()
        )
        self._trainer = trainer  # Must come first: settings and events that arrive meanwhile are for it.
        await trainer.restore()
        trainer.start()

    async def _keep_house(self) -> None:
        # One engine serves an origin: what is claimed as this one starts belongs to one that is gone.
        ahead = LEASE
        while True:
            try:
                now, ahead = time.time() * 1000 + ahead, 0.0
                changed = await self.store.recover(now=now) + await self.store.prune(now=now)
                problem = None
            except FeedbackError as exc:
                changed, problem = 0, str(exc)
            if changed or problem != self._store_problem:
                self._store_problem = problem
                self._changed.set()
            await self._clock.sleep(HOUSEKEEPING)

    async def _publish_states(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._publish("state", await self.state())
            await self._clock.sleep(REST)


def _camel(record: Mapping[str, Any]) -> Record:
    """Return `record` with its keys, also nested ones, as JavaScript writes them."""
    return {
        _camel_word(key): _camel(value) if isinstance(value, Mapping) else value
        for key, value in record.items()
    }


def _camel_word(word: str) -> str:
    first, *rest = word.split("_")
    return first + "".join(part.capitalize() for part in rest)
