"""Events: immutable, the same after store and wire, and strictly read."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidflow_feedback.errors import InvalidRecordError, NewerVersionError
from sidflow_feedback.events import (
    MAX_TEXT,
    Event,
    ImplicitEvent,
    RatingEvent,
    TrackContext,
    event_from_record,
    event_to_record,
)
from sidflow_feedback.vocabulary import ACTIONS, DIMENSIONS, EVENT_VERSION, FEATURE_NAMES
from tests.contracts.samples import FEATURES, implicit, rating, track

TEXT = st.text(max_size=MAX_TEXT)
SECONDS = st.floats(min_value=0, allow_infinity=False)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
TRACKS = st.builds(
    TrackContext,
    item_id=st.text(min_size=1, max_size=MAX_TEXT),
    song=st.integers(min_value=1, max_value=256),
    session_id=st.none() | TEXT,
    pipeline=st.none() | TEXT,
    model_version=st.none() | TEXT,
    features=st.none() | st.fixed_dictionaries(dict.fromkeys(FEATURE_NAMES, FINITE)),
    position=st.none() | SECONDS,
    listened_seconds=st.none() | SECONDS,
    length=st.none() | SECONDS,
    length_source=st.none() | TEXT,
)
COMMON: dict[str, Any] = {
    "uuid": st.uuids().map(str),
    "timestamp": st.integers(min_value=0, max_value=4_000_000_000_000),
    "track": TRACKS,
}
RATINGS = st.dictionaries(st.sampled_from(DIMENSIONS), st.integers(1, 5), min_size=1)
EVENTS = st.builds(RatingEvent, ratings=RATINGS, **COMMON) | st.builds(
    ImplicitEvent, action=st.sampled_from(ACTIONS), **COMMON
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def short(value: object) -> str:
    """Name a parameter."""
    return str(value)[:20]


def record(**changes: Any) -> dict[str, Any]:
    return event_to_record(rating()) | changes


@given(EVENTS)
def test_event_survives_json(event: Event) -> None:
    assert event_from_record(json.loads(json.dumps(event_to_record(event)))) == event


@pytest.mark.parametrize("event", [rating(), implicit()])
def test_event_can_not_change(event: Event) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.timestamp = 1  # type: ignore[misc]


def test_record_of_a_rating() -> None:
    event = rating(uuid="6f3c1c7e-1d1f-4f6e-8a59-0f4f5a1b2c3d", timestamp=1234)
    assert event_to_record(event) == {
        "v": 2,
        "kind": "rating",
        "uuid": "6f3c1c7e-1d1f-4f6e-8a59-0f4f5a1b2c3d",
        "timestamp": 1234,
        "sidPath": "Demo/Amber_Circuit.sid",
        "song": 2,
        "sessionId": "session-1",
        "pipeline": "wasm",
        "modelVersion": "global-1",
        "features": FEATURES,
        "position": 12.25,
        "listenedSeconds": 12.0,
        "length": 93.0,
        "lengthSource": "catalog",
        "ratings": {"e": 4, "m": 2},
    }


def test_record_of_an_action() -> None:
    assert event_to_record(implicit(action="skip"))["action"] == "skip"
    assert "ratings" not in event_to_record(implicit())


def test_least_record_is_enough() -> None:
    least = {"kind": "implicit", "uuid": rating().uuid, "timestamp": 0, "sidPath": "a.sid", "action": "play"}
    assert event_from_record(least).track == TrackContext(item_id="a.sid")


def test_unknown_fields_are_ignored() -> None:
    richer = record(mood="blue", features=FEATURES | {"danceability": 0.5})
    assert event_from_record(richer).track == track()


@pytest.mark.parametrize("version", [{"v": 1}, {"v": 1.0}, {}], ids=str)
@pytest.mark.parametrize(
    ("source", "migrated"), [("catalogue", "catalog"), ("songlengths", "songlengths"), (None, None)]
)
def test_record_of_version_1_is_migrated(
    version: dict[str, Any], source: str | None, migrated: str | None
) -> None:
    old = record(heard=70.25, lengthSource=source)
    del old["v"], old["listenedSeconds"]
    event = event_from_record(old | version)
    assert event.track == track(listened_seconds=70.25, length_source=migrated)
    assert event_to_record(event)["v"] == EVENT_VERSION == 2


def test_new_name_means_nothing_in_version_1() -> None:
    assert event_from_record(record(v=1)).track.listened_seconds is None


@pytest.mark.parametrize("version", [EVENT_VERSION + 1, 99])
def test_record_of_a_newer_version_is_refused_and_both_versions_are_named(version: int) -> None:
    with pytest.raises(NewerVersionError) as caught:
        event_from_record(record(v=version) | {"uuid": "its fields are not even looked at"})
    assert f"schema version {version}" in str(caught.value)
    assert f"versions up to {EVENT_VERSION}" in str(caught.value)
    assert (caught.value.version, caught.value.supported) == (version, EVENT_VERSION)


def test_whole_numbers_of_javascript_are_taken() -> None:
    event = event_from_record(record(song=3.0, timestamp=1e12, ratings={"e": 4.0}))
    assert isinstance(event, RatingEvent)
    assert (event.track.song, event.timestamp, event.ratings) == (3, 10**12, {"e": 4})
    assert isinstance(event.track.song, int)
    assert isinstance(event.ratings["e"], int)


def test_missing_ratings_stay_missing() -> None:
    event = event_from_record(record(ratings={"e": None, "p": 5}))
    assert isinstance(event, RatingEvent)
    assert event.ratings == {"p": 5}


HUGE = 10**400
"""A whole number that no float can hold."""
NO_NUMBERS = ("1", True, float("nan"), float("inf"), HUGE)
WRONG: dict[str, tuple[object, ...]] = {
    "v": (None, 0, -1, 1.5, *NO_NUMBERS),
    "uuid": (None, 7, "", "no uuid", [], True),
    "kind": (None, "", "Rating", 1, []),
    "timestamp": (None, -1, 1.5, *NO_NUMBERS, 253_402_300_800_000),  # the last: the year 10000
    "sidPath": (None, "", 5, "x" * 1025),
    "song": (0, -1, 1.5, "2", False, 257),
    "position": (-0.1, *NO_NUMBERS),
    "length": (-0.1, *NO_NUMBERS),
    "features": ([], "loud", 1, {}, {"energy": 1.0}),
    "ratings": (None, [], {}, {"x": 3}, {"e": None}),
    **dict.fromkeys(("sessionId", "pipeline", "modelVersion", "lengthSource"), (1, ["a"], "x" * 1025)),
}


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field, values in WRONG.items() for value in values],
    ids=short,
)
def test_wrong_field_is_named(field: str, value: object) -> None:
    with pytest.raises(InvalidRecordError) as caught:
        event_from_record(record(**{field: value}))
    assert caught.value.field == field
    assert caught.value.reason in str(caught.value)


@pytest.mark.parametrize("value", [0, 6, -1, 2.5, "3", True, [3], HUGE], ids=short)
def test_rating_is_1_to_5(value: object) -> None:
    with pytest.raises(InvalidRecordError, match="must be 1, 2, 3, 4 or 5") as caught:
        event_from_record(record(ratings={"m": value}))
    assert caught.value.field == "ratings.m"


@pytest.mark.parametrize("value", [None, "12", True, float("nan"), float("inf"), [], HUGE], ids=short)
def test_feature_is_a_finite_number(value: object) -> None:
    with pytest.raises(InvalidRecordError) as caught:
        event_from_record(record(features=FEATURES | {"bpm": value}))
    assert caught.value.field == "features.bpm"


@pytest.mark.parametrize("action", [None, "", "PLAY", "pause", 3, ["play"]])
def test_unknown_action_is_refused(action: object) -> None:
    with pytest.raises(InvalidRecordError) as caught:
        event_from_record(event_to_record(implicit()) | {"action": action})
    assert caught.value.field == "action"


@pytest.mark.parametrize("other", [None, [], "text", 3])
def test_what_is_no_object_is_no_event(other: Any) -> None:
    with pytest.raises(InvalidRecordError):
        event_from_record(other)


@given(st.sampled_from(sorted(record() | {"action": "play"})), JSON)
def test_reading_never_fails_in_another_way(field: str, value: object) -> None:
    for kind in ("rating", "implicit"):
        try:
            event = event_from_record(record(action="play") | {"kind": kind} | {field: value})
        except InvalidRecordError:
            continue
        assert event_from_record(event_to_record(event)) == event
