"""What the listener's model has learned, as one small JSON object for the store.

Layout: weights as base64 of float16, to which training has rounded them; Adam's moments as 8-bit logarithmic
numbers: with float32 the record would be 19 KB, and they only set the length of the next steps (Dettmers et
al. 2022, "8-bit optimizers", keep training quality with them). No pickle anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.idle import Steps
from sidflow_feedback.learning.manifest import MAX_WEIGHTS, bytes_from_base64
from sidflow_feedback.learning.model import LAYERS, Array, Model, Network, parameter_count
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.types import Milliseconds, Record

MAX_BYTES: Final = 8192
"""Size of a snapshot of the usual network; a larger global model makes larger snapshots."""

_STEPS_PER_OCTAVE = 8
_CODES = 127


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """A model that training has accepted, with what is needed to train on.

    Attributes
    ----------
    model
        Its version is ``local-<n>``.
    validation_network
        The network before it was fitted to the held-out rows, too: what the next run starts from, and is
        compared with.
    moments, steps
        State of the optimizer of `validation_network`, see `Adam`.
    created
        Epoch milliseconds when the run began.
    read
        When the last event was read that it may have learned from, as `created`.
    samples
        Tunes it was trained on.
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
    """Return `snapshot` as a JSON object, with a checksum; made in small steps."""
    model = snapshot.model
    means, squares = snapshot.moments
    means1 = _compress(means)
    yield "compress"
    roots2 = _compress(np.sqrt(squares), up=True)
    yield "pack"
    record: Record = {
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
        "validation_network": _base64(snapshot.validation_network.parameters.astype("<f2")),
        "steps": snapshot.steps,
        "means1": means1,
        "roots2": roots2,
    }
    yield "checksum"
    return record | {"checksum": _checksum(record)}


def snapshot_from_record(record: Record) -> Snapshot:
    """Read a snapshot from the store.

    Raises
    ------
    InvalidRecordError
        Its checksum or one of its values is wrong.
    """
    rest = {name: value for name, value in record.items() if name != "checksum"}
    if record.get("checksum") != _checksum(rest):
        raise InvalidRecordError("checksum", "does not match: the snapshot is damaged")
    try:
        return _read(rest)
    except (LookupError, TypeError, ValueError, OverflowError) as exc:
        raise InvalidRecordError("snapshot", f"is not of the form this version writes ({exc!r})") from exc


def local_number(version: object) -> int:
    """Return n of ``local-<n>``, 0 for other versions."""
    text = version if isinstance(version, str) else ""
    number = text.removeprefix("local-")
    return int(number) if text != number and number.isdecimal() else 0


def _read(record: Mapping[str, Any]) -> Snapshot:
    sizes = record["sizes"]
    if sizes[0] != LAYERS[0] or sizes[-1] != LAYERS[-1] or parameter_count(sizes) > MAX_WEIGHTS:
        raise ValueError(f"layers {sizes} are not those of a taste model")
    network, validation_network = (
        _network(sizes, record, name) for name in ("weights", "validation_network")
    )
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
    """Return `values` as signs and magnitudes in eighths of an octave below the largest, code 0 for 0.

    Magnitudes are rounded down, or `up`: with Adam's first moment down and the root of its second up, no
    step becomes longer than it would have been.
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
    """Return a JSON value with all numbers as floats: JavaScript's stores don't keep 3 and 3.0 apart."""
    if isinstance(value, Mapping):
        return {name: _uniform(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_uniform(item) for item in value]
    return float(value) + 0.0 if isinstance(value, (int, float)) else value
