"""The trainer: when to fine-tune, and whether to keep the result."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING

from sidflow_feedback.errors import FeedbackError, InvalidRecordError, TrainingError
from sidflow_feedback.events import RatingEvent
from sidflow_feedback.idle.slots import Slots
from sidflow_feedback.learning import scikit_fitters
from sidflow_feedback.learning.dataset import IMPLIED_PREFERENCES, Collector, Dataset
from sidflow_feedback.learning.fine_tuning import fine_tune
from sidflow_feedback.learning.fitters import fit_adam
from sidflow_feedback.learning.model import Model
from sidflow_feedback.learning.run_history import remember
from sidflow_feedback.learning.snapshot import (
    Snapshot,
    local_number,
    snapshot_from_record,
    snapshot_to_record,
)
from sidflow_feedback.learning.trainer_types import Phase, Run, TrainerState, TrainingSettings
from sidflow_feedback.store import KINDS
from sidflow_feedback.vocabulary import MIN_RATED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from types import TracebackType

    from sidflow_feedback.events import Event
    from sidflow_feedback.idle import IdleClock
    from sidflow_feedback.idle.meter import CpuMeter
    from sidflow_feedback.learning.fine_tuning import FineTuned
    from sidflow_feedback.learning.fitters import Fitter
    from sidflow_feedback.store import FeedbackStore, Place
    from sidflow_feedback.types import Milliseconds

_BATCH = 16
"""Rows read at once."""


class Trainer:
    """Fine-tunes the listener's model whenever there is something new to learn and the machine is idle.

    Parameters
    ----------
    store
        Where events are read and snapshots are kept.
    clock
        Grants the idle slots.
    base
        The global model.
    settings
        May be changed later by `configure`.
    load_scikit
        Awaited before a method of scikit-learn is used; calls what it is given with a text to show
        meanwhile, and raises `TrainingError` if it can't be had.
    on_change
        Called after each change of phase, message, run or model; must not raise.
    meter
        See `Slots`.
    """

    def __init__(
        self,
        store: FeedbackStore,
        clock: IdleClock,
        base: Model,
        settings: TrainingSettings | None = None,
        *,
        load_scikit: scikit_fitters.LoadScikit = scikit_fitters.load,
        on_change: Callable[[TrainerState], None] | None = None,
        meter: CpuMeter | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._base = base
        self._settings = settings or TrainingSettings()
        self._load_scikit = load_scikit
        self._on_change = on_change
        self._slots = Slots(clock, meter)
        self._snapshot: Snapshot | None = None
        self._newest_number = 0
        self._task: asyncio.Task[None] | None = None
        self._live = False
        self._wake = asyncio.Event()
        self._asked: asyncio.Future[Run] | None = None
        self._fresh = False
        self._training = False
        self._begun: Milliseconds = -math.inf
        self._runs = 0
        self._last_run: Run | None = None
        self._message: str | None = None

    async def __aenter__(self) -> Trainer:
        await self.restore()
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def model(self) -> Model:
        """The model to predict with: the last accepted one, else the global one."""
        return self._base if self._snapshot is None else self._snapshot.model

    @property
    def base(self) -> Model:
        """The global model."""
        return self._base

    @property
    def settings(self) -> TrainingSettings:
        """What `configure` was given last."""
        return self._settings

    @property
    def state(self) -> TrainerState:
        """What the page shows."""
        return TrainerState(
            phase=self._phase(),
            message=self._withheld() or self._message,
            last_run=self._last_run,
            base_version=self._base.version,
            local_version=None if self._snapshot is None else self._snapshot.model.version,
            local_base_version=None if self._snapshot is None else self._snapshot.model.base_version,
            cpu_share=self._slots.cpu_share,
        )

    async def restore(self) -> None:
        """Take up the newest snapshot that is whole."""
        refused = []
        self._snapshot = None
        for record in reversed(await self._store.snapshots()):
            self._newest_number = max(self._newest_number, local_number(record.get("version")))
            try:
                self._snapshot = snapshot_from_record(record)
            except InvalidRecordError as exc:
                refused.append(f"Snapshot {record.get('version')} was refused ({exc}).")
        self._message = " ".join([*refused, f"Using {self.model.version}."]) if refused else None
        newest = list(await self._store.newest("rating", limit=1))
        self._fresh = bool(newest) and (
            self._snapshot is None
            or self._outdated(self._snapshot)
            or newest[0].timestamp > self._snapshot.created
        )
        self._changed()

    def rebase(self, base: Model) -> None:
        """Take a newer global model.

        It is used at once where nothing has been learned yet. Else the next run fits it to what is known of
        the listener, and it is used if it is then no worse than the model in use.
        """
        self._base = base
        if self._snapshot is not None and self._outdated(self._snapshot):
            self._fresh = True
            self._wake.set()
        self._changed()

    def start(self) -> None:
        """Train from now on, if the settings say so."""
        self._live = True
        self._switch()

    async def aclose(self) -> None:
        """Stop; a run that is not finished is dropped. A second call does nothing."""
        self._live = False
        task = self._task
        self._switch()
        if task is not None:
            await asyncio.wait([task])

    @contextlib.asynccontextmanager
    async def interrupted(self) -> AsyncIterator[None]:
        """Train nothing meanwhile, then go on from what the store has: for who deletes something of it."""
        live = self._live
        await self.aclose()
        try:
            yield
            await self.restore()
        finally:
            if live:
                self.start()

    def configure(self, settings: TrainingSettings) -> None:
        """Change the settings; the numbers hold from the next run on, off holds at once."""
        self._settings = settings
        self._switch()
        self._wake.set()
        self._changed()

    def notify(self, events: Sequence[Event]) -> None:
        """Hear of events that the store has taken."""
        if not self._fresh and any(_teaches(event) for event in events):
            self._fresh = True
            self._wake.set()
            self._changed()

    def pause(self) -> None:
        """Use no processor until `resume`; a run stops between two slices."""
        self._slots.pause()
        self._changed()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._slots.resume()
        self._wake.set()
        self._changed()

    async def train_now(self) -> Run:
        """Train without waiting for the cool-down or for new ratings.

        Raises
        ------
        TrainingError
            Training is off or paused, there are too few ratings, or it was switched off meanwhile.
        StoreError
            The feedback can't be read, or the result can't be kept.
        """
        if self._task is None:
            raise TrainingError("Training is off. Switch it on in the preferences first.")
        if self._slots.paused:
            raise TrainingError("Training is paused. Resume it first.")
        if self._asked is None:
            self._asked = asyncio.get_running_loop().create_future()
        self._wake.set()
        return await asyncio.shield(self._asked)

    def _withheld(self) -> str | None:
        reason = self._clock.withheld
        return f"Learning waits: {reason}." if reason and self._phase() == "training" else None

    def _outdated(self, snapshot: Snapshot) -> bool:
        return snapshot.model.base_version != self._base.version

    def _phase(self) -> Phase:
        if not self._settings.enabled:
            return "off"
        if self._slots.paused:
            return "paused"
        if self._training:
            return "training"
        return "waiting" if self._fresh else "idle"

    def _changed(self) -> None:
        if self._on_change is not None:
            self._on_change(self.state)

    def _switch(self) -> None:
        wanted = self._live and self._settings.enabled
        if wanted and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())
            self._task.add_done_callback(self._ended)
        elif not wanted and self._task is not None:
            self._task.cancel()
            self._task = None
            self._answer(TrainingError("Training was switched off before it was done."))

    async def _work(self) -> None:
        while True:
            await self._due()
            self._fresh, self._training, self._message = False, True, None
            self._changed()
            try:
                await self._attempt()
            finally:
                self._training = False
                self._changed()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Tell of a failure that nobody foresaw: the task is gone, the page must not wait for it."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._message, self._task = f"Training stopped: {error!r}. Load the page again.", None
            self._answer(TrainingError(self._message))
            self._changed()

    async def _due(self) -> None:
        """Return when a run may start."""
        while (seconds := self._delay()) > 0:
            self._wake.clear()
            await self._clock.wait(self._wake, seconds)

    def _delay(self) -> float:
        if self._slots.paused or not (self._fresh or self._asked):
            return math.inf
        if self._asked:
            return 0.0
        return self._settings.cooldown - (self._clock.now() - self._begun) / 1000

    async def _attempt(self) -> None:
        """Make a run; what goes wrong is told, and tried again where that may help."""
        begun = self._clock.now()
        try:
            run = await self._run(begun)
        except TrainingError as exc:
            self._message = str(exc)
            self._answer(exc)
        except FeedbackError as exc:
            self._message, self._fresh, self._begun = f"{exc} Training tries again later.", True, begun
            self._answer(exc)
        except asyncio.CancelledError:
            self._fresh = True
            raise
        else:
            self._begun, self._last_run = begun, run
            with contextlib.suppress(
                FeedbackError
            ):  # The model is what counts; it was kept, or is as before.
                await remember(self._store, run)
            self._answer(run)

    def _answer(self, result: Run | FeedbackError) -> None:
        """Tell who called `train_now`."""
        asked, self._asked = self._asked, None
        if asked is None:
            return
        if isinstance(result, Run):
            asked.set_result(result)
        else:
            asked.set_exception(result)
            asked.exception()  # The caller may be gone; that is no reason for a warning.

    async def _run(self, begun: Milliseconds) -> Run:
        now, base, last = self._clock.epoch(), self._base, self._snapshot
        dataset = await self._collected(now)
        read = self._clock.epoch()
        if dataset.rated < MIN_RATED:
            raise TrainingError(_too_few(dataset))
        self._runs += 1
        iterations = self._settings.iterations
        learner, method = await self._method()
        tuned = await self._slots.run(
            fine_tune(base, last, dataset, iterations=iterations, seed=self._runs, method=method)
        )
        if tuned.accepted:
            await self._keep(base, tuned, (now, read), len(dataset))
        rebased = last is not None and last.model.base_version != base.version
        return Run(
            time=now,
            samples=len(dataset),
            skipped=dataset.skipped,
            duration=(self._clock.now() - begun) / 1000,
            error_before=tuned.error_before,
            error_after=tuned.error_after,
            learner=learner,
            accepted=tuned.accepted,
            reason=_reason(tuned.accepted, base.version if rebased else None),
        )

    async def _collected(self, now: Milliseconds) -> Dataset:
        """Return what there is to learn from; the store is read in batches, and these in idle slots."""
        limit, collector = self._settings.samples, Collector(now=now)
        for kind in KINDS:
            place: Place | None = None
            for taken in range(0, limit, _BATCH):
                begun = self._clock.now()
                batch = await self._store.newest(kind, limit=min(_BATCH, limit - taken), before=place)
                self._slots.charge(self._clock.now() - begun)  # At most that: the browser waits, too.
                await self._slots.run(collector.take(batch))
                place = batch.last
                if place is None:
                    break
        return await self._slots.run(collector.dataset(limit))

    async def _method(self) -> tuple[str, Fitter]:
        """Return the chosen method and its name; the default one where scikit-learn can't be had."""
        learner = self._settings.learner
        if learner in scikit_fitters.METHODS:
            try:
                await self._load_scikit(self._tell)
            except TrainingError as exc:
                self._tell(f"{exc} The numpy learner is used.")
            else:
                self._tell(None)
                return learner, scikit_fitters.METHODS[learner]
        return "numpy", fit_adam

    def _tell(self, message: str | None) -> None:
        self._message = message
        self._changed()

    async def _keep(
        self, base: Model, tuned: FineTuned, times: tuple[Milliseconds, Milliseconds], samples: int
    ) -> None:
        """Store the new model, then use it: what can't be stored is not used either."""
        version = f"local-{self._newest_number + 1}"
        snapshot = Snapshot(
            model=Model(version, base.version, base.stats, tuned.network),
            validation_network=tuned.validation_network,
            moments=tuned.moments,
            steps=tuned.steps,
            created=times[0],
            read=times[1],
            samples=samples,
            error_before=tuned.error_before,
            error_after=tuned.error_after,
        )
        await self._store.save_snapshot(await self._slots.run(snapshot_to_record(snapshot)))
        self._newest_number += 1
        self._snapshot = snapshot
        self._fresh = self._fresh or self._outdated(snapshot)  # A new base may have come meanwhile.


def _teaches(event: Event) -> bool:
    return isinstance(event, RatingEvent) or event.action in IMPLIED_PREFERENCES


def _too_few(dataset: Dataset) -> str:
    left_out = f" ({dataset.skipped} more have no features.)" if dataset.skipped else ""
    return f"Training needs {MIN_RATED} rated tunes, there are {dataset.rated}{left_out}. Rate some more."


def _reason(accepted: bool, new_base: str | None) -> str:
    fitted = f"fitted to you from {new_base}" if new_base else "fitted further"
    if accepted:
        return f"The error on the ratings held out did not grow: the model {fitted} is in use."
    return f"The error on the ratings held out grew: the model {fitted} was rolled back, the old one stays."
