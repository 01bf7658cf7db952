"""Snapshots: the listener's model as one small JSON object for the store.

Weights are base64 of float16, to which training has rounded them; of the covariances, which are symmetric,
one half is kept. Nothing is pickled.

Schema versions of a record:

3
    The network, quantiles of the features, and how sure the predictions are. A record of an earlier
    version is refused: it has no quantiles, and the next run replaces it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sidflow_feedback.errors import InvalidRecordError, NewerVersionError
from sidflow_feedback.idle import Steps
from sidflow_feedback.learning.manifest import bytes_from_base64
from sidflow_feedback.learning.model import LAYERS, Array, Model, Network
from sidflow_feedback.learning.scaler import KNOTS, QuantileScaler
from sidflow_feedback.learning.uncertainty import Uncertainty
from sidflow_feedback.types import FloatArray, Milliseconds, Record
from sidflow_feedback.vocabulary import DIMENSIONS, FEATURE_NAMES, SNAPSHOT_VERSION

_MAX_DIGITS: Final = 9
"""Of the number of a version: more than any browser trains models."""

MAX_BYTES: Final = 8192
"""Maximum size of a snapshot."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """A model that training has made.

    Attributes
    ----------
    model
        Its version is ``local-<n>``.
    created
        Start of the run, in epoch milliseconds.
    read
        Time at which the last event was read that the model may have learned from, in epoch milliseconds.
    samples
        Number of songs it was trained on.
    error, mean_error
        See `trainer_types.Run`.
    """

    model: Model
    created: Milliseconds
    read: Milliseconds
    samples: int
    error: float
    mean_error: float


def snapshot_to_record(snapshot: Snapshot) -> Steps[Record]:
    """Return `snapshot` as a JSON object of schema version `SNAPSHOT_VERSION`. Works in small steps."""
    model = snapshot.model
    scaler, uncertainty = model.scaler, model.uncertainty
    assert isinstance(scaler, QuantileScaler), "a local model has quantiles"
    assert uncertainty is not None, "a local model knows how sure it is"
    yield "pack"
    record: Record = {
        "v": SNAPSHOT_VERSION,
        "version": model.version,
        "baseVersion": model.base_version,
        "created": int(snapshot.created),
        "read": int(snapshot.read),
        "samples": snapshot.samples,
        "error": round(snapshot.error, 6),
        "meanError": round(snapshot.mean_error, 6),
        "tells": model.tells,
        "quantiles": _base64(scaler.quantiles.astype("<f4")),
        "sizes": list(model.network.sizes),
        "weights": _base64(model.network.parameters.astype("<f2")),
        "noises": [None if math.isnan(noise) else noise for noise in uncertainty.noises.tolist()],
        "widths": uncertainty.widths.tolist(),
        **_packed(uncertainty.covariances),
    }
    yield "checksum"
    return record | {"checksum": _checksum(record)}


def snapshot_from_record(record: Record) -> Snapshot:
    """Read a snapshot.

    Raises
    ------
    NewerVersionError
        A newer release wrote the snapshot.
    InvalidRecordError
        The checksum or one of the values is wrong.
    """
    rest = {name: value for name, value in record.items() if name != "checksum"}
    try:
        if record.get("checksum") != _checksum(rest):
            raise InvalidRecordError("checksum", "doesn't match: the snapshot is damaged")
        return _read(_checked(rest))
    except InvalidRecordError:
        raise
    except (LookupError, TypeError, ValueError, OverflowError) as exc:
        raise InvalidRecordError("snapshot", f"is invalid: {exc!r}") from exc


def local_number(version: object) -> int:
    """Return n of ``local-<n>``, 0 for other versions."""
    text = version if isinstance(version, str) else ""
    number = text.removeprefix("local-")
    return int(number) if text != number and number.isdecimal() and len(number) <= _MAX_DIGITS else 0


def _checked(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `record` if it has the current schema version."""
    version = int(record.get("v", 1))
    if version > SNAPSHOT_VERSION:
        raise NewerVersionError("snapshot", version, SNAPSHOT_VERSION)
    if version < SNAPSHOT_VERSION:
        raise InvalidRecordError("v", "is that of an earlier release; the next training run replaces it")
    return record


def _read(record: Mapping[str, Any]) -> Snapshot:
    if tuple(record["sizes"]) != LAYERS:
        raise ValueError(f"a taste model can't have layers {record['sizes']}")
    quantiles = np.frombuffer(
        bytes_from_base64("quantiles", record["quantiles"], 4 * KNOTS * LAYERS[0]), "<f4"
    )
    noises = [math.nan if noise is None else float(noise) for noise in record["noises"]]
    uncertainty = Uncertainty(_unpacked(record), np.array(noises), np.array(record["widths"], np.float64))
    if not uncertainty.noises.shape == uncertainty.widths.shape == (len(DIMENSIONS),):
        raise ValueError("noises and widths must have one number for each output")
    scaler = QuantileScaler(quantiles.reshape(KNOTS, len(FEATURE_NAMES)).astype(np.float64))
    network, tells = _network(record), str(record["tells"])
    version, base_version = str(record["version"]), str(record["baseVersion"])
    return Snapshot(
        model=Model(version, base_version, scaler, network, uncertainty, tells),
        created=float(record["created"]),
        read=float(record["read"]),
        samples=int(record["samples"]),
        error=float(record["error"]),
        mean_error=float(record["meanError"]),
    )


def _network(record: Mapping[str, Any]) -> Network:
    network = Network(LAYERS)
    data = bytes_from_base64("weights", record["weights"], 2 * network.parameters.size)
    network.parameters[:] = np.frombuffer(data, "<f2")
    if not np.isfinite(network.parameters).all():
        raise ValueError("weights has weights that are not finite")
    return network


def _packed(covariances: FloatArray) -> Record:
    """Return the upper triangles in units of their largest value, each divided by its diagonal's roots."""
    roots = np.sqrt(np.maximum(np.einsum("oii->oi", covariances), 1e-30))
    correlations = covariances / (roots[:, :, None] * roots[:, None, :])
    upper = np.triu_indices(covariances.shape[1], 1)
    return {
        "roots": _base64(roots.astype("<f4")),
        "correlations": _base64(correlations[:, upper[0], upper[1]].astype("<f2")),
    }


def _unpacked(record: Mapping[str, Any]) -> FloatArray:
    size, outputs = LAYERS[-2] + 1, LAYERS[-1]
    upper = np.triu_indices(size, 1)
    roots = np.frombuffer(bytes_from_base64("roots", record["roots"], 4 * outputs * size), "<f4")
    count = outputs * len(upper[0])
    halves = np.frombuffer(bytes_from_base64("correlations", record["correlations"], 2 * count), "<f2")
    if not (np.isfinite(roots).all() and np.isfinite(halves).all()):
        raise ValueError("the covariances aren't finite")
    correlations = np.zeros((outputs, size, size))
    correlations[:, upper[0], upper[1]] = halves.reshape(outputs, -1)
    correlations += np.swapaxes(correlations, 1, 2) + np.eye(size)
    scales = roots.reshape(outputs, size).astype(np.float64)
    return correlations * scales[:, :, None] * scales[:, None, :]


def _base64(values: Array) -> str:
    return base64.b64encode(values.tobytes()).decode()


def _checksum(record: Mapping[str, Any]) -> str:
    text = json.dumps(_uniform(record), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _uniform(value: object) -> object:
    """Return a JSON value with all numbers as floats, because JavaScript doesn't distinguish 3 from 3.0."""
    if isinstance(value, Mapping):
        return {name: _uniform(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_uniform(item) for item in value]
    return float(value) + 0.0 if isinstance(value, (int, float)) else value
