"""Local-first taste learning for the web: keeps what a listener does, and learns from it, in the browser.

The parts that need a browser are in `sidflow_feedback.engine.start`, which builds an engine from them.
"""

from sidflow_feedback.analysis.features import FeatureStats
from sidflow_feedback.engine.event_writer import EventWriter
from sidflow_feedback.engine.runtime import FeedbackRuntime
from sidflow_feedback.engine.service import FeedbackService
from sidflow_feedback.errors import (
    FeedbackError,
    InvalidRecordError,
    PlayerError,
    PrivacyError,
    StoreClosedError,
    StoreError,
    SyncError,
    TrainingError,
)
from sidflow_feedback.events import (
    Event,
    ImplicitEvent,
    RatingEvent,
    TrackContext,
    event_from_record,
    event_to_record,
)
from sidflow_feedback.idle import IdleClock
from sidflow_feedback.idle.manual import ManualIdleClock
from sidflow_feedback.learning.manifest import model_from_manifest, model_to_manifest
from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.trainer import Trainer
from sidflow_feedback.learning.trainer_types import Run, TrainerState, TrainingSettings
from sidflow_feedback.player import Player
from sidflow_feedback.player.memory import MemoryPlayer
from sidflow_feedback.player.telemetry import Telemetry
from sidflow_feedback.recommending.recommender import Recommender
from sidflow_feedback.store import AddReport, FeedbackStore, Outcome, StoreCounts
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.sync.client import SyncClient, SyncState
from sidflow_feedback.sync.deltas import AnonymizedBatch, AnonymizedDelta
from sidflow_feedback.sync.transport import Response, Transport
from sidflow_feedback.sync.transport.memory import MemoryTransport
from sidflow_feedback.sync.upload_queue import SyncSettings
from sidflow_feedback.vocabulary import FEATURE_NAMES

__all__ = [
    "FEATURE_NAMES",
    "AddReport",
    "AnonymizedBatch",
    "AnonymizedDelta",
    "Event",
    "EventWriter",
    "FeatureStats",
    "FeedbackError",
    "FeedbackRuntime",
    "FeedbackService",
    "FeedbackStore",
    "IdleClock",
    "ImplicitEvent",
    "InvalidRecordError",
    "ManualIdleClock",
    "MemoryPlayer",
    "MemoryStore",
    "MemoryTransport",
    "Model",
    "Network",
    "Outcome",
    "Player",
    "PlayerError",
    "PrivacyError",
    "RatingEvent",
    "Recommender",
    "Response",
    "Run",
    "StoreClosedError",
    "StoreCounts",
    "StoreError",
    "SyncClient",
    "SyncError",
    "SyncSettings",
    "SyncState",
    "Telemetry",
    "TrackContext",
    "Trainer",
    "TrainerState",
    "TrainingError",
    "TrainingSettings",
    "Transport",
    "event_from_record",
    "event_to_record",
    "model_from_manifest",
    "model_to_manifest",
]
