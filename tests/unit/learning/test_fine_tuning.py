"""One fine-tuning: what it learns, where it starts, and what it says of itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sidflow_feedback.errors import TrainingError
from sidflow_feedback.idle import finish
from sidflow_feedback.learning.dataset import Dataset
from sidflow_feedback.learning.fine_tuning import FineTuningResult, fine_tune, with_result
from sidflow_feedback.learning.model import LAYERS, Model, Network
from sidflow_feedback.types import FloatArray
from tests.unit.listening import action, base_model, collected, matrix, opinion, rating, tune

UNSEEN = range(1000, 1200)


def dataset(count: int = 60) -> Dataset:
    return collected(rating(number) for number in range(count))


def tuned(rows: Dataset, *, base: Model | None = None, last: Model | None = None) -> FineTuningResult:
    return finish(
        fine_tune(base or base_model(), last, rows, matrix(range(500, 700)), iterations=200, seed=1)
    )


def model(result: FineTuningResult) -> Model:
    return with_result(base_model(), "local-1", result)


def truth() -> FloatArray:
    return np.array([list(opinion(tune(number)).values()) for number in UNSEEN])


def error(result: FineTuningResult) -> float:
    predicted = model(result).predict_many(matrix(UNSEEN))[:, :3]
    return float(np.sqrt(np.mean((predicted - truth()) ** 2)))


def test_it_learns_what_the_listener_thinks_of_tunes_that_were_not_rated() -> None:
    few, many = error(tuned(dataset(8))), error(tuned(dataset(120)))
    assert many < 0.75 * truth().std(axis=0).mean()
    assert few < 1.05 * truth().std(axis=0).mean()


def test_the_error_shown_is_the_true_one() -> None:
    result = tuned(dataset(120))
    assert result.error == pytest.approx(error(result), rel=0.2)
    assert result.error < result.mean_error


def test_the_base_is_not_changed() -> None:
    base = base_model()
    before = base.network.parameters.copy()
    result = tuned(dataset(), base=base)
    np.testing.assert_array_equal(base.network.parameters, before)
    assert (result.network.parameters != before).any()


def test_the_last_network_is_where_training_starts() -> None:
    first = tuned(dataset())
    short = finish(fine_tune(base_model(), model(first), dataset(), matrix(range(9)), iterations=10, seed=2))
    distances = [
        np.abs(short.network.parameters - network.parameters).mean()
        for network in (first.network, base_model().network)
    ]
    assert distances[0] < 0.5 * distances[1]


def test_a_global_model_of_another_size_is_learned_from() -> None:
    wide = replace(base_model(), network=Network.random(1, (8, 64, 4)))
    assert tuned(dataset(), base=wide).network.sizes == LAYERS


def test_likes_and_dislikes_alone_teach() -> None:
    actions = [action(n, "like" if tune_energy(n) > 0 else "dislike") for n in range(60)]
    result = tuned(collected([], actions))
    predicted = model(result).predict_many(matrix(UNSEEN))[:, 3]
    liked = np.array([tune_energy(number) > 0 for number in UNSEEN])
    assert predicted[liked].mean() > predicted[~liked].mean() + 0.5
    assert result.tells == "p"


def tune_energy(number: int) -> float:
    return float(matrix([number])[0, 0] - matrix(range(200))[:, 0].mean())


def test_coin_flips_tell_nothing() -> None:
    rng = np.random.default_rng(1)
    flips = [rating(number, {"p": int(rng.choice([1, 5]))}) for number in range(64)]
    result = tuned(collected(flips))
    assert result.tells == ""
    assert result.error == pytest.approx(2.0, rel=0.1)
    assert np.ptp(model(result).predict_many(matrix(UNSEEN))[:, 3]) < 2


def test_outputs_without_labels_stay_those_of_the_base() -> None:
    result = tuned(collected(rating(number, {"e": 1 + number % 5}) for number in range(20)))
    learned, base = (one.predict_many(matrix(UNSEEN))[:, 1] for one in (model(result), base_model()))
    assert np.sqrt(np.mean((learned - base) ** 2)) < 0.5 * base.std()
    assert np.isnan(result.uncertainty.noises[1:]).all()


@pytest.mark.parametrize("count", [1, 2, 8])
def test_equal_features_and_equal_ratings_are_no_error(count: int) -> None:
    rows = dataset(count)
    same = replace(rows, features=np.ones_like(rows.features), labels=np.full_like(rows.labels, 4.0))
    result = tuned(same)
    assert result.tells == ""
    assert np.isfinite(model(result).predict_many(matrix(UNSEEN))).all()


def test_values_that_are_not_finite_are_refused() -> None:
    rows = dataset()
    rows.features[3, 2] = np.nan
    with pytest.raises(TrainingError, match="finite"):
        tuned(rows)


def test_intervals_cover() -> None:
    result = tuned(dataset(120))
    learned = model(result)
    widths = learned.half_widths(matrix(UNSEEN))
    assert widths is not None
    covered = np.abs(learned.predict_many(matrix(UNSEEN))[:, :3] - truth()) <= widths[:, :3]
    assert 0.8 <= covered.mean() <= 0.98
