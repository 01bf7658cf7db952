"""Snapshots of the listener's model."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from sidflow_feedback.errors import InvalidRecordError, NewerVersionError
from sidflow_feedback.learning.adam import Adam
from sidflow_feedback.learning.learner import Learner
from sidflow_feedback.learning.model import Array, Model, Network
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.learning.snapshot import (
    MAX_BYTES,
    Snapshot,
    local_number,
    snapshot_from_record,
    snapshot_to_record,
)
from sidflow_feedback.types import Record
from sidflow_feedback.vocabulary import SNAPSHOT_VERSION
from tests.unit.listening import drained


def trained() -> Learner:
    rng = np.random.default_rng(1)
    learner = Learner(Network.random(1))
    data = rng.standard_normal((64, 8)), rng.uniform(1, 5, (64, 4)), np.ones((64, 4))
    for _ in learner.learn_many(*data, 30):
        pass
    return learner


def _half(network: Network) -> Network:
    network.parameters[:] = network.parameters.astype(np.float16)
    return network


def snapshot() -> Snapshot:
    learner = trained()
    scaler = FeatureScaler.fit(np.random.default_rng(2).normal(1234.5678, 987.654, (60, 8)))
    return Snapshot(
        model=Model("local-123456", "global-0-0123456789abcdef", scaler, _half(learner.network)),
        validation_network=_half(Network.random(2)),
        moments=learner.adam.moments,
        steps=10_000_000,
        created=1_790_000_000_000,
        read=1_790_000_000_000,
        samples=4096,
        error_before=0.987654321,
        error_after=0.123456789,
    )


def written(whole: Snapshot) -> Record:
    return drained(snapshot_to_record(whole))


def stored() -> Record:
    record: Record = json.loads(json.dumps(written(snapshot())))
    return record


def test_round_trip() -> None:
    written, read = snapshot(), snapshot_from_record(stored())
    np.testing.assert_array_equal(read.model.network.parameters, written.model.network.parameters)
    np.testing.assert_array_equal(read.validation_network.parameters, written.validation_network.parameters)
    assert read.model.scaler == written.model.scaler
    assert (read.model.version, read.model.base_version) == ("local-123456", "global-0-0123456789abcdef")
    assert (read.steps, read.created, read.samples) == (10_000_000, 1_790_000_000_000, 4096)
    assert read.error_before == pytest.approx(written.error_before, abs=1e-6)
    assert read.error_after == pytest.approx(written.error_after, abs=1e-6)


def test_size() -> None:
    assert len(json.dumps(written(snapshot()))) < MAX_BYTES


def test_a_store_that_knows_one_kind_of_number_does_no_harm() -> None:
    """JavaScript gives 3 back for 3.0."""
    record = stored()
    record["errorBefore"], record["samples"] = 1.0, 4096
    rewritten = written(snapshot_from_record(_signed(record)))
    as_javascript = json.loads(json.dumps(rewritten).replace("1.0,", "1,").replace("4096", "4096.0"))
    assert snapshot_from_record(as_javascript).samples == 4096


def _signed(record: Record) -> Record:
    from sidflow_feedback.learning.snapshot import _checksum

    rest = {name: value for name, value in record.items() if name != "checksum"}
    return rest | {"checksum": _checksum(rest)}


def _step(moments: Array) -> Array:
    return np.asarray(moments[0] / (np.sqrt(moments[1]) + Adam.epsilon))


def test_moments_keep_direction_and_never_lengthen_a_step() -> None:
    before, after = _step(snapshot().moments), _step(snapshot_from_record(stored()).moments)
    assert (after * before >= 0).all()
    assert (np.abs(after) <= np.abs(before) * 1.0001).all()
    assert np.abs(after).mean() > 0.8 * np.abs(before).mean()


def test_a_moment_too_small_for_its_code_lengthens_no_step() -> None:
    rare = snapshot()
    rare.moments[0], rare.moments[1] = 1e-6, 1e-12
    rare.moments[:, 0] = 0.01, 1.0
    read = snapshot_from_record(written(rare))
    assert _step(rare.moments).max() == pytest.approx(1, rel=0.02)
    assert _step(read.moments).max() <= 1


def test_moments_before_the_first_step() -> None:
    fresh = snapshot()
    fresh.moments[:] = 0
    read = snapshot_from_record(written(fresh))
    assert (read.moments[0] == 0).all()
    assert np.isfinite(read.moments).all()


@pytest.mark.parametrize("sizes", [[8, 3], [7, 32, 16, 4], [8, 10**9, 4], [8], [], [8, -1, 4], ["8", 4]])
def test_another_shape_is_refused(sizes: list[Any]) -> None:
    with pytest.raises(InvalidRecordError):
        snapshot_from_record(_signed(stored() | {"sizes": sizes}))


@pytest.mark.parametrize("name", ["weights", "validationWeights"])
def test_weights_that_are_not_finite_are_refused(name: str) -> None:
    values = np.full(884, np.nan, "<f2")
    damaged = stored() | {name: base64.b64encode(values.tobytes()).decode()}
    with pytest.raises(InvalidRecordError, match="not finite"):
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
        ("means", [0.0] * 7),
        ("deviations", [0.0] * 8),
        ("roots2", {"scale": 1.0}),
        ("means1", []),
        ("steps", "many"),
    ],
)
def test_the_record_of_another_version_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidRecordError):
        snapshot_from_record(_signed(stored() | {field: value}))


def test_snapshot_of_version_1_is_migrated() -> None:
    old = stored()
    old["blind"] = old.pop("validationWeights")
    del old["v"]
    np.testing.assert_array_equal(
        snapshot_from_record(_signed(old)).validation_network.parameters,
        snapshot_from_record(stored()).validation_network.parameters,
    )


def test_snapshot_of_a_newer_version_is_refused_and_both_versions_are_named() -> None:
    with pytest.raises(NewerVersionError) as caught:
        snapshot_from_record(_signed(stored() | {"v": SNAPSHOT_VERSION + 1}))
    assert f"snapshot has schema version {SNAPSHOT_VERSION + 1}" in str(caught.value)
    assert f"up to {SNAPSHOT_VERSION}." in str(caught.value)


def test_local_numbers() -> None:
    assert [local_number(v) for v in ("local-12", "global-0-ab", "local-x", "12", None)] == [12, 0, 0, 0, 0]
