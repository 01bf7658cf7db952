"""Scripts that must give the same results on CPython and MicroPython, using only features of both."""

import json

from sidflow_feedback import vocabulary
from sidflow_feedback.page import wire_format
from sidflow_feedback.page.recorder import Recorder
from sidflow_feedback.player.telemetry import Telemetry
from sidflow_feedback.preferences import PREFERENCES, validated

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

VALUES: "tuple[Any, ...]" = (
    True,
    False,
    None,
    0,
    1,
    5,
    16,
    60,
    100,
    1440,
    5000,
    60.0,
    "60",
    "dark",
    "pink",
    [],
)
TIMES = (0.0, 1.0, 1790000000000.0, 1790000000123.0, 1893456000001.0, 4102444799999.0, 1790012345678.0)
FEATURES = {"rms": 0.1, "energy": 1 / 3, "spectralCentroid": 1830.0123456789, "bpm": 1e-7}


def telemetry() -> "list[Any]":
    """Simulate all listener actions with tunes of several lengths; return the reports."""
    reports = []
    watcher = Telemetry(
        lambda action, track, position, listened: reports.append([action, track["song"], position, listened])
    )
    song, now = 0, 0.0
    for length in (None, 20.0, 30.0, 93.5, 300.0):
        for listened in (0, 2.5, 9.5, 10, 25, 60, 85, 95, 280, 300):
            song += 1
            watcher.started({"item_id": "a.sid", "song": song, "length": length})
            for tick in range(int(listened * 2) + 1):
                watcher.moved(tick / 2 if song % 2 else None, now + tick / 2)
            watcher.paused()
            now += 1000
            for mood in range(song % 3):
                watcher.judge("like" if mood else "dislike")
            if song % 4 == 0:
                watcher.ended()
                watcher.started({"item_id": "a.sid", "song": song, "length": length})
            if song % 5 == 0:
                watcher.left()
    return reports


def preferences() -> "list[Any]":
    """Validate each preference with each value; return the problems."""
    names = sorted(PREFERENCES.rules)
    names.append("unknown")
    problems = [[name, [PREFERENCES.problem(name, value) for value in VALUES]] for name in names]
    valid = [sorted(validated(dict.fromkeys(names, value)).items()) for value in VALUES]
    return [problems, valid, sorted(PREFERENCES.defaults.items())]


class Outbox:
    def __init__(self) -> None:
        self.entries: list[str] = []

    def append(self, uuid: str, json: str) -> str:  # noqa: ARG002
        self.entries.append(json)
        return "saved"


def recorder() -> "list[Any]":
    """Record events of each kind at several times; return the written records and the problems."""
    outbox, times = Outbox(), list(TIMES)
    problems: list[str] = []
    page = Recorder(
        outbox, lambda: "6f3c1c7e-1d1f-4f6e-8a59-0f4f5a1b2c3d", lambda: times[0], "s", problems.append
    )
    page.model_version = "local-1"
    page.pipeline = "wasm"
    track: Any = {"item_id": 'Ü "\\ \n/a.sid', "song": 2, "features": FEATURES, "length": 93.5}
    while times:
        page.action("skip_late", track, 77.25)
        page.rating({"e": 5, "p": 1}, {"item_id": "b.sid", "song": 1})
        times.pop(0)
    page.action("play", None)  # type: ignore[arg-type]
    return [[json.loads(text) for text in outbox.entries], problems]


def crossing() -> "list[Any]":
    """Encode features for the engine and decode scores from it."""
    complete = {name: 1 / (3 + i) for i, name in enumerate(vocabulary.FEATURE_NAMES)}
    packed = wire_format.pack([complete, None, FEATURES, {}])
    scores = wire_format.unpack(
        wire_format.pack([complete, None])
    )  # Two rows of 8 features are four rows of 4 scores.
    return [packed, [wire_format.score(scores, row) for row in (-1, 0, 1, 2, 3, 4, 1000)]]


def run() -> str:
    """Run all scripts; return their results as JSON."""
    results = {"telemetry": telemetry(), "preferences": preferences(), "recorder": recorder()}
    results["crossing"] = crossing()
    return json.dumps(results)
