from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.training import statistics
from app.training.response import Evidence
from app.training.statistics import SAMPLE, UPLOAD_CAP, Statistics, merge
from app.training.statistics import summarize as summarize_counted

if TYPE_CHECKING:
    from app.training.statistics import Keys
    from sidflow_feedback.types import FloatArray

RNG = np.random.default_rng(0)


def summarize(tunes: Keys, uploads: Keys, features: FloatArray, evidence: Evidence) -> Statistics:
    """Return the statistics of events that all count in full."""
    return summarize_counted(
        tunes, uploads, features, evidence, np.ones(len(tunes)), np.ones(len(tunes), np.bool_)
    )


def summary(
    tunes: list[int], uploads: list[int], value: float = 1.0, features: list[float] | None = None
) -> Statistics:
    """Return the statistics of exact ratings of `value` above the middle, in all dimensions."""
    ones = np.ones((len(tunes), 4))
    numbers = np.tile(np.array(features or [0.0] * len(tunes))[:, None], 8)
    return summarize(
        np.array(tunes, np.uint64), np.array(uploads, np.uint64), numbers, Evidence(value * ones, ones, ones)
    )


def test_means_add_up_in_any_partition() -> None:
    count = 3000
    tunes, uploads = RNG.integers(0, 50, count), np.arange(count) // 3
    features, pulls = RNG.normal(size=(count, 8)), RNG.normal(size=(count, 4))
    weights = RNG.random((count, 4))
    keys = tunes.astype(np.uint64), uploads.astype(np.uint64)

    def part(where: slice) -> Statistics:
        values = (values[where] for values in (pulls, weights, weights))
        return summarize(keys[0][where], keys[1][where], features[where], Evidence(*values))

    whole = part(slice(None))
    for size in (300, 999, 2001):
        parts = [part(slice(start, start + size)) for start in range(0, count, size)]
        merged = merge([merge(parts[:2]), *parts[2:]])
        assert merged.events == whole.events == count
        assert (merged.tunes == whole.tunes).all()
        assert np.allclose(merged.pulls, whole.pulls)
        assert np.allclose(merged.weights, whole.weights)
        assert (merged.sample_uploads == whole.sample_uploads).all()
        assert (merged.features() == whole.features()).all()


def test_weight_of_an_upload_on_a_tune_is_one_rating() -> None:
    flood = summary([7] * 50, [1] * 50)
    assert flood.weights.tolist() == [[1] * 4]
    assert flood.upload_counts().tolist() == [1]


def test_weight_of_an_upload_is_limited() -> None:
    full = summary(list(range(50)), [1] * 50)
    assert np.allclose(full.weights.sum(axis=0), UPLOAD_CAP)
    assert np.allclose(full.pulls, full.weights)
    assert np.allclose(summary([1, 2, 3], [1] * 3).weights, 1)


def test_different_uploads_are_counted_across_partitions() -> None:
    parts = [summary([7, 7, 8], [1, 2, 1]), summary([7, 7], [2, 3]), summary([7], [1])]
    assert merge(parts).upload_counts().tolist() == [3, 1]


def test_sample_is_limited() -> None:
    uploads = [int(upload) for upload in RNG.permutation(1000)]
    parts = [summary([7] * 100, uploads[start : start + 100]) for start in range(0, 1000, 100)]
    merged = merge(parts)
    assert merged.upload_counts().tolist() == [SAMPLE]
    assert merged.sample_uploads.tolist() == list(range(SAMPLE))
    assert merged.weights.tolist() == [[1000] * 4]


def test_features_are_the_median_of_uploads() -> None:
    honest, false = [0.25] * 8, [1e308, -1e308, 0.0, 1e300, -5.0, 7.0, 1e9]
    merged = summary([7] * 15, list(range(15)), features=false + honest)
    assert (merged.features() == 0.25).all()


def test_uploads_without_features_do_not_affect_the_median() -> None:
    nan = float("nan")
    assert (summary([7] * 4, [1, 2, 3, 4], features=[nan, 2.0, nan, 2.0]).features() == 2).all()
    assert np.isnan(summary([7], [1], features=[nan]).features()).all()
    assert (
        merge([summary([7], [1], features=[nan]), summary([7], [1], features=[3.0])]).features() == 3
    ).all()


def test_number_of_tunes_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MAX_TUNES", 10)
    real = [summary(list(range(10)), [upload] * 10) for upload in range(3)]
    made_up = summary(list(range(100, 200)), list(range(100, 200)))
    merged = merge([*real, made_up])
    assert merged.tunes.tolist() == list(range(10))
    assert set(merged.sample_tunes.tolist()) == set(range(10))


def test_no_events() -> None:
    nothing = summary([], [])
    assert len(nothing.tunes) == 0
    assert merge([nothing, summary([7], [1])]).weights.tolist() == [[1] * 4]
    assert merge([nothing, nothing]).upload_counts().tolist() == []
    assert nothing.features().shape == (0, 8)


def test_uploads_without_weight_are_not_sampled() -> None:
    """Whoever sends plays, which weigh nothing, has no say in the features of a tune."""
    tunes, uploads = np.full(60, 7, np.uint64), np.arange(60, dtype=np.uint64)
    weighs = (np.arange(60) >= 40).astype(float)[:, None] * np.ones((60, 4))
    features = np.where(weighs[:, :1] > 0, 1.0, 99.0) * np.ones((60, 8))
    found = summarize(tunes, uploads, features, Evidence(weighs, weighs, weighs))
    assert found.upload_counts().tolist() == [SAMPLE]
    assert (found.sample_uploads >= 40).all()
    assert (found.features() == 1).all()


def test_tune_without_weight_has_no_uploads() -> None:
    nothing = np.zeros((3, 4))
    keys = np.array([7, 7, 8], np.uint64), np.array([1, 2, 1], np.uint64)
    found = summarize(*keys, np.ones((3, 8)), Evidence(nothing, nothing, nothing))
    assert found.upload_counts().tolist() == [0, 0]
    assert np.isnan(found.features()).all()


def test_shares_limit_the_weight_and_unsettled_uploads_do_not_judge() -> None:
    ones, keys = np.ones((4, 4)), (np.array([7, 7, 7, 8], np.uint64), np.arange(4, dtype=np.uint64))
    shares, settled = np.array([1, 0.5, 0.25, 1]), np.array([True, True, False, False])
    found = summarize_counted(*keys, np.ones((4, 8)), Evidence(2 * ones, ones, ones), shares, settled)
    assert found.weights[:, 0].tolist() == [1.75, 1]
    assert found.pulls[:, 0].tolist() == [3.5, 2]
    assert found.settled_weights[:, 0].tolist() == [1.5, 0]
    assert found.settled_pulls[:, 0].tolist() == [3, 0]
    assert merge([found, found]).settled_weights[:, 0].tolist() == [3, 0]
