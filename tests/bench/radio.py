"""`make bench-radio`: the share of 200 plays that a listener likes. The last line is JSON.

A radio plays one song after another, none twice; the listener likes or dislikes each. Ours is the trainer,
which runs after 8 plays and then after every fifth, and the queue with its default surprises. The
others learn from every play. All begin with the same eight songs in the order of the list.

Arguments: the folder of the real sets (or `SIDFLOW_LISTENERS`), and the number of orders of the list.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from sidflow_feedback.idle.manual import ManualIdleClock
from sidflow_feedback.learning.trainer import Trainer
from sidflow_feedback.learning.trainer_types import TrainingSettings
from sidflow_feedback.recommending.ranking import Ranking, queue
from sidflow_feedback.store.memory import MemoryStore
from tests.bench.listeners_ours import event, neutral_model, run_now
from tests.bench.listeners_sets import ListenerSet, Split, real_listeners, simulated_listeners

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sidflow_feedback.types import FloatArray

PLAYS: Final = 200
FIRST: Final = 8
EVERY: Final = 5
"""Plays between two runs: the trainer could run after each, as plays take minutes."""

ORDERS: Final = 5
SURPRISES: Final = 3
"""Percent: the page's default."""

PREFERENCE: Final = 3
NOISE: Final = 1.0
LENGTH: Final = 2.5

Bandit: TypeAlias = "Callable[[FloatArray, FloatArray, FloatArray, np.random.Generator], FloatArray]"
"""Scores of songs from the features and rewards of those that were played."""


def main() -> None:
    """Measure, and print one line for each listener and one JSON object."""
    orders = int(sys.argv[2]) if len(sys.argv) > 2 else ORDERS
    real = real_listeners()
    six = [*real[:2], *[one for one in simulated_listeners(real[-1], 1) if len(np.unique(one.ratings)) == 2]]
    shares: dict[str, list[float]] = {}
    for listener in six:
        for seed in range(orders):
            rng = np.random.default_rng(seed)
            order = rng.permutation(len(listener.ratings))
            plays = {"ours": asyncio.run(_ours(listener, order)), "list_order": order[: _count(order)]}
            plays |= {name: _bandit(listener, order, score, rng) for name, score in BANDITS.items()}
            for name, played in plays.items():
                shares.setdefault(name, []).append(float(listener.liked[played].mean()))
        means = {name: round(float(np.mean(values[-orders:])), 3) for name, values in shares.items()}
        print(listener.name, means, flush=True)
    print(json.dumps({name: round(float(np.mean(values)), 4) for name, values in shares.items()}))


def _count(order: NDArray[np.intp]) -> int:
    """Return the number of plays: 200, or half of a smaller list."""
    return min(PLAYS, len(order) // 2)


async def _ours(listener: ListenerSet, order: NDArray[np.intp]) -> NDArray[np.intp]:
    split = Split(listener, order, order)
    store, clock = MemoryStore(), ManualIdleClock(grant=50, every=0.001)
    songs = listener.features[order[:512]]
    identities = np.arange(len(order), dtype=np.uint32)
    played = [int(row) for row in order[:FIRST]]
    settings = TrainingSettings(enabled=True)
    async with Trainer(store, clock, neutral_model(), settings, songs=lambda: songs) as trainer:
        stored, due = 0, FIRST
        while len(played) < _count(order):
            if len(played) >= due:
                await store.add(
                    [event(split, row, stored + i, True) for i, row in enumerate(played[stored:])]
                )
                stored, due = len(played), len(played) + EVERY
                await run_now(trainer, clock)
                ranking = _ranking(trainer, listener, order)
            found = queue(
                ranking,
                identities,
                recent=[int(np.flatnonzero(order == row)[0]) for row in played[::-1]],
                exploration=SURPRISES,
                offset=len(played),
            )
            played.append(int(order[found.order[0]]))
    return np.array(played)


def _ranking(trainer: Trainer, listener: ListenerSet, order: NDArray[np.intp]) -> Ranking:
    features = listener.features[order]
    outputs, deviations = trainer.model.judge(features, [PREFERENCE])
    assert deviations is not None, "a local model knows how sure it is"
    return Ranking.of(outputs[:, PREFERENCE], deviations[:, 0])


def _bandit(
    listener: ListenerSet, order: NDArray[np.intp], score: Bandit, rng: np.random.Generator
) -> NDArray[np.intp]:
    played, left = list(order[:FIRST]), list(order[FIRST:])
    while len(played) < _count(order):
        rewards = np.where(listener.liked[played], 1.0, -1.0)
        scores = score(listener.features[played], rewards, listener.features[left], rng)
        played.append(left.pop(int(np.argmax(scores))))
    return np.array(played)


def _linear(
    inputs: FloatArray, rewards: FloatArray, unseen: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return mean and covariance of a Bayesian linear regression, and the unseen rows with a one."""
    rows, others = (np.column_stack([part, np.ones(len(part))]) for part in (inputs, unseen))
    covariance = np.linalg.inv(np.eye(rows.shape[1]) + rows.T @ rows / NOISE).astype(np.float64)
    return covariance @ rows.T @ rewards / NOISE, covariance, others


def lin_ucb(inputs: FloatArray, rewards: FloatArray, unseen: FloatArray, _rng: object) -> FloatArray:
    """LinUCB (Li et al. 2010)."""
    mean, covariance, rows = _linear(inputs, rewards, unseen)
    scores: FloatArray = rows @ mean + np.sqrt(((rows @ covariance) * rows).sum(axis=1))
    return scores


def thompson(
    inputs: FloatArray, rewards: FloatArray, unseen: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Linear Thompson sampling (Agrawal and Goyal 2013)."""
    mean, covariance, rows = _linear(inputs, rewards, unseen)
    scores: FloatArray = rows @ rng.multivariate_normal(mean, covariance)
    return scores


def gp_ucb(inputs: FloatArray, rewards: FloatArray, unseen: FloatArray, _rng: object) -> FloatArray:
    """GP-UCB (Srinivas et al. 2010) with a squared exponential kernel."""
    inverse = np.linalg.inv(_kernel(inputs, inputs) + NOISE * np.eye(len(inputs)))
    cross = _kernel(unseen, inputs)
    center = rewards.mean()
    variances = np.maximum(1 - ((cross @ inverse) * cross).sum(axis=1), 0)
    scores: FloatArray = center + cross @ inverse @ (rewards - center) + 0.5 * np.sqrt(variances)
    return scores


def _kernel(left: FloatArray, right: FloatArray) -> FloatArray:
    squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * left @ right.T
    kernel: FloatArray = np.exp(-0.5 * np.maximum(squares, 0) / LENGTH**2)
    return kernel


BANDITS: Final[dict[str, Bandit]] = {"gp_ucb": gp_ucb, "thompson": thompson, "linucb": lin_ucb}


if __name__ == "__main__":
    main()
