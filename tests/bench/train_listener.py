"""Runs in the page's MicroPython after `app/page/main.py`: a listener who trains continuously."""

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
FEATURES = {"energy": 8.0, "rms": 0.1, "spectralCentroid": 1500.0, "spectralRolloff": 3000.0,
            "zeroCrossingRate": 0.05, "bpm": 120.0, "confidence": 0.5, "duration": 120.0}  # fmt: skip


def rate(number: int) -> None:
    """Rate a unique tune."""
    features = {name: value * random.uniform(0.5, 1.5) for name, value in FEATURES.items()}
    track = {"item_id": f"Bench/{number}.sid", "song": 1, "features": features}
    ratings = {name: random.randint(1, 5) for name in "emcp"}
    page.feedback.recorder.rating(ratings, track)


async def rate_all() -> None:
    """Rate at a pace that keeps the page responsive, then report when all events are committed."""
    for number in range(RATINGS):
        rate(number)
        await asyncio.sleep(0.01)
    while page.feedback.outbox.size:  # noqa: ASYNC110  The outbox is JavaScript and can't set an event.
        await asyncio.sleep(0.1)
    js.BroadcastChannel.new("bench").postMessage(json.dumps({"rated": RATINGS}))


async def train_on_and_on() -> None:
    """Request the next run as soon as one has ended."""
    while True:
        await page.engine.ask(Request.TRAIN)


asyncio.create_task({"rate_all": rate_all, "train_on_and_on": train_on_and_on}[globals()["WORK"]]())
