"""A folder with a global model in files of TensorFlow.js, as `model.save("file://…")` writes them."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from sidflow_feedback.errors import InvalidRecordError

METADATA = "model-metadata.json"
STATISTICS = "feature-stats.json"
TOPOLOGIES = ("model.json", "model/model.json")


def read_folder(folder: Path, read: Callable[[Path], bytes]) -> dict[str, Any]:
    """Return the manifest of a folder: ``model.json``, its weights, and perhaps metadata and statistics.

    Parameters
    ----------
    read
        Returns the content of a file, or raises an error if it is missing or too large.

    Raises
    ------
    InvalidRecordError
        A part is missing, or isn't what TensorFlow.js writes.
    """
    found = next((folder / name for name in TOPOLOGIES if (folder / name).is_file()), None)
    if found is None:
        raise InvalidRecordError("model.json", "is missing in the folder, and in model/ below it")
    saved = _object(found, read)
    specs, data = _weights(found.parent, saved, read)
    metadata = _object(folder / METADATA, read) if (folder / METADATA).is_file() else {}
    statistics = _object(folder / STATISTICS, read) if (folder / STATISTICS).is_file() else None
    version = metadata.get("modelVersion") or f"tfjs-{hashlib.sha256(data).hexdigest()[:12]}"
    return {
        "version": version,
        "metadata": metadata,
        "featureStats": statistics,
        "modelTopology": saved.get("modelTopology"),
        "weightSpecs": specs,
        "weightData": base64.b64encode(data).decode(),
    }


def _weights(
    folder: Path, saved: dict[str, Any], read: Callable[[Path], bytes]
) -> tuple[list[dict[str, Any]], bytes]:
    groups = saved.get("weightsManifest")
    if not isinstance(groups, list) or not groups:
        raise InvalidRecordError("weightsManifest", "must be a list in model.json")
    specs, data = [], b""
    for group in groups:
        if not isinstance(group, dict) or not isinstance(group.get("paths"), list):
            raise InvalidRecordError("weightsManifest", "must have groups of paths and weights")
        for name in group["paths"]:
            if not isinstance(name, str) or Path(name).name != name:
                raise InvalidRecordError("weightsManifest.paths", "must be names of files in the same folder")
            data += read(folder / name)
        specs += group.get("weights", [])
    return specs, data


def _object(path: Path, read: Callable[[Path], bytes]) -> dict[str, Any]:
    value = from_json(read(path), allow_inf_nan=False)
    if not isinstance(value, dict):
        raise InvalidRecordError(path.name, "must be a JSON object")
    return value
