"""The library's own client against the real server."""

import json

import httpx

from app.server.settings import Settings
from sidflow_feedback.events import RatingEvent, TrackContext
from sidflow_feedback.learning.manifest import model_from_manifest, model_to_manifest
from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.sync.deltas import AnonymizedBatch, AnonymizedDelta
from sidflow_feedback.vocabulary import FEATURE_NAMES

from .conftest import Rows
from .deltas import FEATURES, implicit, rating


def test_anonymized_batch_is_accepted(client: httpx.Client, rows: Rows) -> None:
    own_file = TrackContext(item_id="sha256:" + "0a" * 32, song=2, features=FEATURES, session_id="private")
    event = RatingEvent(uuid=rating()["uuid"], timestamp=1_770_076_800_123, track=own_file, ratings={"p": 5})
    body = AnonymizedBatch(deltas=[AnonymizedDelta.from_event(event)]).to_json()
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/feedback/sync", content=body, headers=headers).json()
    assert answer["results"] == [{"uuid": event.uuid, "status": "accepted", "reason": None}]
    assert [(row["sid_path"], row["p"]) for row in rows()] == [(own_file.item_id, 5)]


def test_delta_has_the_fields_that_the_server_accepts() -> None:
    track = TrackContext(item_id="a.sid", features=FEATURES)
    event = RatingEvent(uuid=rating()["uuid"], timestamp=0, track=track, ratings={"e": 1})
    record = AnonymizedDelta.from_event(event).to_record()
    assert record.keys() == rating().keys()
    assert record.keys() - {"ratings"} == implicit().keys() - {"action"}


def test_served_model_is_read_back(client: httpx.Client, settings: Settings) -> None:
    scaler = FeatureScaler((0.5,) * len(FEATURE_NAMES), (2.0,) * len(FEATURE_NAMES))
    model = Model("global-7", "global-7", scaler, Network.random(7))
    settings.model_path.write_text(json.dumps(model_to_manifest(model, {})))
    found = model_from_manifest(client.get("/api/model/latest").json())
    assert found.version == "global-7"
    assert found.scaler == scaler
    assert (found.network.parameters == model.network.parameters).all()
