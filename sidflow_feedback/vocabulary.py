"""The names, limits, and versions that page, engine, and server share, in one place.

Runs on MicroPython, Pyodide, and CPython, and imports nothing. The types of these values are in `types`.
"""

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Final

    from sidflow_feedback.types import Action, Dimension, SyncStatus

FEATURE_NAMES: "Final" = (
    "energy", "rms", "spectralCentroid", "spectralRolloff", "zeroCrossingRate",
    "bpm", "confidence", "duration",
)  # fmt: skip
"""The audio features of a song, in the order in which models take them."""

DIMENSIONS: "Final[tuple[Dimension, ...]]" = ("e", "m", "c", "p")
"""Energy, mood, complexity, preference: what a listener rates, in the order of the model's outputs."""

ACTIONS: "Final[tuple[Action, ...]]" = (
    "play", "play_complete", "skip_early", "skip", "skip_late", "replay", "like", "dislike",
)  # fmt: skip
"""What a listener can do to an item without rating it."""

SYNC_STATUSES: "Final[tuple[SyncStatus, ...]]" = ("pending", "processing", "synced", "failed")

MIN_RATING: "Final" = 1
NEUTRAL_RATING: "Final" = 3
MAX_RATING: "Final" = 5

EVENT_VERSION: "Final" = 2
"""Schema version of an event record. Increment it when a field changes its name or meaning, and migrate the
version before in `events`."""

ANALYSIS_VERSION: "Final" = 1
"""Version of the feature analysis. It must grow when the same file would get other features or another
length: results of an older version are then computed again."""

MAX_SONGS: "Final" = 256
"""Songs in one SID file: the limit of its format."""

MAX_ITEM_ID: "Final" = 255
"""Length of an item id that can be sent, in characters. The longest path of the High Voltage SID Collection
has about 100."""

MAX_UPLOAD_EVENTS: "Final" = 50
"""Events in one upload."""

MAX_UPLOAD_BYTES: "Final" = 60_000
"""Size of one upload's body."""

MIN_EPSILON: "Final" = 0.1
MAX_EPSILON: "Final" = 10.0
"""Privacy loss of one event: below, its values say nothing; above, they hide nothing."""

MIN_RATED: "Final" = 8
"""Rated items before the first training run: fewer can't be divided into a training and a validation set."""

LISTEN_SHARE: "Final" = 0.5
LISTEN_SECONDS: "Final" = 240
"""An item counts as listened to after this share of it, or this many seconds, whichever comes first."""

CHANNEL: "Final" = "sidflow-feedback"
"""Name of the BroadcastChannel between the pages and the engine."""


class LengthSource:
    """Where the length of a song comes from."""

    CATALOG: "Final" = "catalog"
    SONGLENGTHS: "Final" = "songlengths"
    MEASURED: "Final" = "measured"
    DEFAULT: "Final" = "default"


class Post:
    """Messages that a page sends without waiting for an answer."""

    HELLO: "Final" = "hello"
    EVENTS: "Final" = "events"
    FORGET: "Final" = "forget"
    FLUSH: "Final" = "flush"
    ONLINE: "Final" = "online"
    IDLE_GRANTED: "Final" = "idle-granted"


class Request:
    """Messages that a page sends and the engine answers."""

    CONFIGURE: "Final" = "configure"
    LIBRARY: "Final" = "library"
    SCORES: "Final" = "scores"
    PREDICT: "Final" = "predict"
    QUEUE: "Final" = "queue"
    WHY: "Final" = "why"
    EXTRACT_FEATURES: "Final" = "extract-features"
    ANALYZE: "Final" = "analyze"
    TRAIN: "Final" = "train"
    PAUSE_TRAINING: "Final" = "pause-training"
    SYNC: "Final" = "sync"
    NEXT_UPLOAD: "Final" = "next-upload"
    UNSYNCED: "Final" = "unsynced"
    HISTORY: "Final" = "history"
    FORGET_ITEM: "Final" = "forget-item"
    INSIGHTS: "Final" = "insights"
    EXPORT: "Final" = "export"
    IMPORT: "Final" = "import"
    WIPE: "Final" = "wipe"


class Publication:
    """Messages that the engine sends to all pages."""

    READY: "Final" = "ready"
    STATE: "Final" = "state"
    COMMITTED: "Final" = "committed"
    REFUSED: "Final" = "refused"
    FORGOTTEN: "Final" = "forgotten"
    WIPED: "Final" = "wiped"
    IDLE_WANTED: "Final" = "idle-wanted"
    BOOT_PROGRESS: "Final" = "boot-progress"
    OFF: "Final" = "off"


def is_listen(listened_seconds: float, length: "float | None") -> bool:
    """Return whether this many audible seconds count as a listen to an item of this length (in seconds)."""
    if not length:
        return listened_seconds >= LISTEN_SECONDS
    return listened_seconds >= min(LISTEN_SHARE * length, LISTEN_SECONDS)
