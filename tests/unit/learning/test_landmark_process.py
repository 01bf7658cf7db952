"""The closed-form teacher: exact where it can be, averaged, and honest about what it doesn't know."""

from __future__ import annotations

import numpy as np
import pytest

from sidflow_feedback.idle import finish
from sidflow_feedback.learning import landmark_process
from sidflow_feedback.learning.landmark_process import LandmarkProcess
from sidflow_feedback.types import FloatArray


def listener(count: int = 60, seed: int = 1) -> tuple[FloatArray, FloatArray]:
    """Return inputs, and a preference that depends on two of them."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((count, 8))
    ratings = 3 + np.tanh(inputs[:, 0] + 0.5 * inputs[:, 1]) + rng.normal(0, 0.3, count)
    return inputs, ratings


def fitted(
    inputs: FloatArray, ratings: FloatArray, weights: FloatArray | None = None, base: FloatArray | None = None
) -> LandmarkProcess:
    labels, given = np.zeros((len(inputs), 4)), np.zeros((len(inputs), 4))
    labels[:, 3], given[:, 3] = ratings, 1 if weights is None else weights
    guesses = np.full_like(labels, 3.0) if base is None else base
    process = LandmarkProcess(inputs, guesses, labels, given, np.arange(len(inputs)))
    finish(process.fit())
    return process


def predicted(process: LandmarkProcess, inputs: FloatArray) -> FloatArray:
    return process.predict(inputs, np.full((len(inputs), 4), 3.0))[:, 3]


def test_one_setting_equals_the_gaussian_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rasmussen and Williams (2006), equation 2.25, with a constant mean that is estimated (2.42)."""
    for name, value in (("LENGTHS", (2.5,)), ("SIGNALS", (0.3,)), ("PLAIN_PRIOR", 1e-12)):
        monkeypatch.setattr(landmark_process, name, value)
    inputs, ratings = listener(40)
    unseen = listener(10, seed=2)[0]

    def kernel(left: FloatArray, right: FloatArray) -> FloatArray:
        squares = ((left[:, None] - right) ** 2).sum(axis=2)
        values: FloatArray = 0.3 * np.exp(-squares / 2 / 2.5**2)
        return values

    inverse = np.linalg.inv(kernel(inputs, inputs) + np.eye(40))
    mean = inverse.sum(axis=0) @ ratings / inverse.sum()
    exact = mean + kernel(unseen, inputs) @ inverse @ (ratings - mean)
    np.testing.assert_allclose(predicted(fitted(inputs, ratings), unseen), exact, atol=2e-3)


def test_it_learns_and_its_folds_say_how_well() -> None:
    inputs, ratings = listener()
    unseen, truth = listener(300, seed=5)
    process = fitted(inputs, ratings)
    error = np.sqrt(np.mean((predicted(process, unseen) - truth) ** 2))
    held_out = np.sqrt(np.mean((process.held_out[:, 3] - ratings) ** 2))
    assert error < 0.75 * truth.std()
    assert held_out == pytest.approx(error, rel=0.25)


def test_a_fold_has_learned_nothing_from_its_own_rows() -> None:
    inputs, ratings = listener()
    changed = ratings.copy()
    changed[::5] = 6 - changed[::5]  # The first fold.
    before, after = fitted(inputs, ratings).held_out[::5, 3], fitted(inputs, changed).held_out[::5, 3]
    np.testing.assert_allclose(before, after, atol=1e-9)


def test_coin_flips_teach_the_mean() -> None:
    inputs = listener(64)[0]
    ratings = np.where(np.random.default_rng(3).random(64) < 0.5, 1.0, 5.0)
    assert predicted(fitted(inputs, ratings), inputs).std() < 0.35 * ratings.std()


def test_labels_of_weight_0_have_no_effect() -> None:
    inputs, ratings = listener()
    weights = np.ones(60)
    weights[::3] = 0
    changed = np.where(weights > 0, ratings, 99.0)
    plain, other = fitted(inputs, ratings, weights), fitted(inputs, changed, weights)
    np.testing.assert_allclose(predicted(plain, inputs), predicted(other, inputs))
    assert np.isnan(plain.held_out[::3, 3]).all()


def test_a_global_model_that_is_right_is_the_mean_of_the_process() -> None:
    inputs, ratings = listener(12)
    unseen, truth = listener(200, seed=5)

    def guesses(rows: FloatArray) -> FloatArray:
        values = np.full((len(rows), 4), 3.0)
        values[:, 3] += np.tanh(rows[:, 0] + 0.5 * rows[:, 1])
        return values

    alone = fitted(inputs, ratings)
    helped = fitted(inputs, ratings, base=guesses(inputs))
    errors = [
        np.mean((process.predict(unseen, base)[:, 3] - truth) ** 2)
        for process, base in ((alone, np.full((200, 4), 3.0)), (helped, guesses(unseen)))
    ]
    assert errors[1] < 0.7 * errors[0]


def test_outputs_without_labels_are_those_of_the_global_model() -> None:
    inputs, ratings = listener()
    base = np.full((60, 4), 2.0)
    np.testing.assert_array_equal(fitted(inputs, ratings).predict(inputs, base)[:, :3], base[:, :3])


def test_all_equal_and_constant_rows_give_the_mean() -> None:
    same = fitted(np.zeros((10, 8)), np.full(10, 4.0))
    np.testing.assert_allclose(predicted(same, np.ones((3, 8))), 4.0, atol=1e-6)


def test_no_matrix_is_larger_than_104() -> None:
    assert 1 + 2 * 4 + landmark_process.LANDMARKS == 104


def test_work_is_cut_into_steps() -> None:
    inputs, ratings = listener(600)
    labels = np.repeat(ratings[:, None], 4, axis=1)
    process = LandmarkProcess(inputs, np.full_like(labels, 3), labels, np.ones_like(labels), np.arange(600))
    assert sum(1 for _ in process.fit()) > 150
