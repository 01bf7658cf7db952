"""Uploads of a listener have nothing in common but what they thought of tunes."""

from __future__ import annotations

import json
import random
from typing import Any
from uuid import UUID

from sidflow_feedback.clock import ManualClock
from sidflow_feedback.events import Event
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.sync.upload_queue import SyncSettings, UploadQueue
from sidflow_feedback.vocabulary import FEATURE_NAMES
from tests.contracts.samples import NOON, implicit, rating, track
from tests.unit.sync.linkage import found_predecessors

LISTENERS, EVENTS, TUNES = 100, 10, 3000
BY_CHANCE = 1 / LISTENERS
HOUR = 3_600_000


def events_of(listener: int, upload: int, rng: random.Random) -> list[Event]:
    """Return what a listener does in an hour; of what tells them apart, nothing may be sent."""
    found: list[Event] = []
    for number in range(EVENTS):
        tune = rng.randrange(TUNES)
        known = track(
            item_id=f"Demo/{tune}.sid",
            song=1 + tune % 3,
            session_id=f"session-{listener}-{upload}",
            model_version=f"local-{3 * listener + upload}",
            features={name: float(tune % (7 + i)) for i, name in enumerate(FEATURE_NAMES)},
            position=listener / 10,
        )
        common = {"timestamp": NOON + upload * HOUR + 1000 * listener + number, "track": known}
        found.append(implicit(action="play", **common))
        common["uuid"] = str(UUID(int=rng.getrandbits(128), version=4))
        ratings = {"e": rng.randint(1, 5), "m": rng.randint(1, 5)}
        found.append(rating(ratings=ratings, **common) if rng.random() < 0.6 else implicit(**common))
    return found


async def uploads(rng: random.Random) -> list[list[str]]:
    """Return the bodies of each listener's first upload, and of each one's second."""
    bodies: list[list[str]] = [[], []]
    for listener in range(LISTENERS):
        store, settings = MemoryStore(), SyncSettings(enabled=True)
        queue = UploadQueue(store, ManualClock())
        for upload in range(2):
            await store.add(events_of(listener, upload, rng))
            batch = await queue.next_batch(settings)
            assert batch is not None
            bodies[upload].append(batch.to_json())
            accepted = {"status": "accepted", "reason": None}
            await queue.resolve(batch, {delta.uuid: accepted for delta in batch.deltas})
    return bodies


async def test_predecessor_of_an_upload_is_found_by_chance_only() -> None:
    shares = []
    for seed in range(5):
        first, second = await uploads(random.Random(seed))
        shares.append(found_predecessors(first, second))
    assert sum(shares) / len(shares) < 1.5 * BY_CHANCE


async def test_version_of_the_model_would_link_uploads() -> None:
    """What the test above looks for is found if it is there."""
    first, second = await uploads(random.Random(0))
    versioned = [
        [with_version(body, f"local-{3 * listener + upload}") for listener, body in enumerate(bodies)]
        for upload, bodies in enumerate((first, second))
    ]
    assert found_predecessors(*versioned) > 50 * BY_CHANCE


def with_version(body: str, version: str) -> str:
    batch: dict[str, Any] = json.loads(body)
    for record in (*batch["ratings"], *batch["implicit"]):
        record["modelVersion"] = version
    return json.dumps(batch)
