"""The published model and those before it: one file that is served, and a folder of versions beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.learning.manifest import model_from_manifest

from ..files import write_bytes
from .errors import TrainingError

if TYPE_CHECKING:
    from sidflow_feedback.learning.model import Model
    from sidflow_feedback.types import Record

REPLACED = "replaced"
"""Key of a manifest's metadata: the version that was published before."""


class Publication:
    """The place where the global model is published.

    Parameters
    ----------
    path
        The manifest that is served. Each version is kept as `versions/<version>.json` beside it.
    first
        What is served as long as nothing has been published.
    """

    def __init__(self, path: Path, first: Path | None) -> None:
        self._path, self._first = path, first
        self._versions = path.parent / "versions"

    def present(self) -> tuple[Model, Record]:
        """Return the model that is served, and its manifest.

        Raises
        ------
        TrainingError
            If there is none, or it can't be read.
        """
        path = self._first if self._first and not self._path.exists() else self._path
        return _read(path)

    def publish(self, manifest: Record) -> None:
        """Serve this manifest from now on; what it replaces is kept."""
        _, replaced = self.present()
        self._keep(replaced)
        self._keep(manifest)
        write_bytes(self._path, _as_bytes(manifest))

    def roll_back(self) -> str:
        """Serve the version again that the present one has replaced; return it.

        Raises
        ------
        TrainingError
            If the present model has replaced none, or that one is no longer there.
        """
        _, manifest = self.present()
        before = (manifest.get("metadata") or {}).get(REPLACED)
        if not isinstance(before, str):
            raise TrainingError(f"{manifest['version']} has replaced no other model: there is no way back.")
        _, earlier = _read(self._version(before))
        write_bytes(self._path, _as_bytes(earlier))
        return before

    def _keep(self, manifest: Record) -> None:
        write_bytes(self._version(manifest["version"]), _as_bytes(manifest))

    def _version(self, version: str) -> Path:
        if not set(version) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."):
            raise TrainingError(
                f"The version {version!r} is no name of a file. Publish a model by hand first."
            )
        return self._versions / f"{version}.json"


def _read(path: Path) -> tuple[Model, Record]:
    try:
        manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return model_from_manifest(manifest), manifest
    except (OSError, ValueError, InvalidRecordError) as exc:
        raise TrainingError(
            f"The model {path} can't be read ({exc}). Run `sidflow-app setup`, or put a manifest there."
        ) from exc


def _as_bytes(manifest: Record) -> bytes:
    return (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()
