"""`make bench-listeners`: whether the trainer learns the taste of people. The last line is JSON.

Each listener rates up to 1,024 songs; our trainer runs whenever the number of ratings has doubled, with all
its rules, and goes on from its last model. Each other method learns from the same ratings. All predict
songs that nobody trained on. `listeners_sets` says how the sets are split.

Arguments: the folder of the real sets (or `SIDFLOW_LISTENERS`), and the number of splits.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain, product
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sidflow_feedback.idle import finish
from sidflow_feedback.learning.model import in_range
from sidflow_feedback.recommending.introduction import COUNT, introduction
from sidflow_feedback.vocabulary import DIMENSIONS
from tests.bench.listeners_methods import METHODS
from tests.bench.listeners_ours import Learned, learn
from tests.bench.listeners_sets import ListenerSet, Split, real_listeners, simulated_listeners
from tests.bench.taste_methods import STANDARD

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sidflow_feedback.types import FloatArray

SIZES: Final = (16, 64, 256)
LARGEST: Final = 1024
POOLS: Final = (512, 256, 128)
"""Songs of a library from which eight are asked about: the first number that a set has."""

SPLITS: Final = 20
SIMULATED_SPLITS: Final = 2
FIRST: Final = 10
"""Songs at the start of the queue."""


@dataclass(frozen=True, slots=True)
class Score:
    """How well one method predicts one split.

    Attributes
    ----------
    error, auc
        Root mean square error; area under the ROC curve of likes, NaN if all or none are liked.
    first_liked
        Share of likes among the ten songs that it predicts best.
    slope
        Of truth on prediction.
    coverage
        Share of ratings in the 90 % interval; NaN for methods without one.
    told
        The error that the listener was told, by the true one; NaN for other methods.
    """

    error: float
    auc: float
    first_liked: float
    slope: float
    coverage: float = float("nan")
    told: float = float("nan")


Scores = dict[tuple[str, str, int], list[Score]]
"""By method, set, and number of ratings."""


def main() -> None:
    """Measure, and print tables and one JSON object."""
    splits = int(sys.argv[2]) if len(sys.argv) > 2 else SPLITS
    real = real_listeners()
    scores: Scores = defaultdict(list)
    for listener in real:
        _measure(scores, listener, range(splits))
    actions: Scores = defaultdict(list)
    for listener in real[:2]:
        _measure(actions, listener, range(splits), methods=("ridge",), actions=True)
    asked = _asked(real, range(splits))
    simulated: Scores = defaultdict(list)
    for seed in range(SIMULATED_SPLITS):
        for listener in simulated_listeners(real[-1], seed):
            _measure(simulated, listener, [seed], sizes=(16, 64))
    for title, table in (("Real", scores), ("Likes and dislikes only", actions), ("Simulated", simulated)):
        _print_table(title, table)
    print(json.dumps(_figures(scores, actions, simulated) | asked))


def _measure(
    scores: Scores,
    listener: ListenerSet,
    seeds: Iterable[int],
    *,
    sizes: Sequence[int] = SIZES,
    methods: Iterable[str] = tuple(METHODS),
    actions: bool = False,
) -> None:
    wanted = [*sizes, LARGEST] if listener.name == "listener_a" and not actions else list(sizes)
    for seed in seeds:
        split = next(
            found for size in reversed(wanted) if (found := listener.split(size, seed, choice=False))
        )
        for learned in learn(split, wanted, actions=actions):
            key = (listener.name, learned.count)
            scores["ours", *key].append(_ours(split, learned))
            for name in methods:
                scores[name, *key].append(_standard(split, name, learned.count))
    print(listener.name, "done", file=sys.stderr, flush=True)


def _asked(real: Sequence[ListenerSet], seeds: Iterable[int]) -> dict[str, float]:
    """Return the mean AUC after the eight songs that a listener is asked about, and after eight others."""
    areas: dict[str, list[float]] = {"asked_auc_8": [], "came_auc_8": []}
    for listener, seed in product(real, seeds):
        pools = (listener.split(size, seed, choice=False) for size in POOLS)
        pool = next(split for split in pools if split)
        steps = introduction(listener.features[pool.train])
        chosen = {"asked_auc_8": pool.train[finish(steps)], "came_auc_8": pool.train[:COUNT]}
        for name, rows in chosen.items():
            [learned] = learn(Split(listener, rows, pool.test), [COUNT])
            areas[name].append(_ours(pool, learned).auc)
    return {name: round(float(np.nanmean(found)), 4) for name, found in areas.items()}


def _ours(split: Split, learned: Learned) -> Score:
    listener, output = split.listener, DIMENSIONS.index(split.listener.dimension)
    features, truth = listener.features[split.test], listener.ratings[split.test]
    outputs = learned.model.outputs(features)[:, output].astype(np.float64)
    widths = learned.model.half_widths(features)
    assert widths is not None, "a local model knows how sure it is"
    plain = _score(split, outputs)
    covered = np.abs(in_range(outputs) - truth) <= widths[:, output]
    return Score(
        plain.error,
        plain.auc,
        plain.first_liked,
        plain.slope,
        float(covered.mean()),
        learned.run.error / plain.error,
    )


def _standard(split: Split, name: str, count: int) -> Score:
    listener, rows = split.listener, split.train[:count]
    predict = METHODS[name](listener.features[rows], listener.ratings[rows])
    return _score(split, predict(listener.features[split.test]))


def _score(split: Split, outputs: FloatArray) -> Score:
    listener = split.listener
    truth, liked = listener.ratings[split.test], listener.liked[split.test]
    predicted = in_range(outputs)
    spread = predicted.std()
    slope = float(np.cov(predicted, truth)[0, 1] / predicted.var(ddof=1)) if spread > 1e-6 else float("nan")
    first = np.argsort(-outputs, kind="stable")[:FIRST]
    return Score(
        float(np.sqrt(np.mean((predicted - truth) ** 2))),
        _area(outputs, liked),
        float(liked[first].mean()),
        slope,
    )


def _area(outputs: FloatArray, liked: Any) -> float:
    """Return the area under the ROC curve; equal outputs count half."""
    if liked.all() or not liked.any():
        return float("nan")
    _, groups, counts = np.unique(outputs, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[groups]
    positive = int(liked.sum())
    above = ranks[liked].sum() - positive * (positive + 1) / 2
    return float(above / (positive * (len(liked) - positive)))


def _mean(scores: Sequence[Score], figure: str) -> float:
    values = [getattr(score, figure) for score in scores]
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _figures(scores: Scores, actions: Scores, simulated: Scores) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for size in SIZES:
        figures[f"rmse_ratio_{size}"] = _ratio(scores, size)
        figures[f"auc_{size}"] = _area_of(scores, ["ours"], size)
        figures[f"auc_best_{size}"] = _area_of(scores, ["gp", "logistic"], size)
        ours = _all(scores, "ours", size)
        figures[f"told_over_true_{size}"] = round(_mean(ours, "told"), 4)
        figures[f"coverage_90_{size}"] = round(_mean(ours, "coverage"), 4)
        figures[f"simulated_rmse_ratio_{size}"] = _ratio(simulated, size) if size < 256 else None
    figures["coverage_90"] = round(
        _mean(list(chain.from_iterable(_all(scores, "ours", size) for size in SIZES)), "coverage"), 4
    )
    figures[f"auc_{LARGEST}"] = _area_of(scores, ["ours"], LARGEST)
    figures[f"auc_forest_{LARGEST}"] = _area_of(scores, ["forest"], LARGEST)
    every = [size for size in SIZES if _all(actions, "ours", size)]
    figures["likes_only_auc"] = round(
        float(np.mean([_area_of(actions, ["ours"], size) for size in every])), 4
    )
    figures["likes_only_ridge_auc"] = round(
        float(np.mean([_area_of(actions, ["ridge"], size) for size in every])), 4
    )
    return figures


def _sets(scores: Scores, size: int) -> list[str]:
    return sorted({name for _, name, count in scores if count == size})


def _all(scores: Scores, method: str, size: int) -> list[Score]:
    return [score for name in _sets(scores, size) for score in scores[method, name, size]]


def _ratio(scores: Scores, size: int) -> float:
    """Return our error by that of the best standard method, the geometric mean over the sets."""
    ratios = [
        _mean(scores["ours", name, size], "error")
        / min(_mean(scores[method, name, size], "error") for method in STANDARD)
        for name in _sets(scores, size)
    ]
    return round(float(np.exp(np.mean(np.log(ratios)))), 4)


def _area_of(scores: Scores, methods: Sequence[str], size: int) -> float:
    """Return the area of the best of some methods, the mean over the sets."""
    areas = [
        max(_mean(scores[method, name, size], "auc") for method in methods) for name in _sets(scores, size)
    ]
    return round(float(np.mean(areas)), 4)


def _print_table(title: str, scores: Scores) -> None:
    """Print all figures by set, size, and method, each error with its deviation over the splits."""
    head = "| set | ratings | method | error | AUC | first ten liked | slope | coverage | told |"
    print(f"\n## {title}\n\n{head}")
    print("|---|---|---|---|---|---|---|---|---|")
    for (method, name, size), found in sorted(scores.items(), key=lambda item: (item[0][1], item[0][2])):
        deviation = float(np.std([score.error for score in found]))
        figures = [
            f"{_mean(found, field):.3f}" for field in ("auc", "first_liked", "slope", "coverage", "told")
        ]
        error = f"{_mean(found, 'error'):.3f} ± {deviation:.3f}"
        print(f"| {name} | {size} | {method} | {error} | " + " | ".join(figures) + " |")


if __name__ == "__main__":
    main()
