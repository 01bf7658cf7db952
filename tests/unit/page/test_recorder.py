"""The recorder: whole events into the outbox, and no error into the player."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from sidflow_feedback import events
from sidflow_feedback.events import event_from_record
from sidflow_feedback.page.recorder import Recorder
from tests.contracts.samples import FEATURES, NOON

TRACK: Any = {
    "item_id": "Demo/Amber_Circuit.sid",
    "song": 2,
    "length": 93.0,
    "length_source": "catalog",
    "features": FEATURES,
    "title": "not part of an event",
}


class Page:
    """What a recorder has around it on a page."""

    def __init__(self, *, full: bool = False) -> None:
        self.full = full
        self.kept: dict[str, str] = {}
        self.problems: list[str] = []
        numbers = itertools.count()
        self.recorder = Recorder(
            self,
            lambda: f"00000000-0000-4000-8000-{next(numbers):012}",
            lambda: float(NOON),
            "session-1",
            self.problems.append,
        )
        self.recorder.pipeline = "wasm"
        self.recorder.model_version = "local-3"

    def append(self, uuid: str, json: str) -> str:
        if self.full:
            return "full"
        self.kept[uuid] = json
        return "saved"


def test_action_is_a_whole_event() -> None:
    page = Page()
    uuid = page.recorder.action("skip_late", TRACK, 77.5, 70.25)
    assert uuid is not None
    assert json.loads(page.kept[uuid]) == {
        "v": 2,
        "kind": "implicit",
        "uuid": uuid,
        "timestamp": NOON,
        "sidPath": "Demo/Amber_Circuit.sid",
        "song": 2,
        "sessionId": "session-1",
        "pipeline": "wasm",
        "modelVersion": "local-3",
        "features": FEATURES,
        "position": 77.5,
        "listenedSeconds": 70.25,
        "length": 93.0,
        "lengthSource": "catalog",
        "action": "skip_late",
    }


@pytest.mark.parametrize("track", [TRACK, {"item_id": "sha256:" + "0" * 64}])
def test_engine_understands_what_the_page_writes(track: Any) -> None:
    page = Page()
    uuids = [
        page.recorder.action("play", track),
        page.recorder.action("like", track, 3),
        page.recorder.rating({"e": 5, "p": 1}, track),
    ]
    read = [event_from_record(json.loads(text)) for text in page.kept.values()]
    assert [event.uuid for event in read] == uuids
    assert isinstance(read[2], events.RatingEvent)
    assert read[2].ratings == {"e": 5, "p": 1}
    assert page.problems == []


def test_event_that_can_not_be_kept_is_told_and_nothing_is_raised() -> None:
    page = Page(full=True)
    assert page.recorder.action("play", TRACK) is None
    assert page.recorder.rating({"e": 5}, TRACK) is None
    assert len(page.problems) == 2
    assert all(problem.startswith("This wasn't recorded: too many events wait") for problem in page.problems)


def test_track_that_makes_no_sense_is_told_and_nothing_is_raised() -> None:
    page = Page()
    assert page.recorder.action("play", TRACK | {"features": {1, 2}}) is None
    assert page.recorder.action("play", None) is None  # type: ignore[arg-type]
    assert page.recorder.action("play", {"song": 1}) is None  # type: ignore[typeddict-item]
    assert len(page.problems) == 3
    assert page.kept == {}


def test_nothing_is_recorded_incognito_and_that_is_no_problem() -> None:
    page = Page()
    page.recorder.incognito = True
    assert page.recorder.action("play", TRACK) is None
    assert page.recorder.rating({"e": 5}, TRACK) is None
    page.recorder.incognito = False
    assert page.recorder.action("skip", TRACK | {"private": True}) is None
    assert (page.kept, page.problems) == ({}, [])
    assert page.recorder.action("play", TRACK | {"private": False}) in page.kept
