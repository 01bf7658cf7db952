"""Types of the JSON values that engine and tunes worker send. The page itself does not load this module."""

from __future__ import annotations

from typing import Literal, Required, TypeAlias, TypedDict

Dimension: TypeAlias = Literal["e", "m", "c", "p"]
StatusCounts: TypeAlias = dict[str, int]
Features: TypeAlias = dict[str, float]


class TuneRecord(TypedDict, total=False):
    """A tune in JSON, as the catalog and the tunes worker write it."""

    sidPath: Required[str]
    url: str
    own: bool
    title: str
    author: str
    released: str
    songs: int
    startSong: int
    lengths: list[float | None]
    lengthSource: str
    features: list[Features | None]
    problems: list[str | None]
    version: int


class AnalysisRecord(TypedDict, total=False):
    """What is saved of a tune's analysis, in JSON: one item for each song, None where it is unknown."""

    sidPath: str
    version: int
    features: list[Features | None]
    problems: list[str | None]
    lengths: list[float | None]


class SongAnalysis(TypedDict):
    """What the engine found out about one song."""

    features: Features | None
    length: float | None
    problem: str | None


class ViewCounts(TypedDict):
    """Number of tunes in the list, and of all tunes."""

    count: int
    all: int


class AnalysisCounts(TypedDict):
    """Number of tunes that were analyzed, of those that can't be, and of all tunes."""

    analyzed: int
    failed: int
    all: int


class Counts(TypedDict):
    """Stored events by kind and sync status."""

    ratings: StatusCounts
    implicit: StatusCounts


class Run(TypedDict):
    """One training run."""

    time: float
    duration: float
    samples: int
    skipped: int
    learner: str
    errorBefore: float
    errorAfter: float
    accepted: bool
    reason: str


class TrainingState(TypedDict):
    """What the trainer does, and with which models."""

    phase: str
    message: str | None
    lastRun: Run | None
    baseVersion: str | None
    localVersion: str | None
    localBaseVersion: str | None
    cpuShare: float


class SyncState(TypedDict):
    """What was sent, and when the next upload is due. Times are epoch milliseconds."""

    enabled: bool
    running: bool
    lastTime: float | None
    lastError: str | None
    nextTime: float | None
    tries: int
    sent: int
    epsilon: float | None
    spent: float
    budget: float


class EngineState(TypedDict):
    """The state that the engine publishes after each change."""

    problem: str | None
    waiting: int
    pruned: int
    counts: Counts
    training: TrainingState
    sync: SyncState


class StoredEvent(TypedDict):
    """An event in the store; `ratings` or `action`, depending on its kind."""

    uuid: str
    kind: str
    sidPath: str
    song: int
    timestamp: float
    ratings: dict[Dimension, int]
    action: str
    lastError: str | None


class ForgottenEvent(TypedDict):
    """An event that was deleted for good; `sent` is ``no``, ``perhaps``, or ``yes``."""

    uuid: str
    sent: str


class RatedSong(TypedDict):
    """The latest ratings of a song."""

    sidPath: str
    song: int
    ratings: dict[Dimension, int]


class Effect(TypedDict):
    """How the predictions depend on one feature: outputs e, m, c, p at each of its values."""

    feature: str
    values: list[float]
    outputs: list[list[float]]


class Insights(TypedDict):
    """What the model has learned, how, and at what cost."""

    model: str
    map: dict[Dimension, list[float]]
    effects: list[Effect]
    rated: list[RatedSong]
    runs: list[Run]
    shares: list[tuple[float, float]]
    least: int


class BootProgress(TypedDict):
    """How many bytes of the engine are loaded."""

    fetched: int
    total: int
