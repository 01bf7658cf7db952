"""Snapshots: the listener's model as one small JSON object for the store.

Weights are base64 of float16, to which training has rounded them. Adam's moments are 8-bit logarithmic
numbers: with float32, the record would have 19 KB, and moments only decide the length of the next steps
(8-bit optimizers keep the quality of training, Dettmers et al. 2022). Nothing is pickled.

Schema versions of a record:

1
    The first one, without a ``v``.
2
    ``blind`` became ``validationWeights``.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sidflow_feedback.errors import InvalidRecordError, NewerVersionError
from sidflow_feedback.idle import Steps
from sidflow_feedback.learning.manifest import MAX_WEIGHTS, bytes_from_base64
from sidflow_feedback.learning.model import LAYERS, Array, Model, Network, parameter_count
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.types import Milliseconds, Record
from sidflow_feedback.vocabulary import SNAPSHOT_VERSION

MAX_BYTES: Final = 8192
"""Maximum size of a snapshot of the usual network. A larger global model has larger snapshots."""

_STEPS_PER_OCTAVE = 8
_CODES = 127


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """A model that training has accepted, and the state to continue training from.

    Attributes
    ----------
    model
        Its version is ``local-<n>``.
    validation_network
        The network that was fitted without the held-out rows. The next run starts from it, and is compared
        with it.
    moments, steps
        State of the optimizer that fitted `validation_network`, see `Adam`.
    created
        Start of the run, in epoch milliseconds.
    read
        Time at which the last event was read that the model may have learned from, in epoch milliseconds.
    samples
        Number of songs it was trained on.
    error_before, error_after
        Held-out error (root mean square, in ratings) of the model it started from and of the validation
        network.
    """

    model: Model
    validation_network: Network
    moments: Array
    steps: int
    created: Milliseconds
    read: Milliseconds
    samples: int
    error_before: float
    error_after: float


def snapshot_to_record(snapshot: Snapshot) -> Steps[Record]:
    """Return `snapshot` as a JSON object of schema version `SNAPSHOT_VERSION`. Works in small steps."""
    model = snapshot.model
    means, squares = snapshot.moments
    means1 = _compress(means)
    yield "compress"
    roots2 = _compress(np.sqrt(squares), up=True)
    yield "pack"
    record: Record = {
        "v": SNAPSHOT_VERSION,
        "version": model.version,
        "baseVersion": model.base_version,
        "created": int(snapshot.created),
        "read": int(snapshot.read),
        "samples": snapshot.samples,
        "errorBefore": round(snapshot.error_before, 6),
        "errorAfter": round(snapshot.error_after, 6),
        "means": list(model.scaler.means),
        "deviations": list(model.scaler.deviations),
        "sizes": list(model.network.sizes),
        "weights": _base64(model.network.parameters.astype("<f2")),
        "validationWeights": _base64(snapshot.validation_network.parameters.astype("<f2")),
        "steps": snapshot.steps,
        "means1": means1,
        "roots2": roots2,
    }
    yield "checksum"
    return record | {"checksum": _checksum(record)}


def snapshot_from_record(record: Record) -> Snapshot:
    """Read a snapshot that this release or an earlier one has stored.

    Raises
    ------
    NewerVersionError
        A newer release wrote the snapshot.
    InvalidRecordError
        The checksum or one of the values is wrong.
    """
    rest = {name: value for name, value in record.items() if name != "checksum"}
    if record.get("checksum") != _checksum(rest):
        raise InvalidRecordError("checksum", "doesn't match: the snapshot is damaged")
    try:
        return _read(_migrated(rest))
    except (LookupError, TypeError, ValueError, OverflowError) as exc:
        raise InvalidRecordError("snapshot", f"is invalid: {exc!r}") from exc


def local_number(version: object) -> int:
    """Return n of ``local-<n>``, 0 for other versions."""
    text = version if isinstance(version, str) else ""
    number = text.removeprefix("local-")
    return int(number) if text != number and number.isdecimal() else 0


def _migrated(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `record` as the current schema version has it."""
    version = int(record.get("v", 1))
    if version > SNAPSHOT_VERSION:
        raise NewerVersionError("snapshot", version, SNAPSHOT_VERSION)
    return {**record, "validationWeights": record["blind"]} if version == 1 else record


def _read(record: Mapping[str, Any]) -> Snapshot:
    sizes = record["sizes"]
    if sizes[0] != LAYERS[0] or sizes[-1] != LAYERS[-1] or parameter_count(sizes) > MAX_WEIGHTS:
        raise ValueError(f"a taste model can't have layers {sizes}")
    network, validation_network = (_network(sizes, record, name) for name in ("weights", "validationWeights"))
    size = network.parameters.size
    scaler = FeatureScaler(tuple(record["means"]), tuple(record["deviations"]))
    roots = _expand(record["roots2"], size)
    return Snapshot(
        model=Model(str(record["version"]), str(record["baseVersion"]), scaler, network),
        validation_network=validation_network,
        moments=np.stack([_expand(record["means1"], size), roots**2]),
        steps=int(record["steps"]),
        created=float(record["created"]),
        read=float(record["read"]),
        samples=int(record["samples"]),
        error_before=float(record["errorBefore"]),
        error_after=float(record["errorAfter"]),
    )


def _network(sizes: Sequence[int], record: Mapping[str, Any], name: str) -> Network:
    network = Network(sizes)
    data = bytes_from_base64(name, record[name], 2 * network.parameters.size)
    network.parameters[:] = np.frombuffer(data, "<f2")
    if not np.isfinite(network.parameters).all():
        raise ValueError(f"{name} has weights that are not finite")
    return network


def _compress(values: Array, *, up: bool = False) -> Record:
    """Return `values` as signs and magnitudes in eighths of an octave below the largest; code 0 is 0.

    Magnitudes are rounded down, or `up`. With Adam's first moment rounded down and the root of the second
    rounded up, no step gets longer.
    """
    magnitudes = np.abs(values.astype(np.float64))
    scale = float(magnitudes.max()) or 1.0
    with np.errstate(divide="ignore"):
        eighths = _STEPS_PER_OCTAVE * np.log2(magnitudes / scale)
    codes = np.clip((np.ceil if up else np.floor)(eighths) + _CODES, 1 if up else 0, _CODES)
    return {"scale": scale, "codes": _base64((np.sign(values) * codes).astype(np.int8))}


def _expand(packed: Mapping[str, Any], size: int) -> Array:
    codes = np.frombuffer(bytes_from_base64("codes", packed["codes"], size), np.int8).astype(np.float64)
    magnitudes = packed["scale"] * 2 ** ((np.abs(codes) - _CODES) / _STEPS_PER_OCTAVE)
    values: Array = (np.sign(codes) * magnitudes).astype(np.float32)
    return values


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
