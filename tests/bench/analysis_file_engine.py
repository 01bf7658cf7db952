"""Runs in a Pyodide worker like the engine's: the cost of finding neighbors among 60,000 tunes."""

import time
from statistics import median

import numpy as np

from sidflow_feedback.recommending.feature_table import Codes, FeatureTable
from sidflow_feedback.recommending.similarity import Similarity
from sidflow_feedback.recommending.stations import by_likeness
from sidflow_feedback.vocabulary import EMBEDDING_WIDTH, FEATURE_NAMES


async def measure(tunes: int, rounds: int) -> dict[str, float]:
    chance = np.random.default_rng(2)
    table = FeatureTable()
    similarity = Similarity(table)
    similarity.use_embeddings()
    ids = [f"sha256:{number:064x}" for number in range(tunes)]
    features = chance.random((tunes, len(FEATURE_NAMES)), np.float32)
    table.add(ids, [1] * tunes, [1] * tunes, features)
    codes = chance.integers(0, 256, (tunes, EMBEDDING_WIDTH), np.uint8)
    known = np.ones(tunes, np.bool_)
    table.describe(ids, np.ones(tunes, np.uint32), Codes(table.space, codes, known))
    begun = time.perf_counter()
    for _ in similarity.prepare():
        pass
    prepared = time.perf_counter() - begun
    begun = time.perf_counter()
    by_likeness(similarity.to([0]))
    first = time.perf_counter() - begun
    one: list[float] = []
    many: list[float] = []
    for number in range(rounds):
        for costs, rows in ((one, [number]), (many, list(range(number, number + 50)))):
            begun = time.perf_counter()
            by_likeness(similarity.to(rows))
            costs.append(time.perf_counter() - begun)
    return {
        "neighbors_60k_ms": 1000 * median(one),
        "neighbors_of_50_60k_ms": 1000 * median(many),
        "first_neighbors_60k_ms": 1000 * first,
        "prepare_60k_ms": 1000 * prepared,
    }
