"""Valid events and batches as a client sends them, which tests can vary."""

from typing import Any
from uuid import uuid4

FEATURES = {
    "energy": 0.31,
    "rms": 0.12,
    "spectralCentroid": 1830.5,
    "spectralRolloff": 4100.0,
    "zeroCrossingRate": 0.08,
    "bpm": 125.0,
    "confidence": 0.7,
    "duration": 93,
}


def event(**changes: Any) -> dict[str, Any]:
    """The fields that a rating and an implicit event share."""
    return {
        "uuid": str(uuid4()),
        "sidPath": "MUSICIANS/H/Hubbard_Rob/Commando.sid",
        "song": 1,
        "features": dict(FEATURES),
        **changes,
    }


def rating(**changes: Any) -> dict[str, Any]:
    return event(ratings={"e": 4, "m": 3, "c": None}) | changes


def implicit(**changes: Any) -> dict[str, Any]:
    return event(action="like") | changes


def batch(*ratings: Any, implicit: tuple[Any, ...] = (), **changes: Any) -> dict[str, Any]:
    return {
        "batchId": str(uuid4()),
        "ratings": list(ratings),
        "implicit": list(implicit),
        **changes,
    }
