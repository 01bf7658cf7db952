"""The trainer: decides when to train."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.errors import FeedbackError, TrainingError
from sidflow_feedback.events import RatingEvent
from sidflow_feedback.idle.slots import Slots
from sidflow_feedback.learning import scikit_fitters
from sidflow_feedback.learning.judgments import IMPLIED_PREFERENCES
from sidflow_feedback.learning.local_model import LocalModel
from sidflow_feedback.learning.run_history import last_run
from sidflow_feedback.learning.trainer_types import Run, TrainerState, TrainingSettings
from sidflow_feedback.learning.training_run import TrainingRunner
from sidflow_feedback.store import KINDS
from sidflow_feedback.supervision import Supervisor
from sidflow_feedback.vocabulary import FEATURE_NAMES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from types import TracebackType

    from sidflow_feedback.events import Event
    from sidflow_feedback.idle import IdleClock
    from sidflow_feedback.idle.meter import CpuMeter
    from sidflow_feedback.learning.model import Model
    from sidflow_feedback.store import FeedbackStore
    from sidflow_feedback.types import FloatArray, Milliseconds, Phase


_NEWS: Final = 50
"""Rows that are searched for something to learn from: if there are more, there will be something."""


def no_songs() -> FloatArray:
    """Return the features of an empty library."""
    return np.empty((0, len(FEATURE_NAMES)))


class Trainer:
    """Trains the listener's model whenever there is new feedback and the machine is idle.

    Parameters
    ----------
    store
        Holds the events and the snapshots.
    clock
        Grants the idle slots.
    base
        The global model.
    settings
        Can be changed later with `configure`.
    songs, load_scikit
        See `TrainingRunner`.
    on_change
        Called after each change of `state`, except of its `cpu_share`. It must not raise.
    meter
        See `Slots`.
    supervisor
        Keeps the trainer alive. By default, it has its own.
    """

    def __init__(
        self,
        store: FeedbackStore,
        clock: IdleClock,
        base: Model,
        settings: TrainingSettings | None = None,
        *,
        songs: Callable[[], FloatArray] = no_songs,
        load_scikit: scikit_fitters.LoadScikit = scikit_fitters.load,
        on_change: Callable[[TrainerState], None] = lambda _state: None,
        meter: CpuMeter | None = None,
        supervisor: Supervisor | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings or TrainingSettings()
        self._on_change = on_change
        self._slots = Slots(clock, meter)
        self._model = LocalModel(store, base)
        self._runner = TrainingRunner(
            store,
            clock,
            self._slots,
            self._model,
            songs=songs,
            load_scikit=load_scikit,
            on_message=self._show,
        )
        self._supervisor = supervisor or Supervisor(clock)
        self._started = False
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._has_news = False
        self._requested: asyncio.Future[Run] | None = None
        self._training = False
        self._last_begun: Milliseconds = -math.inf
        self._last_run: Run | None = None
        self._runs = 0
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
        """The model to predict with: the listener's, or else the global one."""
        return self._model.current

    @property
    def base(self) -> Model:
        """The global model."""
        return self._model.base

    @property
    def state(self) -> TrainerState:
        """The current state, for the page."""
        phase, withheld = self._phase(), self._clock.withheld
        waits = f"Learning is on hold: {withheld}." if withheld and phase == "training" else None
        local = None if self._model.snapshot is None else self._model.snapshot.model
        return TrainerState(
            phase=phase,
            message=waits or self._message,
            last_run=self._last_run,
            runs=self._runs,
            base_version=self._model.base.version,
            local_version=None if local is None else local.version,
            local_base_version=None if local is None else local.base_version,
            cpu_share=self._slots.cpu_share,
        )

    async def restore(self) -> None:
        """Load the newest intact snapshot and the last run from the store.

        Raises
        ------
        StoreError
            The store can't be read.
        """
        refusals = await self._model.restore()
        self._message = " ".join([*refusals, f"Using {self.model.version}."]) if refusals else None
        self._last_run = await last_run(self._store)
        self._has_news = self._model.is_outdated or await self._finds_news()
        if self._has_news:
            self._wake.set()
        self._notify()

    def rebase(self, base: Model) -> None:
        """Adopt a newer global model.

        If nothing has been learned yet, it is used at once. Otherwise the next run fits it to the feedback.
        """
        self._model.base = base
        if self._model.is_outdated:
            self._has_news = True
            self._wake.set()
        self._notify()

    def start(self) -> None:
        """Train from now on, if the settings allow it."""
        self._started = True
        self._switch()

    async def aclose(self) -> None:
        """Stop, and drop an unfinished run. A second call does nothing."""
        self._started = False
        task = self._task
        self._switch()
        if task is not None:
            await asyncio.wait([task])

    @contextlib.asynccontextmanager
    async def interrupted(self) -> AsyncIterator[None]:
        """Suspend training while the caller deletes events, then continue with what the store still has."""
        started = self._started
        await self.aclose()
        try:
            yield
            await self.restore()
        finally:
            if started:
                self.start()

    def configure(self, settings: TrainingSettings) -> None:
        """Change the settings. Switching off takes effect at once, the numbers with the next run."""
        self._settings = settings
        self._switch()
        self._wake.set()
        self._notify()

    def notify(self, events: Sequence[Event]) -> None:
        """Take note of events that were stored."""
        if not self._has_news and any(_teaches(event) for event in events):
            self._has_news = True
            self._wake.set()
            self._notify()

    def pause(self) -> None:
        """Use no processor time until `resume`; a run stops between two slices."""
        self._slots.pause()
        self._notify()

    def resume(self) -> None:
        """Continue after `pause`."""
        self._slots.resume()
        self._wake.set()
        self._notify()

    async def train_now(self) -> Run:
        """Train at once, without waiting for the cooldown or for new feedback; return the run.

        Raises
        ------
        TrainingError
            Training is off or paused, there are too few ratings, or training was turned off meanwhile.
        StoreError
            The feedback can't be read, or the result can't be stored.
        """
        if self._task is None:
            raise TrainingError("Learning is off. Turn it on in Preferences first.")
        if self._slots.paused:
            raise TrainingError("Learning is paused. Resume it first.")
        if self._requested is None:
            self._requested = asyncio.get_running_loop().create_future()
        self._wake.set()
        return await asyncio.shield(self._requested)

    async def _finds_news(self) -> bool:
        """Return whether the store has events that the current model can't have learned from."""
        learned = await self._store.learned() if self._model.snapshot else None
        for kind in KINDS:
            rows = await self._store.rows(kind, after=learned[kind] if learned else 0, limit=_NEWS)
            if len(rows) == _NEWS or any(_teaches(row.event) for row in rows):
                return True
        return False

    def _phase(self) -> Phase:
        if not self._settings.enabled:
            return "off"
        if self._slots.paused:
            return "paused"
        if self._training:
            return "training"
        return "waiting" if self._has_news else "idle"

    def _notify(self) -> None:
        self._on_change(self.state)

    def _show(self, message: str | None) -> None:
        self._message = message
        self._notify()

    def _switch(self) -> None:
        """Start or stop the background task, as the settings say."""
        wanted = self._started and self._settings.enabled
        if wanted and self._task is None:
            keeping = self._supervisor.keep("Training", self._train_when_due)
            self._task = asyncio.get_running_loop().create_task(keeping)
        elif not wanted and self._task is not None:
            self._task.cancel()
            self._task = None
            self._reply(TrainingError("Learning was turned off before the run was complete."))

    async def _train_when_due(self) -> None:
        while True:
            while (seconds := self._seconds_until_due()) > 0:
                self._wake.clear()
                await self._clock.wait(self._wake, seconds)
            self._has_news, self._training, self._message = False, True, None
            self._notify()
            try:
                await self._train()
            finally:
                self._training = False
                self._notify()

    def _seconds_until_due(self) -> float:
        if self._slots.paused or not (self._has_news or self._requested):
            return math.inf
        if self._requested:
            return 0.0
        return self._settings.cooldown - (self._clock.now() - self._last_begun) / 1000

    async def _train(self) -> None:
        """Perform a run. A failure is reported, and the run is repeated later if that can help."""
        begun = self._clock.now()
        try:
            run = await self._runner.run(self._settings)
        except TrainingError as exc:
            self._message = str(exc)
            self._reply(exc)
        except FeedbackError as exc:
            self._message, self._has_news, self._last_begun = f"{exc} Training retries later.", True, begun
            self._reply(exc)
        except asyncio.CancelledError:
            self._has_news = True
            raise
        except Exception as exc:
            self._supervisor.report("Training", exc)
            self._message, self._has_news, self._last_begun = f"{exc!r}. Training retries later.", True, begun
            self._reply(TrainingError(f"Training has failed: {exc!r}."))
        else:
            self._last_begun, self._last_run, self._runs = begun, run, self._runs + 1
            if self._model.is_outdated:  # A newer global model arrived during the run.
                self._has_news = True
            self._reply(run)

    def _reply(self, result: Run | FeedbackError) -> None:
        """Give the callers of `train_now` their result."""
        requested, self._requested = self._requested, None
        if requested is None:
            return
        if isinstance(result, Run):
            requested.set_result(result)
        else:
            requested.set_exception(result)
            requested.exception()  # Must be retrieved once: all callers may be gone.


def _teaches(event: Event) -> bool:
    return isinstance(event, RatingEvent) or event.action in IMPLIED_PREFERENCES
