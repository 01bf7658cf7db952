"""Runs in a Pyodide worker like the engine's: the cost of training, ours and TensorFlow.js's in turn."""

import asyncio
import json
import time
from statistics import median
from typing import Any

import js
import numpy as np
from pyodide.ffi import create_proxy

from sidflow_feedback.learning.learner import Learner
from sidflow_feedback.learning.model import Network
from sidflow_feedback.vocabulary import FEATURE_NAMES

STEPS, ROWS = 200, 512

PAUSE = 0.1
"""Seconds between two runs, so that the after-effects of one don't slow the next."""

RANDOM = np.random.default_rng(1)
INPUTS = RANDOM.normal(size=(ROWS, len(FEATURE_NAMES))).astype(np.float32)
LABELS = RANDOM.uniform(1, 5, size=(ROWS, 4)).astype(np.float32)


def train() -> float:
    """Return the milliseconds of a training run."""
    begun = time.perf_counter()
    learner = Learner(Network.random(1))
    for _ in learner.learn_many(INPUTS, LABELS, np.ones_like(LABELS), STEPS):
        pass
    return 1000 * (time.perf_counter() - begun)


class Peer:
    """TensorFlow.js, in a separate worker."""

    def __init__(self, source: str) -> None:
        self._answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        script = js.Blob.new([source], js.Object.fromEntries([["type", "text/javascript"]]))
        self._worker = js.Worker.new(js.URL.createObjectURL(script))
        self._worker.onmessage = create_proxy(lambda event: self._answer.set_result(event.data))
        self._question = json.dumps({"inputs": INPUTS.tolist(), "labels": LABELS.tolist(), "steps": STEPS})

    async def ready(self) -> None:
        """Wait until it is loaded."""
        await self._answer

    async def train(self) -> float:
        """Return the milliseconds of a training run, taken in the peer."""
        self._answer = asyncio.get_running_loop().create_future()
        self._worker.postMessage(self._question)
        return float(await self._answer)


async def measure(runs: int, peer_source: str) -> dict[str, float]:
    """Return the milliseconds of a first run, and the median of `runs` later ones."""
    peer = Peer(peer_source)
    await peer.ready()
    await asyncio.sleep(1)
    ours, theirs = [], []
    for _ in range(1 + runs):
        ours.append(train())
        await asyncio.sleep(PAUSE)
        theirs.append(await peer.train())
        await asyncio.sleep(PAUSE)
    return {
        "ours_first_ms": ours[0],
        "tfjs_first_ms": theirs[0],
        "ours_ms": median(ours[1:]),
        "tfjs_ms": median(theirs[1:]),
    }
