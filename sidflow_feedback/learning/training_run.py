"""A training run: read the feedback, learn from it, and keep the result."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from sidflow_feedback.errors import FeedbackError, TrainingError
from sidflow_feedback.learning import scikit_fitters
from sidflow_feedback.learning.dataset import Collector, Dataset
from sidflow_feedback.learning.fine_tuning import fine_tune, with_result
from sidflow_feedback.learning.fitters import fit_adam
from sidflow_feedback.learning.judgments import HABITS, OPINIONS
from sidflow_feedback.learning.run_history import remember
from sidflow_feedback.learning.snapshot import Snapshot
from sidflow_feedback.learning.trainer_types import Run
from sidflow_feedback.preferences import SAMPLES
from sidflow_feedback.vocabulary import MIN_RATED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sidflow_feedback.idle import IdleClock
    from sidflow_feedback.idle.slots import Slots
    from sidflow_feedback.learning.fitters import Fitter
    from sidflow_feedback.learning.local_model import LocalModel
    from sidflow_feedback.learning.trainer_types import TrainingSettings
    from sidflow_feedback.store import Cursor, FeedbackStore, Kind, Positions
    from sidflow_feedback.types import Action, FloatArray, Milliseconds

_BATCH: Final = 16
"""Rows read at once."""


class TrainingRunner:
    """Performs training runs, one at a time.

    Parameters
    ----------
    store
        Holds the events and the history of runs.
    clock
        Times the run.
    slots
        Run the computation while the machine is idle.
    model
        Where the run starts, and where its result goes.
    songs
        Returns features of songs of the library, shape (n, 8), on which the network is taught.
    load_scikit
        Awaited before scikit-learn is used. Its argument is a function to call with a progress message. It
        raises `TrainingError` if scikit-learn can't be loaded.
    on_message
        Called with a message to show during the run, and with None when there is no longer one to show.
    """

    def __init__(
        self,
        store: FeedbackStore,
        clock: IdleClock,
        slots: Slots,
        model: LocalModel,
        *,
        songs: Callable[[], FloatArray],
        load_scikit: scikit_fitters.LoadScikit,
        on_message: Callable[[str | None], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._slots = slots
        self._model = model
        self._songs = songs
        self._load_scikit = load_scikit
        self._on_message = on_message
        self._runs = 0

    async def run(self, settings: TrainingSettings) -> Run:
        """Learn from the feedback in the store, and use the result.

        Raises
        ------
        TrainingError
            There are too few ratings, or the model can't be fitted.
        StoreError
            The feedback can't be read, or the result can't be stored.
        """
        begun, time = self._clock.now(), self._clock.epoch()
        base, last = self._model.base, self._model.snapshot
        dataset, learned = await self._read_feedback(time, settings.samples)
        read = self._clock.epoch()
        if len(dataset) < MIN_RATED:
            raise TrainingError(_too_few(dataset))
        learner, fitter = await self._fitter(settings.learner)
        self._runs += 1
        work = fine_tune(
            base,
            last.model if last else None,
            dataset,
            self._songs(),
            iterations=settings.iterations,
            seed=self._runs,
            method=fitter,
        )
        result = await self._slots.run(work)
        snapshot = Snapshot(
            model=with_result(base, self._model.next_version(), result),
            created=time,
            read=read,
            samples=len(dataset),
            error=result.error,
            mean_error=result.mean_error,
        )
        await self._model.save(snapshot, self._slots, learned=learned)
        run = Run(
            time=time,
            samples=len(dataset),
            skipped=dataset.skipped,
            duration=(self._clock.now() - begun) / 1000,
            error=result.error,
            mean_error=result.mean_error,
            tells=result.tells,
            learner=learner,
        )
        # The history is optional; the model is already stored.
        with contextlib.suppress(FeedbackError), self._slots.charged():
            await remember(self._store, run)
        return run

    async def _read_feedback(self, now: Milliseconds, limit: int) -> tuple[Dataset, Positions]:
        """Read the newest `limit` ratings and actions that imply a preference, and all likes and dislikes.

        Each has a window of its own: otherwise, a hundred plays would hide a like.

        Returns
        -------
        Dataset
            What they say.
        Positions
            The highest positions among them.
        """
        collector = Collector(now=now)
        ratings = await self._read(collector, "rating", None, limit)
        opinions = await self._read(collector, "implicit", OPINIONS, SAMPLES.maximum)
        habits = await self._read(collector, "implicit", HABITS, limit)
        dataset = await self._slots.run(collector.dataset(SAMPLES.maximum))
        return dataset, {"rating": ratings, "implicit": max(opinions, habits)}

    async def _read(
        self, collector: Collector, kind: Kind, actions: Sequence[Action] | None, limit: int
    ) -> int:
        """Read the store in batches, and process each batch in idle slots; return the highest position."""
        cursor: Cursor | None = None
        top = 0
        for taken in range(0, limit, _BATCH):
            with self._slots.charged():
                batch = await self._store.newest(
                    kind, limit=min(_BATCH, limit - taken), before=cursor, actions=actions
                )
            await self._slots.run(collector.take(batch))
            cursor, top = batch.last, max(top, batch.top)
            if cursor is None:
                break
        return top

    async def _fitter(self, learner: str) -> tuple[str, Fitter]:
        """Return the chosen learner and its fitter, or the default ones if scikit-learn can't be loaded."""
        if learner in scikit_fitters.METHODS:
            try:
                await self._load_scikit(self._on_message)
            except TrainingError as exc:
                self._on_message(f"{exc} The numpy learner is used instead.")
            else:
                self._on_message(None)
                return learner, scikit_fitters.METHODS[learner]
        return "numpy", fit_adam


def _too_few(dataset: Dataset) -> str:
    skipped = f" ({dataset.skipped} more have no features)" if dataset.skipped else ""
    return (
        f"Training needs {MIN_RATED} tunes that you rated, liked, disliked, or skipped, but there are "
        f"{len(dataset)}{skipped}. Rate or like some more."
    )
