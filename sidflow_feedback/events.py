"""Events: what a listener did, as immutable values, and their records in the store and the outbox.

Schema versions of a record:

1
    The first one; also records without a ``v``.
2
    ``heard`` became ``listenedSeconds``; the length source ``catalogue`` became ``catalog``.

A record calls the item ``sidPath`` in each version: that is the name on the wire, and of the store's index.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, cast

from sidflow_feedback.errors import InvalidRecordError, NewerVersionError
from sidflow_feedback.types import Action, Dimension, Record
from sidflow_feedback.vocabulary import (
    ACTIONS,
    DIMENSIONS,
    EVENT_VERSION,
    FEATURE_NAMES,
    MAX_SONGS,
    LengthSource,
)

MAX_TEXT: Final = 1024
"""Longest text field, in characters. Paths in the largest collection are shorter."""

LATEST: Final = 253_402_300_799_999
"""End of the year 9999, the last one of `datetime`, in epoch milliseconds."""

_LARGEST_VERSION: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackContext:
    """The item that was playing, and how it was played.

    Attributes
    ----------
    item_id
        The item's id: a path in a collection, ``sha256:<hex>`` for a listener's own file, or any other text
        that an embedder uses. `sync.item_ids` says which ids can be sent.
    song
        Subsong, from 1.
    session_id
        Identifies one page load. Never leaves the machine.
    pipeline
        Player adapter: ``wasm``, ``stream``, ``cli`` or ``u64``.
    model_version
        Version of the model whose prediction was shown; None if there was none.
    features
        The 8 audio features by name; None if unknown.
    position, length
        Seconds; None if the adapter doesn't know.
    listened_seconds
        Audible seconds of this listen; None if unknown.
    length_source
        Where the length comes from, see `vocabulary.LengthSource`.
    """

    item_id: str
    song: int = 1
    session_id: str | None = None
    pipeline: str | None = None
    model_version: str | None = None
    features: Mapping[str, float] | None = None
    position: float | None = None
    listened_seconds: float | None = None
    length: float | None = None
    length_source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingEvent:
    """An explicit rating: 1 to 5 for at least one of the dimensions e, m, c and p."""

    kind: ClassVar[Literal["rating"]] = "rating"
    uuid: str
    timestamp: int
    track: TrackContext
    ratings: Mapping[Dimension, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImplicitEvent:
    """An action of the listener that isn't a rating, such as a skip or a like."""

    kind: ClassVar[Literal["implicit"]] = "implicit"
    uuid: str
    timestamp: int
    track: TrackContext
    action: Action


Event = RatingEvent | ImplicitEvent


def event_to_record(event: Event) -> Record:
    """Return `event` as a JSON object of schema version `EVENT_VERSION`. `event_from_record` reads it."""
    track = event.track
    record: Record = {
        "v": EVENT_VERSION,
        "kind": event.kind,
        "uuid": event.uuid,
        "timestamp": event.timestamp,
        "sidPath": track.item_id,
        "song": track.song,
        "sessionId": track.session_id,
        "pipeline": track.pipeline,
        "modelVersion": track.model_version,
        "features": None if track.features is None else dict(track.features),
        "position": track.position,
        "listenedSeconds": track.listened_seconds,
        "length": track.length,
        "lengthSource": track.length_source,
    }
    if isinstance(event, RatingEvent):
        return record | {"ratings": dict(event.ratings)}
    return record | {"action": event.action}


def event_from_record(record: Mapping[str, Any]) -> Event:
    """Read an event that a page wrote, with this release or an earlier one.

    Unknown fields are ignored.

    Raises
    ------
    NewerVersionError
        A newer release wrote the record. Its fields may mean something else, so nothing is read from it.
    InvalidRecordError
        A field is missing or has an invalid value.
    """
    if not isinstance(record, Mapping):
        raise InvalidRecordError("event", f"must be an object, not {record!r}")
    record = _migrated(record)
    identity = _uuid(record.get("uuid"))
    timestamp = _integer(record, "timestamp", minimum=0, maximum=LATEST)
    track = _track(record)
    match record.get("kind"):
        case "rating":
            return RatingEvent(uuid=identity, timestamp=timestamp, track=track, ratings=_ratings(record))
        case "implicit":
            return ImplicitEvent(uuid=identity, timestamp=timestamp, track=track, action=_action(record))
        case other:
            raise InvalidRecordError("kind", f"must be 'rating' or 'implicit', not {other!r}")


def _migrated(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `record` as the current schema version has it."""
    version = _integer(record, "v", minimum=1, maximum=_LARGEST_VERSION, default=1)
    if version > EVENT_VERSION:
        raise NewerVersionError("event", version, EVENT_VERSION)
    return _from_version_1(record) if version == 1 else record


def _from_version_1(record: Mapping[str, Any]) -> Mapping[str, Any]:
    source = record.get("lengthSource")
    return {
        **record,
        "listenedSeconds": record.get("heard"),
        "lengthSource": LengthSource.CATALOG if source == "catalogue" else source,
    }


def _track(record: Mapping[str, Any]) -> TrackContext:
    return TrackContext(
        item_id=_item_id(record),
        song=_integer(record, "song", minimum=1, maximum=MAX_SONGS, default=1),
        session_id=_text(record, "sessionId"),
        pipeline=_text(record, "pipeline"),
        model_version=_text(record, "modelVersion"),
        features=_features(record.get("features")),
        position=_seconds(record, "position"),
        listened_seconds=_seconds(record, "listenedSeconds"),
        length=_seconds(record, "length"),
        length_source=_text(record, "lengthSource"),
    )


def _item_id(record: Mapping[str, Any]) -> str:
    item_id = _text(record, "sidPath")
    if not item_id:
        raise InvalidRecordError("sidPath", "is missing: an event needs the id of its item")
    return item_id


def _uuid(value: object) -> str:
    try:
        return str(uuid.UUID(cast("str", value)))
    except (TypeError, ValueError, AttributeError) as exc:
        raise InvalidRecordError("uuid", f"must be a UUID, not {value!r}") from exc


def _integer(
    record: Mapping[str, Any], field: str, *, minimum: int, maximum: int, default: int | None = None
) -> int:
    value = record.get(field, default)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
        raise InvalidRecordError(field, f"must be an integer from {minimum} to {maximum}, not {value!r}")
    return value


def _text(record: Mapping[str, Any], field: str) -> str | None:
    value = record.get(field)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise InvalidRecordError(field, f"must be a string of at most {MAX_TEXT} characters")
    return value


def _seconds(record: Mapping[str, Any], field: str) -> float | None:
    value = record.get(field)
    if value is None:
        return None
    number = _finite(field, value)
    if number < 0:
        raise InvalidRecordError(field, f"must be a number of seconds from 0, not {value!r}")
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
