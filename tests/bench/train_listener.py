"""Runs in the page's MicroPython after `app/page/main.py`: a listener who trains continuously."""

import asyncio
import random

from app.page import main
from sidflow_feedback.vocabulary import Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

page: "Any" = main.page

FEATURES = {"energy": 8.0, "rms": 0.1, "spectralCentroid": 1500.0, "spectralRolloff": 3000.0,
            "zeroCrossingRate": 0.05, "bpm": 120.0, "confidence": 0.5, "duration": 120.0}  # fmt: skip


def rate(number: int) -> None:
    """Rate a unique tune."""
    features = {name: value * random.uniform(0.5, 1.5) for name, value in FEATURES.items()}
    track = {"item_id": f"Bench/{number}.sid", "song": 1, "features": features}
    ratings = {name: random.randint(1, 5) for name in "emcp"}
    page.feedback.recorder.rating(ratings, track)


async def rate_all(ratings: int) -> None:
    """Rate at a pace that keeps the page responsive, and wait until all events are committed."""
    for number in range(ratings):
        rate(number)
        await asyncio.sleep(0.01)
    while page.feedback.outbox.size:  # noqa: ASYNC110  The outbox is JavaScript and can't set an event.
        await asyncio.sleep(0.1)


async def train_on_and_on() -> None:
    """Request the next run as soon as one has ended."""
    while True:
        await page.engine.ask(Request.TRAIN)


async def measure(ratings: int) -> "dict[str, int]":
    """Rate that many tunes; or with none, train until the page is closed."""
    if not ratings:
        await train_on_and_on()
    await rate_all(ratings)
    return {"rated": ratings}
