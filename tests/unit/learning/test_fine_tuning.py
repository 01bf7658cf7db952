"""One fine-tuning: what it learns from, what it is measured by, where it starts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sidflow_feedback.errors import TrainingError
from sidflow_feedback.learning.dataset import Dataset
from sidflow_feedback.learning.fine_tuning import FineTuningResult, calibrated, fine_tune
from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.snapshot import Snapshot
from tests.unit.listening import START, base_model, collected, drained, rating


def dataset() -> Dataset:
    return collected(rating(number) for number in range(60))


def tuned(base: Model, rows: Dataset, last: Snapshot | None = None) -> FineTuningResult:
    return drained(fine_tune(base, last, rows, iterations=50, seed=1))


def test_the_base_is_not_changed() -> None:
    base = base_model()
    before = base.network.parameters.copy()
    result = tuned(base, dataset())
    np.testing.assert_array_equal(base.network.parameters, before)
    assert (result.network.parameters != before).any()


def test_what_is_tested_has_learned_nothing_from_what_is_held_out() -> None:
    rows = dataset()
    plain, changed = tuned(base_model(), rows), tuned(base_model(), turned(rows))
    np.testing.assert_array_equal(plain.validation_network.parameters, changed.validation_network.parameters)
    assert plain.error_after != changed.error_after


def test_what_is_used_has_learned_from_all_rows() -> None:
    base, rows = base_model(), dataset()
    result = tuned(base, rows)
    assert result.accepted
    assert error(replace(base, network=result.network), rows) < result.error_after


def turned(rows: Dataset) -> Dataset:
    """Return `rows` with the held-out opinions turned around."""
    return replace(rows, labels=np.where(rows.held_out[:, None], 6 - rows.labels, rows.labels))


def error(model: Model, rows: Dataset) -> float:
    """Return the error on what is held out."""
    held = rows.held_out
    wrong = (model.predict_many(rows.features[held]) - rows.labels[held])[rows.weights[held] > 0]
    return float(np.sqrt(np.mean(wrong**2)))


def test_the_error_is_that_of_what_is_held_out() -> None:
    rows, base = dataset(), base_model()
    result = tuned(base, rows)
    np.testing.assert_allclose(error(base, rows), result.error_before)
    np.testing.assert_allclose(
        error(replace(base, network=result.validation_network), rows), result.error_after
    )


def snapshot(base: Model, result: FineTuningResult) -> Snapshot:
    return Snapshot(
        model=replace(base, version="local-1", network=result.network),
        validation_network=result.validation_network,
        moments=result.moments,
        steps=result.steps,
        created=START,
        read=START,
        samples=60,
        error_before=result.error_before,
        error_after=result.error_after,
    )


def test_it_goes_on_from_the_last_snapshot_and_stays_blind() -> None:
    base, rows = base_model(), dataset()
    results = [tuned(base, rows), tuned(base, turned(rows))]
    seconds = []
    for first, labels in zip(results, (rows, turned(rows)), strict=True):
        kept = first.validation_network.parameters.copy()
        second = tuned(base, labels, snapshot(base, first))
        assert second.error_before == first.error_after
        assert second.steps == 2 * first.steps
        np.testing.assert_array_equal(first.validation_network.parameters, kept)
        seconds.append(second)
    np.testing.assert_array_equal(
        seconds[0].validation_network.parameters, seconds[1].validation_network.parameters
    )


def test_a_rejected_run_does_not_go_on_to_all_rows() -> None:
    result = tuned(base_model(), turned(dataset()))
    assert not result.accepted
    assert result.network is result.validation_network


def test_an_outlier_does_no_harm() -> None:
    rows = dataset()
    rows.features[np.flatnonzero(~rows.held_out)[0]] = 1e300
    result = tuned(base_model(), rows)
    assert np.isfinite(result.network.parameters).all()
    assert result.accepted


def test_constant_labels_are_learned_and_nothing_else() -> None:
    rows = dataset()
    result = tuned(base_model(), replace(rows, labels=np.full_like(rows.labels, 5.0)))
    assert result.error_after < 0.5
    assert np.isfinite(result.network.parameters).all()


def test_calibration_finds_scale_and_shift() -> None:
    network, inputs = Network.random(3), np.random.default_rng(1).standard_normal((5000, 8))
    outputs = network.predict_many(inputs)
    labels = 3.5 - 0.8 * (outputs - 3)
    weights = np.ones_like(labels)
    weights[:, 3] = 0
    fitted = drained(calibrated(network, inputs, labels, weights)).predict_many(inputs)
    np.testing.assert_allclose(fitted[:, :3], labels[:, :3], atol=0.05)
    np.testing.assert_allclose(fitted[:, 3], outputs[:, 3], atol=1e-6)


def test_calibration_leaves_the_network_as_it_is_when_there_is_no_row() -> None:
    network = Network.random(3)
    fitted = drained(calibrated(network, *(np.empty((0, width)) for width in (8, 4, 4))))
    np.testing.assert_array_equal(fitted.parameters, network.parameters)


def test_a_listener_who_means_the_opposite_is_understood_from_few_ratings() -> None:
    """The model knows the direction of this listener's opinion, but not that they turn it around."""
    base, rows = base_model(), dataset()
    labels = np.clip(6 - base.predict_many(rows.features), 1, 5)
    learned = rows.held_out.copy()
    learned[np.flatnonzero(~rows.held_out)[12:]] = True
    few = replace(rows, labels=labels, weights=np.ones_like(labels), held_out=learned)
    result = tuned(base, few)
    assert result.error_after < 0.5 * result.error_before


def test_all_rows_held_out_is_an_error() -> None:
    rows = dataset()
    with pytest.raises(TrainingError, match="n at least 1"):
        tuned(base_model(), replace(rows, held_out=np.ones(len(rows), np.bool_)))
