"""Runs in the page's MicroPython after `app/page/main.py`: the cost of recording."""

import js

from app.page import main

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

page: "Any" = main.page

EVENTS = 1000
TRACK = {
    "item_id": "Bench/Tune.sid",
    "song": 1,
    "length": 120.0,
    "length_source": "catalog",
    "features": {"energy": 8.0, "rms": 0.1, "spectralCentroid": 1500.0, "spectralRolloff": 3000.0,
                 "zeroCrossingRate": 0.05, "bpm": 120.0, "confidence": 0.5, "duration": 120.0},
}  # fmt: skip


def record() -> float:
    """Record one event; return the milliseconds that it takes."""
    begun = js.performance.now()
    page.feedback.recorder.action("play", TRACK, 0.0)
    return float(js.performance.now() - begun)


async def measure() -> "dict[str, float]":
    costs = sorted(record() for _ in range(EVENTS))
    return {"record_p99_ms": costs[EVENTS * 99 // 100]}
