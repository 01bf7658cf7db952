"""The trainer's types: its settings, the result of a run, and the state for the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.preferences import ITERATIONS, LEARNER, SAMPLES

if TYPE_CHECKING:
    from sidflow_feedback.types import Milliseconds, Phase

COOLDOWN_BOUNDS: Final = (10, 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """The listener's choices for training.

    Attributes
    ----------
    enabled
        Whether anything runs.
    iterations
        Optimizer steps of a run, 10 to 1000.
    samples
        Tunes used in a run, 16 to 4096.
    learner
        ``numpy`` for the built-in learner, or a name from `scikit_fitters.METHODS`.
    cooldown
        Seconds from the start of a run to the start of the next, 10 to 3600.

    Raises
    ------
    InvalidRecordError
        A number is out of range, or the learner is unknown.
    """

    enabled: bool = False
    iterations: int = ITERATIONS.default
    samples: int = SAMPLES.default
    learner: str = LEARNER.default
    cooldown: float = 60

    def __post_init__(self) -> None:
        bounds = {
            "iterations": (ITERATIONS.minimum, ITERATIONS.maximum),
            "samples": (SAMPLES.minimum, SAMPLES.maximum),
            "cooldown": COOLDOWN_BOUNDS,
        }
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise InvalidRecordError(name, f"must be from {low} to {high}, not {getattr(self, name)!r}")
        if self.learner not in LEARNER.choices:
            raise InvalidRecordError("learner", f"must be one of {', '.join(LEARNER.choices)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The result of a training run.

    Attributes
    ----------
    time
        When the run began, in epoch milliseconds.
    samples, skipped
        Tunes used, and tunes left out because their features are unknown.
    duration
        Seconds from start to end, including the time spent waiting for idle slots.
    error, mean_error
        Root mean square error on tunes that were held out in turn, in rating points: of the model, and of
        always predicting the listener's mean.
    tells
        The dimensions whose predictions proved better than chance, for example ``ep``.
    learner
        The learner that was used; see `TrainingSettings`.
    """

    time: Milliseconds
    samples: int
    skipped: int
    duration: float
    error: float
    mean_error: float
    tells: str
    learner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerState:
    """The state of the trainer, for the page.

    Attributes
    ----------
    message
        What the trainer waits for or what went wrong, or None.
    last_run
        The last run, also of an earlier engine.
    runs
        Number of runs since the engine started.
    base_version
        Version of the global model; None if there is none.
    local_version
        Version of the local model; None while the global model is in use.
    local_base_version
        Version of the global model that the local model was learned from. It differs from `base_version` as
        long as a newer global model has not given better results.
    cpu_share
        Share of the processor used in the last 60 s, 0 to 1.
    """

    phase: Phase = "off"
    message: str | None = None
    last_run: Run | None = None
    runs: int = 0
    base_version: str | None = None
    local_version: str | None = None
    local_base_version: str | None = None
    cpu_share: float = 0.0
