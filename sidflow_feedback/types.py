"""The types of the library's signatures, and of all values that cross between page and engine.

The page imports them for type checking only. Values that cross are JSON; keys are in camelCase.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, NotRequired, Protocol, TypeAlias, TypedDict, TypeVar

import numpy as np
from numpy.typing import NDArray

Record: TypeAlias = dict[str, Any]
"""A JSON object as it is stored or sent; keys in camelCase."""

Milliseconds: TypeAlias = float
FloatArray: TypeAlias = NDArray[np.float64]

Action: TypeAlias = Literal[
    "play", "play_complete", "skip_early", "skip", "skip_late", "replay", "like", "dislike"
]
SyncStatus: TypeAlias = Literal["pending", "processing", "synced", "failed"]
Standing: TypeAlias = Literal[SyncStatus, "local"]
"""What a stored event counts as: its sync status, or ``local`` for a play, which is never sent."""
Dimension: TypeAlias = Literal["e", "m", "c", "p"]
Feeling: TypeAlias = Literal["calm", "driving", "dark", "bright", "simple", "intricate"]
Phase: TypeAlias = Literal["off", "idle", "waiting", "training", "paused"]

Features: TypeAlias = dict[str, float]
"""The 8 audio features of a song, by their names in `vocabulary.FEATURE_NAMES`."""

Preferences: TypeAlias = Mapping[str, Any]
"""Values by name. `preferences` has the names, and validates them on both sides."""

ValueT = TypeVar("ValueT")
AnswerT = TypeVar("AnswerT")


class Message(str, Generic[ValueT]):
    """Type of the name of a message with a value of type `ValueT`. At run time, the name is a `str`."""


class Question(str, Generic[ValueT, AnswerT]):
    """Type of the name of a message with a value of type `ValueT` and an answer of type `AnswerT`."""


class Channel(Protocol):
    """Messages between the engine and the pages; `engine.page_channel.PageChannel` is one."""

    def publish(self, kind: Message[ValueT], value: ValueT) -> None:
        """Send a message to all pages."""

    def on(self, kind: Message[ValueT], listener: Callable[[ValueT], None]) -> None:
        """Call ``listener(value)`` for each message of this kind."""


class RequestChannel(Channel, Protocol):
    """A `Channel` for requests, too.

    Attributes
    ----------
    on_failure
        Called with what has failed and why, when a listener or a handler raises what nobody foresaw.
    """

    on_failure: Callable[[str, Exception], None]

    def answer(
        self, kind: Question[ValueT, AnswerT], handler: Callable[[ValueT, Any], Awaitable[AnswerT]]
    ) -> None:
        """Answer each request of this kind with ``await handler(value, binary)``."""


class Publish(Protocol):
    """`Channel.publish` by itself."""

    def __call__(self, kind: Message[ValueT], value: ValueT) -> None:
        """Send a message to all pages."""


class Track(TypedDict):
    """One song of an item, as the page describes it to the recorder. Other keys are ignored.

    Attributes
    ----------
    length
        Seconds; None if unknown.
    length_source
        See `vocabulary.LengthSource`.
    private
        Whether nothing may be recorded of it.
    """

    item_id: str
    song: NotRequired[int]
    features: NotRequired[Mapping[str, float] | None]
    length: NotRequired[float | None]
    length_source: NotRequired[str | None]
    private: NotRequired[bool]


class IdleGrant(TypedDict):
    """A page's answer to the engine's request `id` for idle time.

    Attributes
    ----------
    milliseconds
        Idle time from now on.
    waited
        Milliseconds that the page waited for idle time.
    withheld
        The reason why the page grants no time; it then has neither of the two before.
    """

    id: int
    milliseconds: NotRequired[float]
    waited: NotRequired[float]
    withheld: NotRequired[str]


class Items(TypedDict):
    """Items of a page's library.

    Attributes
    ----------
    songs, startSongs
        Number of songs of each item, at least 1, and the one that stands for the item, from 1.
    features
        One row for each song, packed by `wire_format`; NaN where unknown.
    """

    itemIds: list[str]
    songs: list[int]
    startSongs: list[int]
    features: str


class Songs(TypedDict):
    """Songs that need not be in the library; `features` as in `Items`."""

    features: str


class Scores(TypedDict):
    """Predictions.

    Attributes
    ----------
    model
        Version of the model that made them.
    scores
        One row of e, m, c, and p for each song, packed by `wire_format`; NaN where unknown.
    """

    model: str
    scores: str


class LibraryScores(Scores):
    """Predictions of the whole library.

    Attributes
    ----------
    sureness
        One byte for each song, packed like `scores`: how sure its predictions are, see `sureness`.
    """

    sureness: str


class CollectionPart(TypedDict):
    """Some tunes of a listener's collection, whose columns go beside this as typed arrays.

    The columns are ``itemIds`` (UTF-8, one on a line), ``songs`` and ``startSongs`` (16 bits), ``composers``
    (32 bits, 0 if unknown), and for each song ``features`` (8 floats, NaN where unknown), ``codes``, and
    ``hasCode`` (a byte, 0 or 1).

    Attributes
    ----------
    space
        Name of the space that the codes belong to.
    """

    space: str


class SimilaritySpace(TypedDict):
    """What the codes of a collection mean; see `similarity.Space`. Its codebook goes beside this, as floats.

    None in its place stands for the trace embeddings. The answer is the name of the space.

    Attributes
    ----------
    shape
        Of the codebook: bytes of a code, values of a byte, and numbers that a value stands for.
    weights
        Of each number of a vector.
    """

    name: str
    shape: list[int]
    weights: list[float]


class Station(TypedDict, total=False):
    """What a queue plays instead of the tunes that the listener is expected to like best.

    Attributes
    ----------
    rows
        Songs: it plays tunes that sound like them.
    likes
        Whether it plays tunes that sound like those that the listener has liked.
    feeling
        It plays tunes that feel like this.
    place
        It plays tunes whose predicted energy and mood are nearest to these two, from 1 to 5.
    """

    rows: list[int]
    likes: bool
    feeling: Feeling
    place: list[float]


class QueueQuestion(TypedDict):
    """Which part of the queue a page asks for.

    Attributes
    ----------
    limit
        Maximum number of items.
    exploration, offset
        See `ranking.queue`.
    recent
        Rows of the items played last, latest first. The store may not have these plays yet.
    station
        Left out or None: predictions decide.
    only
        Rows of the items that may come, as bits in base64, row 0 first; left out or None: all.
    """

    limit: int
    exploration: int
    offset: int
    recent: list[int]
    station: NotRequired[Station | None]
    only: NotRequired[str | None]


QueueEntry: TypeAlias = tuple[int, bool]
"""Row of the first song of an item, and whether the item is a surprise."""


class Reason(TypedDict):
    """The effect of one feature on a prediction; `above` if the song's is greater than the average."""

    feature: str
    effect: float
    above: bool


class OutputExplanation(TypedDict):
    """A prediction of one dimension, that for the average song, and what explains the difference.

    Attributes
    ----------
    reasons
        Greatest effect first. The effects add up to the difference.
    """

    baseline: float
    prediction: float
    reasons: list[Reason]


Explanations: TypeAlias = dict[Dimension, OutputExplanation]


class Sound(TypedDict):
    """What must be known of samples to extract features.

    Attributes
    ----------
    rate
        Samples per second.
    duration
        Seconds of the whole song.
    """

    rate: int
    duration: float


class SongToAnalyze(TypedDict):
    """A song of the file that goes with the request; see `Analyzer.analyze`."""

    song: int
    duration: float
    urgent: bool


class SongAnalysis(TypedDict):
    """The result of analyzing a song.

    Attributes
    ----------
    length
        Seconds until the song falls silent; None if it doesn't within the excerpt.
    features, problem
        One of them is None: the features, or the reason why the song has none.
    embedding
        Its bytes in base64; None without features, or if the song writes too little to have one.
    """

    length: float | None
    features: Features | None
    problem: str | None
    embedding: str | None


class EventRow(TypedDict):
    """An event in the store, with its sync status. It has `ratings` or `action`, depending on its kind.

    Attributes
    ----------
    sidPath
        The item's id.
    timestamp, lastTry, nextTry
        Epoch milliseconds; 0 without a try.
    """

    v: int
    kind: Literal["rating", "implicit"]
    uuid: str
    timestamp: int
    sidPath: str
    song: int
    sessionId: str | None
    pipeline: str | None
    modelVersion: str | None
    features: Features | None
    position: float | None
    listenedSeconds: float | None
    length: float | None
    lengthSource: str | None
    ratings: NotRequired[dict[Dimension, int]]
    action: NotRequired[Action]
    syncStatus: SyncStatus
    attempts: int
    lastError: str | None
    lastTry: float
    nextTry: float


class Refusal(TypedDict):
    """An event that can't be stored, and why."""

    uuid: str
    reason: str


class ForgottenEvent(TypedDict):
    """An event that was deleted for good, and whether the server has it."""

    uuid: str
    sent: Literal["no", "perhaps", "yes"]


class Books(TypedDict):
    """Numbers of all events that the store has ever seen; see `store.Books`."""

    recorded: int
    stored: int
    undone: int
    refused: int
    pruned: int


class Counts(TypedDict):
    """Stored events by kind and standing, and the books."""

    ratings: Mapping[Standing, int]
    implicit: Mapping[Standing, int]
    books: Books


TransferPhase: TypeAlias = Literal["export", "read", "check", "store"]
"""The only phase of an export, or one of the three of an import."""


class TransferProgress(TypedDict):
    """How far an export or import has come.

    Attributes
    ----------
    done, total
        Events; `total` is 0 if it isn't known yet.
    """

    phase: TransferPhase
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text that goes to a page as a ``Blob``, which the page's Python need not read.

    Attributes
    ----------
    parts
        Of the text.
    """

    parts: Sequence[str]

    async def text(self) -> str:
        """Return the whole text, as the method of a ``Blob`` does."""
        return "".join(self.parts)


class RunRecord(TypedDict):
    """A past training run; see `trainer_types.Run`."""

    time: float
    samples: int
    skipped: NotRequired[int]
    duration: float
    error: float
    meanError: float
    tells: str
    learner: str


class LastRun(RunRecord):
    """The last training run."""

    skipped: int  # type: ignore[misc]


class TrainingState(TypedDict):
    """See `trainer_types.TrainerState`."""

    phase: Phase
    message: str | None
    lastRun: LastRun | None
    runs: int
    baseVersion: str | None
    localVersion: str | None
    localBaseVersion: str | None
    cpuShare: float


class SyncState(TypedDict):
    """See `sync.client.SyncState`."""

    enabled: bool
    running: bool
    lastTime: float | None
    lastError: str | None
    lastRatings: int
    lastPlays: int
    nextTime: float | None
    tries: int
    sent: int
    clockError: float | None
    epsilon: float | None
    spent: float
    budget: float


class EngineState(TypedDict):
    """The engine's state, as it is published after each change.

    Attributes
    ----------
    problem
        What keeps the engine from working as it should; None if nothing does.
    waiting
        Number of events that are queued for the store.
    pruned
        Number of old plays that were removed because the disk is full.
    """

    problem: str | None
    waiting: int
    pruned: int
    counts: Counts
    training: TrainingState
    sync: SyncState


class FeedbackState(TypedDict):
    """What a page knows of its engine and of the stored events; None for what it doesn't know yet.

    Attributes
    ----------
    engine
        ``off``: there will be no engine, and nothing is stored or learned.
    problem
        What keeps the engine from working as it should; None if nothing does.
    model
        Version of the model that predicts.
    waiting
        Number of events that are not in the database yet.
    counts
        Stored events by kind and sync status.
    """

    engine: Literal["starting", "ready", "off"]
    problem: str | None
    model: str | None
    waiting: int
    counts: Counts | None
    training: TrainingState | None
    sync: SyncState | None


class RankedTrack(TypedDict):
    """A track in the order of `Feedback.rank`, and whether it is there as a surprise."""

    track: Track
    surprise: bool


class Effect(TypedDict):
    """The predicted e, m, c, and p (`outputs`) at each of a feature's `values`."""

    feature: str
    values: list[float]
    outputs: list[list[float]]


class RatedSong(TypedDict):
    """The latest ratings of a song."""

    sidPath: str
    song: int
    ratings: dict[Dimension, int]


class TasteMap(TypedDict):
    """Tunes spread over the library, by their start songs.

    Attributes
    ----------
    rows
        Of the first song of each tune.
    e, m
        Where the tune lies: energy and mood, from 1 to 5.
    p
        The predicted preference.
    bySound
        Which of ``e`` and ``m`` stand for the sound, as the model can't tell them yet.
    """

    rows: list[int]
    e: list[float]
    m: list[float]
    p: list[float]
    bySound: str


class Insights(TypedDict):
    """What the model has learned, how, and at what cost.

    Attributes
    ----------
    model
        Version of the model.
    known
        Number of tunes whose sound is known.
    rated
        Newest first.
    judged
        Number of songs that the newest ratings and actions say something of.
    runs
        Oldest first.
    shares
        Epoch milliseconds, and the part of the processor that training used in the minute before, 0 to 1.
    """

    model: str
    map: TasteMap
    known: int
    effects: list[Effect]
    rated: list[RatedSong]
    judged: int
    runs: list[RunRecord]
    shares: list[tuple[float, float]]


class BootProgress(TypedDict):
    """Bytes of the engine that are loaded."""

    fetched: int
    total: int
