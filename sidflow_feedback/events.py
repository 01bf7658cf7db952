"""What a listener did, as immutable values, and their form in store and on the wire."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.types import Action, Dimension, Record
from sidflow_feedback.vocabulary import ACTIONS, DIMENSIONS, EVENT_VERSION, FEATURE_NAMES, MAX_SONGS

MAX_TEXT: Final = 1024
"""Longest text field, in characters: longer than any path of the largest collection."""

LATEST: Final = 253_402_300_799_999
"""End of the year 9999 in epoch milliseconds: the calendar ends there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackContext:
    """What was playing, and how.

    Attributes
    ----------
    sid_path
        Collection-relative path, or ``sha256:<hex>`` for a listener's own file.
    song
        Subsong, from 1.
    session_id
        Identifies one page load. Never leaves the machine.
    pipeline
        Player adapter: ``wasm``, ``stream``, ``cli`` or ``u64``.
    model_version
        Version of the model whose prediction was shown, None when there was none.
    features
        The 8 audio features by name, None when they are not known.
    position, length
        Seconds, None when the adapter can't know.
    heard
        Audible seconds of this listen, None when not known.
    length_source
        Where the length comes from: ``catalog``, ``songlengths``, ``silence`` or ``default``.
    """

    sid_path: str
    song: int = 1
    session_id: str | None = None
    pipeline: str | None = None
    model_version: str | None = None
    features: Mapping[str, float] | None = None
    position: float | None = None
    heard: float | None = None
    length: float | None = None
    length_source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingEvent:
    """An explicit rating: 1 to 5 for any of the dimensions e, m, c and p."""

    kind: ClassVar[str] = "rating"
    uuid: str
    timestamp: int
    track: TrackContext
    ratings: Mapping[Dimension, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImplicitEvent:
    """Something the listener did to a tune without rating it."""

    kind: ClassVar[str] = "implicit"
    uuid: str
    timestamp: int
    track: TrackContext
    action: Action


Event = RatingEvent | ImplicitEvent


def event_to_record(event: Event) -> Record:
    """Return `event` as a JSON object (see `event_from_record` for the way back)."""
    track = event.track
    record: Record = {
        "v": EVENT_VERSION,
        "kind": event.kind,
        "uuid": event.uuid,
        "timestamp": event.timestamp,
        "sidPath": track.sid_path,
        "song": track.song,
        "sessionId": track.session_id,
        "pipeline": track.pipeline,
        "modelVersion": track.model_version,
        "features": None if track.features is None else dict(track.features),
        "position": track.position,
        "heard": track.heard,
        "length": track.length,
        "lengthSource": track.length_source,
    }
    if isinstance(event, RatingEvent):
        return record | {"ratings": dict(event.ratings)}
    return record | {"action": event.action}


def event_from_record(record: Mapping[str, Any]) -> Event:
    """Read an event that a page, another tab or an older version of this library wrote.

    Unknown fields are ignored, so that a newer version's rows can still be read.

    Raises
    ------
    InvalidRecordError
        A field is missing or has a value that it can't have.
    """
    if not isinstance(record, Mapping):
        raise InvalidRecordError("event", f"must be an object, not {record!r}")
    identity = _uuid(record.get("uuid"))
    timestamp = _whole(record, "timestamp", least=0, most=LATEST)
    track = _track(record)
    match record.get("kind"):
        case "rating":
            return RatingEvent(uuid=identity, timestamp=timestamp, track=track, ratings=_ratings(record))
        case "implicit":
            return ImplicitEvent(uuid=identity, timestamp=timestamp, track=track, action=_action(record))
        case other:
            raise InvalidRecordError("kind", f"must be 'rating' or 'implicit', not {other!r}")


def _track(record: Mapping[str, Any]) -> TrackContext:
    path = _text(record, "sidPath")
    if not path:
        raise InvalidRecordError("sidPath", "is missing: an event belongs to a tune")
    return TrackContext(
        sid_path=path,
        song=_whole(record, "song", least=1, most=MAX_SONGS, default=1),
        session_id=_text(record, "sessionId"),
        pipeline=_text(record, "pipeline"),
        model_version=_text(record, "modelVersion"),
        features=_features(record.get("features")),
        position=_seconds(record, "position"),
        heard=_seconds(record, "heard"),
        length=_seconds(record, "length"),
        length_source=_text(record, "lengthSource"),
    )


def _uuid(value: object) -> str:
    try:
        return str(uuid.UUID(cast("str", value)))
    except (TypeError, ValueError, AttributeError) as exc:
        raise InvalidRecordError("uuid", f"{value!r} is no UUID") from exc


def _whole(
    record: Mapping[str, Any], field: str, *, least: int, most: int, default: int | None = None
) -> int:
    value = record.get(field, default)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidRecordError(field, f"must be a whole number from {least} to {most}, not {value!r}")
    return value


def _text(record: Mapping[str, Any], field: str) -> str | None:
    value = record.get(field)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise InvalidRecordError(field, f"must be a text of at most {MAX_TEXT} characters")
    return value


def _seconds(record: Mapping[str, Any], field: str) -> float | None:
    value = record.get(field)
    if value is None:
        return None
    number = _finite(field, value)
    if number < 0:
        raise InvalidRecordError(field, f"must be seconds from 0, not {value!r}")
    return number


def _finite(field: str, value: object) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not abs(cast("float", value)) <= sys.float_info.max:
        raise InvalidRecordError(field, f"must be a finite number, not {value!r}")
    return float(cast("float", value))


def _features(value: object) -> Mapping[str, float] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidRecordError("features", "must be an object or null")
    missing = [name for name in FEATURE_NAMES if name not in value]
    if missing:
        raise InvalidRecordError("features", f"lacks {', '.join(missing)}")
    return {name: _finite(f"features.{name}", value[name]) for name in FEATURE_NAMES}


def _ratings(record: Mapping[str, Any]) -> dict[Dimension, int]:
    value = record.get("ratings")
    if not isinstance(value, Mapping):
        raise InvalidRecordError("ratings", "must be an object")
    given = {name: value[name] for name in DIMENSIONS if value.get(name) is not None}
    if not given:
        raise InvalidRecordError("ratings", f"must have at least one of {', '.join(DIMENSIONS)}")
    for name, number in given.items():
        if number not in (1, 2, 3, 4, 5) or isinstance(number, bool):
            raise InvalidRecordError(f"ratings.{name}", f"must be 1, 2, 3, 4 or 5, not {number!r}")
    return {name: int(number) for name, number in given.items()}


def _action(record: Mapping[str, Any]) -> Action:
    value = record.get("action")
    if value not in ACTIONS:
        raise InvalidRecordError("action", f"must be one of {', '.join(ACTIONS)}, not {value!r}")
    return cast("Action", value)
