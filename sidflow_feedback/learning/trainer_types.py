"""What training is told and what it tells: settings, the result of a run, the state for the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.preferences import BOUNDS, CHOICES

if TYPE_CHECKING:
    from sidflow_feedback.types import Milliseconds

COOLDOWN_BOUNDS: Final = (10, 3600)

Phase: TypeAlias = Literal["off", "idle", "waiting", "training", "paused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """What the listener has chosen.

    Attributes
    ----------
    enabled
        Off means that nothing runs.
    iterations
        Optimizer steps of a run, 10 to 1000.
    samples
        Tunes of a run, 16 to 4096.
    learner
        ``numpy``, our own, or the name of a method of `scikit`.
    cooldown
        Seconds from the start of a run to the start of the next, 10 to 3600.

    Raises
    ------
    InvalidRecordError
        A number is out of its bounds, or there is no such learner.
    """

    enabled: bool = False
    iterations: int = 200
    samples: int = 512
    learner: str = "numpy"
    cooldown: float = 60

    def __post_init__(self) -> None:
        bounds = {**BOUNDS, "cooldown": COOLDOWN_BOUNDS}
        for name in ("iterations", "samples", "cooldown"):
            least, most = bounds[name]
            if not least <= getattr(self, name) <= most:
                raise InvalidRecordError(name, f"must be from {least} to {most}, not {getattr(self, name)!r}")
        if self.learner not in CHOICES["learner"]:
            raise InvalidRecordError("learner", f"must be one of {', '.join(CHOICES['learner'])}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of one training run.

    Attributes
    ----------
    time
        Epoch milliseconds of its start.
    samples, skipped
        Tunes used (held-out ones among them), and tunes left out because their features are not known.
    duration
        Seconds from start to end, waiting for idle slots included.
    error_before, error_after
        Root mean square error on the held-out tunes, in ratings.
    learner
        What fitted it, see `TrainingSettings`.
    accepted
        Whether the model was kept.
    reason
        Why, for the listener.
    """

    time: Milliseconds
    samples: int
    skipped: int
    duration: float
    error_before: float
    error_after: float
    learner: str
    accepted: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerState:
    """What the page shows of the trainer.

    Attributes
    ----------
    message
        What it waits for or what went wrong, None when there is nothing to say.
    base_version
        None while there is no global model.
    local_version
        None while the global model is in use.
    local_base_version
        The global model that the one in use goes back to; not `base_version` when a newer one did no better.
    cpu_share
        Of the last 60 s, 0 to 1.
    """

    phase: Phase = "off"
    message: str | None = None
    last_run: Run | None = None
    base_version: str | None = None
    local_version: str | None = None
    local_base_version: str | None = None
    cpu_share: float = 0.0
