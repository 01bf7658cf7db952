"""`make bench-taste`: which method learns a listener's taste best. The last line is JSON.

Simulated listeners rate real tunes; each method learns from their first 16, 64 and 256 ratings and predicts
those of 44 other tunes. Figures are root mean square errors in ratings. All predictions are clipped to 1
to 5. The reference recipe has no preference, so it is compared with ours in e, m, and c. `tfjs_centered` is
that recipe with 3 subtracted from its labels, so that it needn't learn the middle of the scale.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from app.paths import paths
from sidflow_feedback.events import RatingEvent, TrackContext
from sidflow_feedback.idle import finish
from sidflow_feedback.learning.fine_tuning import fine_tune, with_result
from sidflow_feedback.learning.manifest import model_from_manifest
from sidflow_feedback.learning.model import Model, in_range
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.learning.trainer_types import TrainingSettings
from sidflow_feedback.vocabulary import DIMENSIONS, FEATURE_NAMES
from tests.bench.harness import Figures, run
from tests.bench.taste_listeners import HELD_OUT, KINDS, Session, listeners
from tests.bench.taste_methods import STANDARD, Method
from tests.bench.taste_tunes import SEEDS, tune_features
from tests.unit.listening import START, collected

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidflow_feedback.types import FloatArray

SIZES: Final = (16, 64, 256)
REFERENCE = Path(__file__).with_name("taste_reference.js")
NEUTRAL = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One listener at one number of ratings."""

    kind: str
    size: int
    session: Session


def measure(*, of_each_kind: int = 36, sets: int = len(SEEDS)) -> Figures:
    """Print tables, and return the errors of all methods on `sets` sets of tunes.

    A single set of tunes, the demo tunes, needs no rendering, but is too small for a true figure.
    """
    features = tune_features(sets)
    cases = list(_cases(features, of_each_kind))
    errors = _errors(cases, _predictions(cases, features))
    _print_table(cases, errors)
    return _figures(cases, errors)


def _cases(features: FloatArray, of_each_kind: int) -> Iterator[Case]:
    for listener in listeners(FeatureScaler.fit(features).scale(features), of_each_kind):
        for size in (size for size in SIZES if size + HELD_OUT <= len(features)):
            yield Case(listener.kind, size, listener.session(size))


def _predictions(cases: list[Case], features: FloatArray) -> dict[str, list[FloatArray]]:
    """Return e, m, c, and p of the unseen tunes for each method and case; NaN where it can't predict."""
    base = model_from_manifest(json.loads(paths().first_model.read_text("utf-8")))
    scaled = base.scaler.scale(features)
    predictions = {"global": [base.predict_many(features[case.session.unseen]) for case in cases]}
    for name, method in STANDARD.items():
        predictions[name] = [_by_dimension(method, case.session, scaled) for case in cases]
    predictions["ours"] = [_ours(base, case.session, features) for case in cases]
    predictions["tfjs"] = _in_tensorflow(cases, scaled)
    predictions["tfjs_centered"] = _in_tensorflow(cases, scaled, center=NEUTRAL)
    return predictions


def _by_dimension(method: Method, session: Session, scaled: FloatArray) -> FloatArray:
    columns = []
    for ratings in session.ratings.T:
        rated = ~np.isnan(ratings)
        predict = method(scaled[session.tunes[rated]], ratings[rated])
        columns.append(predict(scaled[session.unseen]))
    return in_range(np.array(columns).T)


def _ours(base: Model, session: Session, features: FloatArray) -> FloatArray:
    """Train as the trainer does in the first run: on recorded ratings."""
    events = [_event(session, i, features) for i in range(len(session.tunes))]
    settings = TrainingSettings()
    dataset = collected(events[::-1], now=START + len(events), limit=settings.samples)
    work = fine_tune(base, None, dataset, features, iterations=settings.iterations, seed=1)
    return with_result(base, "local-1", finish(work)).predict_many(features[session.unseen])


def _event(session: Session, index: int, features: FloatArray) -> RatingEvent:
    number = int(session.tunes[index])
    sound = dict(zip(FEATURE_NAMES, features[number].tolist(), strict=True))
    given = zip(DIMENSIONS, session.ratings[index], strict=True)
    return RatingEvent(
        uuid=f"{index:08x}-0000-4000-8000-000000000000",
        timestamp=START + index,
        track=TrackContext(item_id=f"Bench/{number}.sid", features=sound),
        ratings={name: int(rating) for name, rating in given if not np.isnan(rating)},
    )


def _in_tensorflow(cases: list[Case], scaled: FloatArray, center: float = 0.0) -> list[FloatArray]:
    """Train the reference recipe on e, m, and c minus `center`; the original uses 0."""
    questions = [
        {
            "inputs": scaled[case.session.tunes].tolist(),
            "labels": (case.session.ratings[:, :3] - center).tolist(),
            "unseen": scaled[case.session.unseen].tolist(),
        }
        for case in cases
    ]
    node = ["node", str(REFERENCE)]
    answer = subprocess.run(node, input=json.dumps(questions), stdout=subprocess.PIPE, text=True, check=True)
    return [in_range(np.array(values) + center) for values in json.loads(answer.stdout)]


def _errors(cases: list[Case], predictions: dict[str, list[FloatArray]]) -> dict[str, FloatArray]:
    """Return the mean squared error in each predicted dimension by method, shape (cases, 3 or 4)."""
    return {
        name: np.array([_squared_error(*pair) for pair in zip(predicted, cases, strict=True)])
        for name, predicted in predictions.items()
    }


def _squared_error(predicted: FloatArray, case: Case) -> FloatArray:
    truth = case.session.truth[:, : predicted.shape[1]]
    error: FloatArray = np.nanmean((predicted - truth) ** 2, axis=0)
    return error


def _print_table(cases: list[Case], errors: dict[str, FloatArray]) -> None:
    """Print the error over all listeners, then by kind; for the reference in e, m, and c."""
    sizes = _sizes(cases)
    for kind in (None, *KINDS):
        print(f"\n| {kind or 'all'} | " + " | ".join(str(size) for size in sizes) + " |")
        print("|---|" + "---|" * len(sizes))
        for name, error in errors.items():
            figures = [f"{_root(error[_where(cases, size, kind)]):.3f}" for size in sizes]
            print(f"| {name} | " + " | ".join(figures) + " |")


def _sizes(cases: list[Case]) -> list[int]:
    return sorted({case.size for case in cases})


def _where(cases: list[Case], size: int, kind: str | None = None) -> NDArray[np.bool_]:
    return np.array([case.size == size and kind in (None, case.kind) for case in cases])


def _root(squared: FloatArray) -> float:
    return float(np.sqrt(squared.mean()))


def _figures(cases: list[Case], errors: dict[str, FloatArray]) -> Figures:
    figures: Figures = {
        "listeners": len(cases) // len(_sizes(cases)),
        "errors": {name: {} for name in errors},
    }
    for size in _sizes(cases):
        rows = _where(cases, size)
        for name, error in errors.items():
            figures["errors"][name][size] = _root(error[rows])
        ours = errors["ours"][rows]
        for name, key in (("tfjs", "ratio"), ("tfjs_centered", "ratio_centered")):
            figures[f"{key}_{size}"] = _root(ours[:, :3]) / _root(errors[name][rows])
        best = min(_root(errors[name][rows]) for name in STANDARD)
        figures[f"best_{size}"] = _root(ours) / best
    return figures


if __name__ == "__main__":
    run(measure)
