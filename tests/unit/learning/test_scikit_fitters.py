"""scikit-learn's methods: what each learns, and that it is loaded only on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from sidflow_feedback.errors import TrainingError
from sidflow_feedback.idle import finish
from sidflow_feedback.idle.manual import ManualIdleClock
from sidflow_feedback.learning.fine_tuning import fine_tune
from sidflow_feedback.learning.fitters import FitProblem, Fitter, fit_adam
from sidflow_feedback.learning.model import Network
from sidflow_feedback.learning.scikit_fitters import METHODS
from sidflow_feedback.learning.trainer import Trainer
from sidflow_feedback.learning.trainer_types import TrainerState, TrainingSettings
from sidflow_feedback.store.memory import MemoryStore
from tests.unit.listening import base_model, collected, matrix, rating

ALL = {**METHODS, "numpy": fit_adam}
each_method = pytest.mark.parametrize("method", ALL.values(), ids=ALL)


def problem() -> FitProblem:
    """Return a problem in which the fourth output has no label."""
    dataset = collected(rating(number) for number in range(60))
    network = Network.random(2)
    rows = dataset.features, dataset.labels, dataset.weights
    return FitProblem(network, rows, iterations=100, seed=3)


def loss(network: Network, rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> float:
    inputs, labels, weights = rows
    return float((weights * (network.predict_many(inputs) - labels) ** 2).mean())


@each_method
def test_it_learns_and_changes_nothing_it_was_given(method: Fitter) -> None:
    given = problem()
    before = given.start.parameters.copy()
    fitted = finish(method(given))
    assert loss(fitted, given.rows) < 0.7 * loss(given.start, given.rows)
    np.testing.assert_array_equal(given.start.parameters, before)
    assert fitted.sizes == given.start.sizes
    assert fitted.parameters.dtype == np.float32


@each_method
def test_a_missing_label_has_no_effect(method: Fitter) -> None:
    given = problem()
    inputs, labels, weights = given.rows
    other = np.where(weights > 0, labels, 5.0)
    fitted = [finish(method(replace(given, rows=(inputs, values, weights)))) for values in (labels, other)]
    np.testing.assert_array_equal(fitted[0].parameters, fitted[1].parameters)


@each_method
def test_an_output_without_labels_keeps_its_weights(method: Fitter) -> None:
    given = problem()
    fitted = finish(method(given))
    np.testing.assert_array_equal(fitted.layers[-1][:, 3], given.start.layers[-1][:, 3])
    assert (fitted.layers[-1][:, 2] != given.start.layers[-1][:, 2]).any()


@each_method
def test_the_same_seed_gives_the_same_weights(method: Fitter) -> None:
    one, other = (finish(method(problem())).parameters for _ in range(2))
    np.testing.assert_array_equal(one, other)


@each_method
def test_it_is_fine_tuned_with_as_any_other(method: Fitter) -> None:
    dataset = collected(rating(number) for number in range(60))
    work = fine_tune(base_model(), None, dataset, matrix(range(200)), iterations=100, seed=1, method=method)
    tuned = finish(work)
    assert np.isfinite(tuned.network.parameters).all()
    assert tuned.error < 0.9 * tuned.mean_error


async def trained(learner: str, load: Callable[[Callable[[str], None]], object]) -> list[TrainerState]:
    states: list[TrainerState] = []
    clock, store = ManualIdleClock(grant=8), MemoryStore()
    await store.add([rating(number) for number in range(40)])
    settings = TrainingSettings(enabled=True, learner=learner)
    trainer = Trainer(store, clock, base_model(), settings, load_scikit=load, on_change=states.append)  # type: ignore[arg-type]
    async with trainer:
        await clock.advance(60)
        assert np.isfinite(trainer.model.predict_many(matrix(range(5)))).all()
    return states


async def test_it_is_loaded_when_it_is_chosen_and_says_so() -> None:
    async def load(tell: Callable[[str], None]) -> None:
        tell("Loading scikit-learn…")

    states = await trained("ridge", load)
    assert "Loading scikit-learn…" in [state.message for state in states]
    assert states[-1].message is None
    assert states[-1].last_run is not None
    assert states[-1].last_run.learner == "ridge"


async def test_it_is_not_loaded_for_our_own_learner() -> None:
    async def load(_notify: Callable[[str], None]) -> None:
        raise AssertionError("nobody has asked for it")

    last = (await trained("numpy", load))[-1].last_run
    assert last is not None
    assert last.learner == "numpy"


async def test_where_it_cannot_be_had_our_own_learner_goes_on_and_says_so() -> None:
    async def load(_notify: Callable[[str], None]) -> None:
        raise TrainingError("scikit-learn can't be loaded: the line is down.")

    state = (await trained("mlp", load))[-1]
    assert state.last_run is not None
    assert state.last_run.learner == "numpy"
    assert "line is down" in (state.message or "")
