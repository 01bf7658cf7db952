"""Runs in a Pyodide worker like the engine's: the cost of ranking 60,000 tunes."""

import base64
import json
import time
import tracemalloc
from collections.abc import Callable
from statistics import median

import numpy as np

from sidflow_feedback.clock import SystemClock
from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.recommending.feature_table import FeatureTable
from sidflow_feedback.recommending.recommender import Recommender
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.types import Items
from sidflow_feedback.vocabulary import FEATURE_NAMES

SONGS = 2
"""Songs per tune: the first one ranks the tune, all are scored for the page."""


def models(rounds: int) -> list[Model]:
    """Return one model per round and one before, because the ranking of a model is cached."""
    scaler = FeatureScaler((0.0,) * len(FEATURE_NAMES), (1.0,) * len(FEATURE_NAMES))
    return [Model(f"local-{i}", "global-1", scaler, Network.random(i)) for i in range(rounds + 1)]


class Bench:
    """A recommender with a feature table and its current model."""

    def __init__(self, tunes: int, rounds: int) -> None:
        self.models = models(rounds)
        self.model = self.models[0]
        self.recommender = Recommender(FeatureTable(), MemoryStore(), lambda: self.model, SystemClock())
        features = np.random.default_rng(1).normal(size=(tunes * SONGS, len(FEATURE_NAMES)))
        items: Items = {
            "itemIds": [f"MUSICIANS/B/Bench/Tune_{i}.sid" for i in range(tunes)],
            "songs": [SONGS] * tunes,
            "startSongs": [1] * tunes,
            "features": base64.b64encode(features.astype("<f4").tobytes()).decode(),
        }
        begun = time.perf_counter()
        self.recommender.add(items)
        self.hand_over_ms = 1000 * (time.perf_counter() - begun)

    async def rank(self) -> None:
        """Rank with a new model: predict all tunes, sort them, and mix in surprises."""
        await self.recommender.queue(limit=20, exploration=15, offset=0, recent=[])

    async def figures(self) -> dict[str, float]:
        """Measure all figures in turn, with a new model in each round."""
        costs: dict[str, list[float]] = {"rank60k": [], "queue60k": [], "scores60k": []}
        for model in self.models:
            self.model = model
            for name, work in (("rank60k", self.rank), ("queue60k", self.rank), ("scores60k", self._scores)):
                begun = time.perf_counter()
                await work()
                costs[name].append(1000 * (time.perf_counter() - begun))
        return {f"{name}_ms": median(values[1:]) for name, values in costs.items()}

    async def _scores(self) -> None:
        json.dumps(self.recommender.scores())

    async def peak_mb(self) -> float:
        """Return the temporary memory of ranking; measured separately, because tracing takes time."""
        self.model = self.models[1]
        tracemalloc.start()
        await self.rank()
        retained, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return (peak - retained) / 1e6


def naive_ms(call: Callable[[], object], rounds: int = 5) -> float:
    """Return the median milliseconds of a call."""
    costs = []
    for _ in range(rounds):
        begun = time.perf_counter()
        call()
        costs.append(time.perf_counter() - begun)
    return 1000 * median(costs)


async def measure(tunes: int, rounds: int) -> dict[str, float]:
    bench = Bench(tunes, rounds)
    found = await bench.figures()
    first_songs = bench.recommender.table.features[::SONGS].astype(np.float64)
    found["naive60k_ms"] = naive_ms(lambda: np.argsort(-bench.model.predict_many(first_songs)[:, 3]))
    return found | {"hand_over60k_ms": bench.hand_over_ms, "rank60k_peak_mb": await bench.peak_mb()}
