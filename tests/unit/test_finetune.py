"""One fine-tuning: what it learns from, what it is measured by, where it starts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sidflow_feedback.dataset import Dataset
from sidflow_feedback.errors import TrainingError
from sidflow_feedback.finetune import FineTuned, calibrated, fine_tune
from sidflow_feedback.model import Model, Network
from sidflow_feedback.snapshot import Snapshot
from tests.unit.listening import START, base_model, collected, drained, rating


def dataset() -> Dataset:
    return collected(rating(number) for number in range(60))


def tuned(base: Model, rows: Dataset, last: Snapshot | None = None) -> FineTuned:
    return drained(fine_tune(base, last, rows, iterations=50, seed=1))


def test_the_base_is_not_changed() -> None:
    base = base_model()
    before = base.network.parameters.copy()
    result = tuned(base, dataset())
    np.testing.assert_array_equal(base.network.parameters, before)
    assert (result.network.parameters != before).any()


def test_nothing_is_learned_from_what_is_held_out() -> None:
    rows = dataset()
    labels = np.where(rows.held_out[:, None], 6 - rows.labels, rows.labels)
    plain, changed = tuned(base_model(), rows), tuned(base_model(), replace(rows, labels=labels))
    np.testing.assert_array_equal(plain.network.parameters, changed.network.parameters)
    assert plain.error_after != changed.error_after


def test_the_error_is_that_of_what_is_held_out() -> None:
    rows, base = dataset(), base_model()
    result = tuned(base, rows)
    held = rows.held_out
    rated = rows.weights[held] > 0
    for network, error in ((base.network, result.error_before), (result.network, result.error_after)):
        predicted = replace(base, network=network).predict_many(rows.features[held])
        wrong = (predicted - rows.labels[held])[rated]
        np.testing.assert_allclose(error, np.sqrt(np.mean(wrong**2)))


def test_it_goes_on_from_the_last_snapshot() -> None:
    base, rows = base_model(), dataset()
    first = tuned(base, rows)
    last = Snapshot(
        model=replace(base, version="local-1", network=first.network),
        moments=first.moments,
        steps=first.steps,
        created=START,
        samples=60,
        error_before=first.error_before,
        error_after=first.error_after,
    )
    kept = first.network.parameters.copy()
    second = tuned(base, rows, last)
    assert second.error_before == first.error_after
    assert second.steps == 100
    np.testing.assert_array_equal(first.network.parameters, kept)


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
