"""Valid events that tests can vary."""

from __future__ import annotations

import uuid
from typing import Any

from sidflow_feedback.events import ImplicitEvent, RatingEvent, TrackContext

FEATURES = {
    "energy": 12.5,
    "rms": 0.21,
    "spectralCentroid": 1830.5,
    "spectralRolloff": 4100.0,
    "zeroCrossingRate": 0.08,
    "bpm": 125.0,
    "confidence": 0.7,
    "duration": 93.0,
}
NOON = 1_790_000_000_000
"""Epoch milliseconds of a day in September 2026."""


def track(**changes: Any) -> TrackContext:
    values: dict[str, Any] = {
        "item_id": "Demo/Amber_Circuit.sid",
        "song": 2,
        "session_id": "session-1",
        "pipeline": "wasm",
        "model_version": "global-1",
        "features": dict(FEATURES),
        "position": 12.25,
        "listened_seconds": 12.0,
        "length": 93.0,
        "length_source": "catalog",
    }
    return TrackContext(**values | changes)


def rating(**changes: Any) -> RatingEvent:
    values: dict[str, Any] = {"ratings": {"e": 4, "m": 2}}
    return RatingEvent(**_common() | values | changes)


def implicit(**changes: Any) -> ImplicitEvent:
    values: dict[str, Any] = {"action": "like"}
    return ImplicitEvent(**_common() | values | changes)


def _common() -> dict[str, Any]:
    return {"uuid": str(uuid.uuid4()), "timestamp": NOON, "track": track()}
