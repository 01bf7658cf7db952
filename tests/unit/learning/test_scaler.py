"""The scaler: features of one scale, and no outlier that outweighs all others."""

from __future__ import annotations

import numpy as np
import pytest

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.learning.scaler import FeatureScaler


def test_features_are_scaled_to_mean_0_and_deviation_1() -> None:
    matrix = np.random.default_rng(2).normal(5, 3, (100, 8))
    matrix[:, 7] = 60.0
    scaled = FeatureScaler.fit(matrix).scale(matrix)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), [1, 1, 1, 1, 1, 1, 1, 0], atol=1e-12)


@pytest.mark.parametrize(
    ("means", "deviations", "field"),
    [
        ([0.0] * 7, [1.0] * 8, "featureStats.means"),
        ([0.0] * 8, [1.0] * 7 + [float("nan")], "featureStats.stds"),
        ([0.0] * 8, [1.0] * 7 + [0.0], "featureStats.stds"),
    ],
)
def test_invalid_statistics_are_refused(means: list[float], deviations: list[float], field: str) -> None:
    with pytest.raises(InvalidRecordError) as caught:
        FeatureScaler(means, deviations)
    assert caught.value.field == field


@pytest.mark.parametrize("huge", [1e9, 1.7e308])
def test_outlier_is_clipped(huge: float) -> None:
    scaler = FeatureScaler((0.0,) * 8, (0.5,) * 8)
    np.testing.assert_array_equal(
        scaler.scale(np.array([huge, -huge, 4.0, 0, 0, 0, 0, 0])), [10, -10, 8, 0, 0, 0, 0, 0]
    )
