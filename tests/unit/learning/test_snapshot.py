"""Snapshots of the listener's model."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import numpy as np
import pytest

from sidflow_feedback.errors import InvalidRecordError, NewerVersionError
from sidflow_feedback.idle import finish
from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.scaler import QuantileScaler
from sidflow_feedback.learning.snapshot import (
    MAX_BYTES,
    Snapshot,
    local_number,
    snapshot_from_record,
    snapshot_to_record,
)
from sidflow_feedback.learning.uncertainty import Uncertainty, posterior_covariances
from sidflow_feedback.types import Record
from sidflow_feedback.vocabulary import SNAPSHOT_VERSION


def snapshot() -> Snapshot:
    rng = np.random.default_rng(1)
    network = Network.random(1)
    network.parameters[:] = network.parameters.astype(np.float16)
    scaler = finish(QuantileScaler.fit(rng.normal(1234.5678, 987.654, (60, 8))))
    inputs = rng.standard_normal((90, 8))
    covariances = finish(posterior_covariances(network, inputs, np.ones((90, 4))))
    uncertainty = Uncertainty(
        covariances, np.array([0.987654321, 1.1, math.nan, 2.0]), np.array([1.6, 1.7, 1.0, 0.9])
    )
    return Snapshot(
        model=Model("local-123456", "global-0-0123456789abcdef", scaler, network, uncertainty, "emcp"),
        created=1_790_000_000_000,
        read=1_790_000_000_000,
        samples=4096,
        error=0.987654321,
        mean_error=1.123456789,
    )


def written(whole: Snapshot) -> Record:
    return finish(snapshot_to_record(whole))


def stored() -> Record:
    record: Record = json.loads(json.dumps(written(snapshot())))
    return record


def test_round_trip() -> None:
    written, read = snapshot(), snapshot_from_record(stored())
    np.testing.assert_array_equal(read.model.network.parameters, written.model.network.parameters)
    assert (read.model.version, read.model.base_version) == ("local-123456", "global-0-0123456789abcdef")
    assert (read.created, read.samples, read.model.tells) == (1_790_000_000_000, 4096, "emcp")
    assert (read.error, read.mean_error) == pytest.approx((0.987654321, 1.123456789), abs=1e-6)


def test_predictions_and_what_is_known_of_them_survive() -> None:
    features = np.random.default_rng(2).normal(1234, 988, (30, 8))
    written, read = snapshot().model, snapshot_from_record(stored()).model
    np.testing.assert_array_equal(read.predict_many(features), written.predict_many(features))
    for before, after in (
        (written.judge(features, range(4))[1], read.judge(features, range(4))[1]),
        (written.half_widths(features), read.half_widths(features)),
    ):
        assert before is not None
        assert after is not None
        np.testing.assert_allclose(after, before, rtol=0.02)
        assert np.isnan(after[:, 2]).all()


def test_size() -> None:
    assert len(json.dumps(written(snapshot()))) < MAX_BYTES


def test_a_store_that_knows_one_kind_of_number_does_no_harm() -> None:
    """JavaScript gives 3 back for 3.0."""
    record = stored()
    record["error"], record["samples"] = 1.0, 4096
    rewritten = written(snapshot_from_record(_signed(record)))
    as_javascript = json.loads(json.dumps(rewritten).replace("1.0,", "1,").replace("4096", "4096.0"))
    assert snapshot_from_record(as_javascript).samples == 4096


def _signed(record: Record) -> Record:
    from sidflow_feedback.learning.snapshot import _checksum

    rest = {name: value for name, value in record.items() if name != "checksum"}
    return rest | {"checksum": _checksum(rest)}


@pytest.mark.parametrize("sizes", [[8, 3], [7, 32, 16, 4], [8, 10**9, 4], [8], [], [8, -1, 4], ["8", 4]])
def test_another_shape_is_refused(sizes: list[Any]) -> None:
    with pytest.raises(InvalidRecordError):
        snapshot_from_record(_signed(stored() | {"sizes": sizes}))


@pytest.mark.parametrize(
    ("name", "count", "kind"),
    [("weights", 884, "<f2"), ("roots", 68, "<f4"), ("correlations", 544, "<f2"), ("quantiles", 136, "<f4")],
)
def test_numbers_that_are_not_finite_are_refused(name: str, count: int, kind: str) -> None:
    values = np.full(count, np.nan, kind)
    damaged = stored() | {name: base64.b64encode(values.tobytes()).decode()}
    with pytest.raises(InvalidRecordError, match="finite"):
        snapshot_from_record(_signed(damaged))


@pytest.mark.parametrize("field", sorted(written(snapshot())))
def test_any_damage_is_noticed(field: str) -> None:
    for damaged in (stored() | {field: "damaged"}, {k: v for k, v in stored().items() if k != field}):
        with pytest.raises(InvalidRecordError) as caught:
            snapshot_from_record(damaged)
        assert caught.value.field == "checksum"


def test_one_flipped_bit_in_the_weights_is_noticed() -> None:
    record = stored()
    weights = record["weights"]
    record["weights"] = weights[:1000] + ("B" if weights[1000] == "A" else "A") + weights[1001:]
    with pytest.raises(InvalidRecordError, match="damaged"):
        snapshot_from_record(record)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("weights", "AAAA"),
        ("sizes", [8, 32, 16]),
        ("sizes", None),
        ("quantiles", "AAAA"),
        ("noises", [1.0] * 3),
        ("widths", None),
        ("roots", {"scale": 1.0}),
        ("samples", "many"),
    ],
)
def test_the_record_of_another_version_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidRecordError):
        snapshot_from_record(_signed(stored() | {field: value}))


def test_a_snapshot_of_an_earlier_version_is_refused() -> None:
    with pytest.raises(InvalidRecordError, match="earlier"):
        snapshot_from_record(_signed(stored() | {"v": SNAPSHOT_VERSION - 1}))


def test_snapshot_of_a_newer_version_is_refused_and_both_versions_are_named() -> None:
    with pytest.raises(NewerVersionError) as caught:
        snapshot_from_record(_signed(stored() | {"v": SNAPSHOT_VERSION + 1}))
    assert f"snapshot has schema version {SNAPSHOT_VERSION + 1}" in str(caught.value)
    assert f"up to {SNAPSHOT_VERSION}." in str(caught.value)


@pytest.mark.parametrize("field", ["created", "samples", "error", "v"])
def test_number_of_400_digits_is_refused(field: str) -> None:
    with pytest.raises(InvalidRecordError):
        snapshot_from_record(stored() | {field: 10**400})


def test_local_numbers() -> None:
    assert local_number("local-" + "9" * 5000) == 0
    assert [local_number(v) for v in ("local-12", "global-0-ab", "local-x", "12", None)] == [12, 0, 0, 0, 0]
