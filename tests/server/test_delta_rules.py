"""Client and server agree on what a delta is: whatever the client can make, the server accepts."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.server.application import create_app
from app.server.schema import ImplicitDelta, RatingDelta
from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.events import ImplicitEvent, RatingEvent, TrackContext, event_from_record
from sidflow_feedback.sync.delta_rules import delta_problem
from sidflow_feedback.sync.deltas import AnonymizedBatch, AnonymizedDelta
from sidflow_feedback.vocabulary import ACTIONS, DIMENSIONS, FEATURE_NAMES

from .answers import JSON, SYNC, statuses
from .conftest import Rows, module_settings, running
from .deltas import FEATURES, batch, implicit, rating
from .test_fuzz import IMPLICIT_FIELDS, RATING_FIELDS, changed, values

any_text = st.text(st.characters(codec=None)) | st.sampled_from(
    ["\ud800", "a\udfff.sid", "\udc80", "a/../b", ""]
)
uuids = st.uuids().map(str) | st.uuids().map(lambda found: str(found).upper()) | any_text
any_value = values | any_text | uuids


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with running(create_app(module_settings(tmp_path_factory.mktemp("rules")))) as client:
        yield client


def server_accepts(kind: type[RatingDelta | ImplicitDelta], record: object) -> bool:
    try:
        kind.model_validate(record)
    except ValidationError:
        return False
    return True


@given(field=st.sampled_from(RATING_FIELDS), value=any_value)
def test_rules_and_schema_agree_on_ratings(field: str, value: object) -> None:
    record = changed(rating(), field, value)
    assert (delta_problem(record) is None) == server_accepts(RatingDelta, record)


@given(field=st.sampled_from(IMPLICIT_FIELDS), value=any_value)
def test_rules_and_schema_agree_on_actions(field: str, value: object) -> None:
    record = changed(implicit(), field, value)
    if "ratings" not in record:
        assert (delta_problem(record) is None) == server_accepts(ImplicitDelta, record)


@pytest.mark.parametrize("field", ["uuid", "sidPath", "song", "features", "ratings", "epsilon"])
def test_rules_and_schema_agree_on_missing_fields(field: str) -> None:
    record = rating(epsilon=1.0)
    del record[field]
    expected = field in ("features", "epsilon")
    assert (delta_problem(record) is None) == expected
    assert server_accepts(RatingDelta if "ratings" in record else ImplicitDelta, record) == expected


tracks = st.builds(
    TrackContext,
    item_id=any_text | st.just("DEMOS/A.sid"),
    song=st.integers(-1, 300),
    features=st.none()
    | st.fixed_dictionaries({name: st.floats() | st.integers() for name in FEATURE_NAMES})
    | st.dictionaries(st.sampled_from(FEATURE_NAMES), st.floats()),
)
events = st.builds(
    RatingEvent,
    uuid=uuids,
    timestamp=st.integers(0),
    track=tracks,
    ratings=st.dictionaries(st.sampled_from(DIMENSIONS), st.integers(0, 6)),
) | st.builds(
    ImplicitEvent, uuid=uuids, timestamp=st.integers(0), track=tracks, action=st.sampled_from(ACTIONS)
)


@given(events=st.lists(events, min_size=1, max_size=20, unique_by=lambda event: event.uuid.lower()))
def test_server_accepts_whatever_a_client_makes(
    server: httpx.Client, events: list[RatingEvent | ImplicitEvent]
) -> None:
    deltas = []
    for event in events:
        with suppress(InvalidRecordError):
            deltas.append(AnonymizedDelta.from_event(event))
    if deltas:
        body = AnonymizedBatch(deltas=deltas).to_json()
        answer = server.post(SYNC, content=body, headers=JSON)
        assert {*statuses(answer)} <= {"accepted", "duplicate"}
        found = {result["uuid"] for result in answer.json()["results"]}
        assert found == {delta.uuid for delta in deltas}, "the client recognizes its events"


@given(item_id=any_text, uuid=uuids, features=st.dictionaries(any_text, any_value))
def test_what_a_client_stores_can_be_sent_or_stays(item_id: str, uuid: str, features: dict[str, Any]) -> None:
    record = {"uuid": uuid, "timestamp": 1, "sidPath": item_id, "kind": "implicit", "action": "like"}
    with suppress(InvalidRecordError):
        event = event_from_record(record | {"features": FEATURES | features})
        assert server_accepts(ImplicitDelta, AnonymizedDelta.from_event(event).to_record())


@pytest.mark.parametrize(
    "bad",
    [
        rating(sidPath="a\ud800.sid"),
        rating(uuid="\udfff"),
        rating(**{"\ud800": 1}),
        rating(features={**FEATURES, "\udc80": 1}),
        rating(ratings={"\ud800": 1}),
        "\ud800",
    ],
)
def test_lone_surrogate_rejects_its_event_only(server: httpx.Client, bad: Any) -> None:
    huge = rating(song=10**399)
    body = json.dumps(batch(rating(), bad, huge, rating()))
    answer = server.post(SYNC, content=body, headers=JSON)
    assert statuses(answer) == ["accepted", "rejected", "rejected", "accepted"]


def test_lone_surrogate_outside_the_events(server: httpx.Client) -> None:
    for changes in ({"\ud800": 1}, {"batchId": "\ud800"}, {"ratings": "\ud800"}):
        body = json.dumps(batch(rating()) | changes)
        answer = server.post(SYNC, content=body, headers=JSON)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    deep = b'{"ratings": "\\ud800", "implicit": ' + b"[" * 20_000
    assert server.post(SYNC, content=deep, headers=JSON).status_code == 400
    long = json.dumps(batch(rating(), rating(sidPath="\ud800"))).replace(
        '"song": 1', '"song": ' + "9" * 5000, 1
    )
    assert statuses(server.post(SYNC, content=long, headers=JSON)) == ["rejected", "rejected"]


def test_uuid_in_capitals_is_the_same_event(server: httpx.Client) -> None:
    name = str(uuid4())
    sent = batch(rating(uuid=name.upper()), rating(uuid=name), batchId=str(uuid4()).upper())
    answer = server.post(SYNC, json=sent)
    assert statuses(answer) == ["accepted", "duplicate"]
    assert [result["uuid"] for result in answer.json()["results"]] == [name.upper(), name]
    assert answer.json()["batchId"] == sent["batchId"]
    assert statuses(server.post(SYNC, json=sent)) == ["duplicate", "duplicate"]


def test_uuid_is_stored_in_lower_case(client: httpx.Client, rows: Rows) -> None:
    sent = batch(rating(uuid=str(uuid4()).upper()))
    assert statuses(client.post(SYNC, json=sent)) == ["accepted"]
    assert [row["uuid"] for row in rows()] == [sent["ratings"][0]["uuid"].lower()]
