"""The names, limits, versions, and messages that page, engine, and server share.

Runs on MicroPython, Pyodide, and CPython, and imports nothing. The types of these values are in `types`.
"""

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any, Final

    from sidflow_feedback.types import (
        Action,
        BootProgress,
        CollectionPart,
        Dimension,
        EngineState,
        EventRow,
        Explanations,
        Features,
        Feeling,
        ForgottenEvent,
        IdleGrant,
        Insights,
        Items,
        LibraryScores,
        Message,
        Preferences,
        Question,
        QueueEntry,
        QueueQuestion,
        Record,
        Refusal,
        RunRecord,
        Scores,
        SimilaritySpace,
        SongAnalysis,
        Songs,
        SongToAnalyze,
        Sound,
        Standing,
        SyncStatus,
        TextFile,
        TransferProgress,
    )

FEATURE_NAMES: "Final" = (
    "energy", "rms", "spectralCentroid", "spectralRolloff", "zeroCrossingRate",
    "bpm", "confidence", "duration",
)  # fmt: skip
"""The audio features of a song, in the order of the model's inputs."""

DIMENSIONS: "Final[tuple[Dimension, ...]]" = ("e", "m", "c", "p")
"""Energy, mood, complexity, and preference: what listeners rate, in the order of the model's outputs."""

ACTIONS: "Final[tuple[Action, ...]]" = (
    "play", "play_complete", "skip_early", "skip", "skip_late", "replay", "like", "dislike",
)  # fmt: skip
"""What a listener can do with an item other than rating it."""

FEELINGS: "Final[tuple[Feeling, ...]]" = ("calm", "driving", "dark", "bright", "simple", "intricate")
"""The stations by feeling."""

OWN_FILE: "Final" = "sha256:"
"""How the item ids of a listener's own files begin; a hash of the content follows."""

SYNC_STATUSES: "Final[tuple[SyncStatus, ...]]" = ("pending", "processing", "synced", "failed")

STANDINGS: "Final[tuple[Standing, ...]]" = SYNC_STATUSES + ("local",)  # noqa: RUF005  MicroPython.
"""What a stored event counts as: its status, or ``local`` for a play, which waits for no upload."""

MIN_RATING: "Final" = 1
NEUTRAL_RATING: "Final" = 3
MAX_RATING: "Final" = 5

EVENT_VERSION: "Final" = 2
"""Schema version of an event record. Increment it when a field changes its name or meaning, and migrate the
version before in `events`."""

SNAPSHOT_VERSION: "Final" = 3
"""Schema version of a snapshot of the listener's model. Increment it when a field changes its name or
meaning, and migrate the version before in `learning.snapshot`."""

ANALYSIS_VERSION: "Final" = 4
"""Version of the feature analysis. Increment it when the same file would get other features, another length,
or another embedding: results of an older version are then computed again."""

EMBEDDING_VERSION: "Final" = 2
"""Version of the trace embedding. Increment it, and `ANALYSIS_VERSION`, when the same file would get another
one."""

EMBEDDING_WIDTH: "Final" = 64
"""Bytes of a song's embedding."""

MAX_SONGS: "Final" = 256
"""Maximum number of songs in a SID file: the limit of the format."""

MAX_ITEM_ID: "Final" = 255
"""Length of an item id that can be sent, in characters. The longest path of the High Voltage SID Collection
has about 100."""

MAX_UPLOAD_EVENTS: "Final" = 50
"""Maximum number of events in one upload."""

MAX_UPLOAD_BYTES: "Final" = 60_000
"""Maximum size of an upload's body."""

MIN_EPSILON: "Final" = 0.1
MAX_EPSILON: "Final" = 10.0
"""Bounds of the privacy loss of one event: below, its values are useless; above, nothing is protected."""

MIN_RATED: "Final" = 8
"""Minimum number of items with a rating, a like, a dislike, or a skip for a training run."""

LISTEN_SHARE: "Final" = 0.5
LISTEN_SECONDS: "Final" = 240
"""An item counts as listened to after this share of its length or this many seconds, whichever is less."""

NO_MODEL: "Final" = "Learning can't start yet: the model that everyone starts from is missing. "
"""How the engine's problem begins while the server hasn't sent a model; the reason follows."""


class LengthSource:
    """Where the length of a song comes from."""

    CATALOG: "Final" = "catalog"
    SONGLENGTHS: "Final" = "songlengths"
    MEASURED: "Final" = "measured"
    DEFAULT: "Final" = "default"


def _name(text: str) -> "Any":
    """Return `text`, whose type says which values go with the message of this name."""
    return text


class Post:
    """Messages that a page sends to the engine without waiting for an answer."""

    HELLO: "Final[Message[None]]" = _name("hello")
    EVENTS: "Final[Message[list[Record]]]" = _name("events")
    FORGET: "Final[Message[list[str]]]" = _name("forget")
    FLUSH: "Final[Message[None]]" = _name("flush")
    ONLINE: "Final[Message[None]]" = _name("online")
    CANCEL_TRANSFER: "Final[Message[None]]" = _name("cancel-transfer")
    IDLE_GRANTED: "Final[Message[IdleGrant]]" = _name("idle-granted")


class Request:
    """Messages that a page sends and the engine answers: the types of the value and of the answer."""

    CONFIGURE: "Final[Question[Preferences, None]]" = _name("configure")
    LIBRARY: "Final[Question[Items, list[int]]]" = _name("library")
    COLLECTION: "Final[Question[CollectionPart, list[int]]]" = _name("collection")
    SIMILARITY: "Final[Question[SimilaritySpace | None, str]]" = _name("similarity")
    SCORES: "Final[Question[None, LibraryScores]]" = _name("scores")
    PREDICT: "Final[Question[Songs, Scores]]" = _name("predict")
    QUEUE: "Final[Question[QueueQuestion, list[QueueEntry]]]" = _name("queue")
    INTRODUCE: "Final[Question[str | None, list[int]]]" = _name("introduce")
    WHY: "Final[Question[int, Explanations | None]]" = _name("why")
    EXTRACT_FEATURES: "Final[Question[Sound, Features]]" = _name("extract-features")
    ANALYZE: "Final[Question[SongToAnalyze, SongAnalysis | None]]" = _name("analyze")
    TRAIN: "Final[Question[None, str]]" = _name("train")
    PAUSE_TRAINING: "Final[Question[bool, None]]" = _name("pause-training")
    SYNC: "Final[Question[None, str]]" = _name("sync")
    NEXT_UPLOAD: "Final[Question[None, str | None]]" = _name("next-upload")
    UNSYNCED: "Final[Question[int, list[EventRow]]]" = _name("unsynced")
    FAILED: "Final[Question[int, list[EventRow]]]" = _name("failed")
    RESEND: "Final[Question[list[str] | None, str]]" = _name("resend")
    HISTORY: "Final[Question[int, list[EventRow]]]" = _name("history")
    FORGET_ITEM: "Final[Question[str, str]]" = _name("forget-item")
    INSIGHTS: "Final[Question[None, Insights]]" = _name("insights")
    RUNS: "Final[Question[None, list[RunRecord]]]" = _name("runs")
    EXPORT: "Final[Question[None, TextFile]]" = _name("export")
    IMPORT: "Final[Question[None, str]]" = _name("import")
    WIPE: "Final[Question[None, str]]" = _name("wipe")


class Publication:
    """Messages that the engine sends to all pages."""

    READY: "Final[Message[str]]" = _name("ready")
    BEAT: "Final[Message[None]]" = _name("beat")
    STARTING: "Final[Message[None]]" = _name("starting")
    SILENT: "Final[Message[None]]" = _name("silent")
    STATE: "Final[Message[EngineState]]" = _name("state")
    COMMITTED: "Final[Message[list[str]]]" = _name("committed")
    REFUSED: "Final[Message[list[Refusal]]]" = _name("refused")
    FORGOTTEN: "Final[Message[list[ForgottenEvent]]]" = _name("forgotten")
    WIPED: "Final[Message[None]]" = _name("wiped")
    TRANSFER: "Final[Message[TransferProgress | None]]" = _name("transfer")
    IDLE_WANTED: "Final[Message[int]]" = _name("idle-wanted")
    BOOT_PROGRESS: "Final[Message[BootProgress]]" = _name("boot-progress")
    OFF: "Final[Message[str]]" = _name("off")


def name_space(name: str) -> str:
    """Return the name of an application's BroadcastChannel and database."""
    return name + "-feedback"


def is_listen(listened_seconds: float, length: "float | None") -> bool:
    """Return whether so many seconds of an item count as a listen; `length` is None if unknown."""
    if not length:
        return listened_seconds >= LISTEN_SECONDS
    return listened_seconds >= min(LISTEN_SHARE * length, LISTEN_SECONDS)
