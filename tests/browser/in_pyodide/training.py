"""Training as the engine does it: over IndexedDB, in slots."""

from __future__ import annotations

import asyncio
import gc
import uuid
from typing import Any

import feedback_store  # type: ignore[import-not-found]  # sidflow_feedback/store/indexeddb.js
import numpy as np
import pyodide_js

from sidflow_feedback.clock import SystemClock
from sidflow_feedback.engine.start import load_scikit
from sidflow_feedback.idle import Slot
from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.learning.trainer import Trainer
from sidflow_feedback.learning.trainer_types import TrainingSettings
from sidflow_feedback.store.indexeddb import IndexedDbStore
from sidflow_feedback.vocabulary import FEATURE_NAMES
from tests.contracts.samples import NOON, rating, track


class Clock(SystemClock):
    """Grants a slot as soon as one is requested."""

    withheld: str | None = None

    async def slot(self) -> Slot:
        await asyncio.sleep(0)
        return Slot(50.0)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 1000)


async def trainer(**settings: Any) -> Trainer:
    store = await IndexedDbStore.open(feedback_store, f"training-{uuid.uuid4()}")
    values = np.random.default_rng(1).standard_normal((40, 8)).tolist()
    await store.add([_rating(number, row) for number, row in enumerate(values)])
    base = Model("global-1", "global-1", FeatureScaler((0.0,) * 8, (1.0,) * 8), Network.random(1))
    chosen = TrainingSettings(enabled=True, **settings)
    return Trainer(store, Clock(), base, chosen, load_scikit=load_scikit)


trainers: list[Trainer] = []


async def begin() -> None:
    """Create the trainer that `train` uses until `end`."""
    trainers.append(await (await trainer(iterations=10)).__aenter__())


async def train(runs: int) -> None:
    for _ in range(runs):
        await trainers[-1].train_now()


def used() -> dict[str, int]:
    """Return the JavaScript references, bytes of memory, and Python objects in use."""
    gc.collect()
    return {
        "references": _references(),
        "heap": pyodide_js._module.HEAP8.length,
        "objects": len(gc.get_objects()),
    }


async def end() -> None:
    await trainers.pop().__aexit__(None, None, None)


async def run_with_learner(learner: str) -> dict[str, Any]:
    """Make a run with a fitter; return its result and the status messages."""
    messages: list[str] = []
    training = await trainer(learner=learner)
    training._on_change = lambda state: messages.append(state.message or "")
    async with training:
        run = await training.train_now()
    return {
        "learner": run.learner,
        "error": run.error,
        "mean_error": run.mean_error,
        "messages": [text for text in dict.fromkeys(messages) if text],
    }


def _rating(number: int, values: list[float]) -> Any:
    features = dict(zip(FEATURE_NAMES, values, strict=True))
    given = {name: min(5, max(1, round(3 + value))) for name, value in zip("emc", values, strict=False)}
    tune = track(item_id=f"Demo/{number}.sid", features=features)
    return rating(timestamp=NOON + number, track=tune, ratings=given)


def _references() -> int:
    """Return how many JavaScript objects Python holds on to."""
    return int(pyodide_js._module._hiwire_num_refs())
