"""Runs in the page's MicroPython after `app/page/main.py`: keeps the engine busy with all its tasks."""

import asyncio
import json
import random

import js

from app.page import main
from sidflow_feedback.vocabulary import Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

page: "Any" = main.page

RATINGS = 512
EVENTS_PER_SECOND = 4
SYNC_SECONDS = 20
FEATURES = {"energy": 8.0, "rms": 0.1, "spectralCentroid": 1500.0, "spectralRolloff": 3000.0,
            "zeroCrossingRate": 0.05, "bpm": 120.0, "confidence": 0.5, "duration": 120.0}  # fmt: skip

done = {"events": 0, "runs": 0, "syncs": 0}


def track(number: int) -> "dict[str, object]":
    """Return a song of a unique tune."""
    features = {name: value * random.uniform(0.5, 1.5) for name, value in FEATURES.items()}
    return {"item_id": f"Bench/{number}.sid", "song": 1, "features": features, "length": 120.0}


async def rate() -> None:
    """Rate many tunes, then record actions and ratings several times a second."""
    number = 0
    while True:
        if number % 2 or number < RATINGS:
            page.feedback.recorder.rating(
                {name: random.randint(1, 5) for name in "emcp"}, track(number), 60.0, 60.0
            )
        else:
            page.feedback.recorder.action("like", track(number), 60.0, 60.0)
        number += 1
        done["events"] += 1
        await asyncio.sleep(0.01 if number < RATINGS else 1 / EVENTS_PER_SECOND)


async def train() -> None:
    """Request the next training run as soon as one has ended."""
    while True:
        try:
            await page.engine.ask(Request.TRAIN)
            done["runs"] += 1
        except Exception:
            await asyncio.sleep(2)  # No model yet, or too few ratings.


async def sync() -> None:
    """Sync repeatedly."""
    while True:
        await asyncio.sleep(SYNC_SECONDS)
        try:
            await page.engine.ask(Request.SYNC)
            done["syncs"] += 1
        except Exception as exc:
            print("sync", exc)


async def answer() -> None:
    """Post the number of completed tasks on a channel."""
    channel = js.BroadcastChannel.new("bench-done")
    while True:
        channel.postMessage(json.dumps(done))
        await asyncio.sleep(1)


async def measure() -> None:
    await asyncio.gather(rate(), train(), sync(), answer())
