"""The data that leaves the machine: exactly the documented fields, and no local path."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic.alias_generators import to_camel

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.sync.deltas import AnonymizedBatch, AnonymizedDelta
from sidflow_feedback.sync.randomized_response import perturb, response_probabilities
from tests.contracts.samples import FEATURES, implicit, rating, track

PAGE = Path(__file__).parents[3] / "docs" / "privacy.md"
WIRE_NAMES = {"item_id": "sidPath"}


def documented(heading: str) -> list[str]:
    """Return the names in the first column of the table under a heading of the privacy page."""
    section = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def sent() -> AnonymizedBatch:
    """Return a batch with every field that can be sent."""
    deltas = [AnonymizedDelta.from_event(event) for event in (rating(), implicit())]
    noisy = [perturb(delta, 1.0, bytes(32)) for delta in deltas]
    return AnonymizedBatch(deltas=deltas + noisy)


def test_fields_that_are_sent_are_those_of_the_privacy_page() -> None:
    fields = [field.name for field in dataclasses.fields(AnonymizedDelta)]
    assert [WIRE_NAMES.get(name, to_camel(name)) for name in fields] == documented("What is sent")
    records = [delta.to_record() for delta in sent().deltas]
    assert set().union(*records) == set(documented("What is sent"))


def test_fields_of_a_request_are_named_on_the_privacy_page() -> None:
    fields = set(json.loads(sent().to_json()))
    assert fields == {"batchId", "ratings", "implicit"}
    assert "`batchId`" in PAGE.read_text()


def test_chances_are_those_of_the_privacy_page() -> None:
    for epsilon in (4, 2, 1):
        chances = [
            response_probabilities(choices, epsilon / dimensions)[0]
            for choices, dimensions in ((8, 1), (5, 1), (5, 3))
        ]
        action, one, three = (f"{chance:.0%}".replace("%", " %") for chance in chances)
        assert f"| {epsilon} | {action} | {one} | {three} |" in PAGE.read_text()


def test_rating_as_it_is_sent() -> None:
    event = rating()
    assert AnonymizedDelta.from_event(event).to_record() == {
        "uuid": event.uuid,
        "sidPath": "Demo/Amber_Circuit.sid",
        "song": 2,
        "ratings": {"e": 4, "m": 2},
        "features": FEATURES,
    }


def test_action_as_it_is_sent() -> None:
    event = implicit(track=track(features=None))
    assert AnonymizedDelta.from_event(event).to_record() == {
        "uuid": event.uuid,
        "sidPath": "Demo/Amber_Circuit.sid",
        "song": 2,
        "action": "like",
        "features": None,
    }


@pytest.mark.parametrize("make", [rating, implicit])
def test_session_clock_and_player_stay_here(make: Any) -> None:
    event = make(
        timestamp=1_790_012_345_678,
        track=track(
            session_id="SESSION",
            pipeline="PIPELINE",
            position=77.5,
            length_source="SOURCE",
            model_version="local-17",
        ),
    )
    body = AnonymizedBatch(deltas=[AnonymizedDelta.from_event(event)]).to_json()
    for secret in ("SESSION", "PIPELINE", "SOURCE", "77.5", "12345", "1790012", "local", "2026"):
        assert secret not in body


def test_batch_as_it_is_sent() -> None:
    deltas = [AnonymizedDelta.from_event(event) for event in (rating(), implicit(), rating())]
    batch = AnonymizedBatch(deltas=deltas)
    ratings = sorted((deltas[0], deltas[2]), key=lambda delta: delta.uuid)
    assert json.loads(batch.to_json()) == {
        "batchId": batch.batch_id,
        "ratings": [delta.to_record() for delta in ratings],
        "implicit": [deltas[1].to_record()],
    }


def test_order_of_a_batch_does_not_say_what_came_first() -> None:
    deltas = [AnonymizedDelta.from_event(rating()) for _ in range(20)]
    assert (
        AnonymizedBatch(deltas=deltas, batch_id="a").to_json()
        == AnonymizedBatch(deltas=deltas[::-1], batch_id="a").to_json()
    )


def test_each_batch_has_an_id_of_its_own() -> None:
    batches = [AnonymizedBatch(deltas=[]) for _ in range(2)]
    assert batches[0].batch_id != batches[1].batch_id


def test_event_of_a_local_item_stays_here() -> None:
    item_id = "/home/me/tunes/secret.sid"
    with pytest.raises(InvalidRecordError, match="stays on this machine") as caught:
        AnonymizedDelta.from_event(rating(track=track(item_id=item_id)))
    assert caught.value.field == "sidPath"
    assert item_id not in str(caught.value)
