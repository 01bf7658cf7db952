"""Runs in the page's MicroPython after `app/page/main.py`: the cost of recording in bursts."""

import asyncio
import json

import js

from app.page import main

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

page: "Any" = main.page

BURST = 10
PAUSE = 0.1
"""Seconds between bursts: about 50 events a second, more than any listener makes."""

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


async def measure(bursts: int) -> "dict[str, list[float]]":
    """Return the milliseconds of each call and of the peer's calls, in alternating bursts."""
    ours, peers = [], []
    for _ in range(bursts):
        ours += [record() for _ in range(BURST)]
        await asyncio.sleep(PAUSE)  # Each burst starts on a cold processor, so its first call is the slowest.
        peers += json.loads(js.recordAsPeer(BURST))
        await asyncio.sleep(PAUSE)
    return {"ours": ours, "peer": peers}
