"""Runs in a Pyodide worker like the engine's: the cost of a flush and of a training run."""

import time
import uuid
from statistics import median

import numpy as np
from pyscript.js_modules import feedback_store

from sidflow_feedback.events import Event, event_from_record
from sidflow_feedback.learning.learner import Learner
from sidflow_feedback.learning.model import Network
from sidflow_feedback.store.indexeddb import IndexedDbStore
from sidflow_feedback.vocabulary import FEATURE_NAMES

FLUSHES = 40


def events() -> list[Event]:
    """Return a full batch."""
    return [
        event_from_record(
            {
                "kind": "implicit",
                "uuid": str(uuid.uuid4()),
                "timestamp": 1_700_000_000_000 + number,
                "sidPath": "Bench/Tune.sid",
                "action": "play",
                "features": dict.fromkeys(FEATURE_NAMES, 1.0),
            }
        )
        for number in range(25)
    ]


async def flush_ms() -> float:
    """Return the median milliseconds of a flush of 25 events."""
    store = await IndexedDbStore.open(feedback_store, f"bench-{uuid.uuid4()}")
    costs = []
    for _ in range(FLUSHES):
        batch = events()
        begun = time.perf_counter()
        await store.add(batch)
        costs.append(time.perf_counter() - begun)
    await store.close()
    return 1000 * median(costs)


def train200_ms() -> float:
    """Return the median milliseconds of 200 steps on 512 rows, after a warm-up."""
    random = np.random.default_rng(1)
    inputs = random.normal(size=(512, len(FEATURE_NAMES))).astype(np.float32)
    labels = random.uniform(1, 5, size=(512, 4)).astype(np.float32)
    costs = []
    for _ in range(6):
        learner = Learner(Network.random(1))
        begun = time.perf_counter()
        for _step in learner.learn_many(inputs, labels, np.ones_like(labels), 200):
            pass
        costs.append(time.perf_counter() - begun)
    return 1000 * median(costs[1:])


async def measure() -> dict[str, float]:
    return {"flush25_ms": await flush_ms(), "train200_ms": train200_ms()}
