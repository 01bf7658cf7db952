"""The published model and its predecessors: the served file, and a folder of versions beside it."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.learning.manifest import model_from_manifest

from ..files import write_bytes
from .errors import TrainingError

if TYPE_CHECKING:
    from sidflow_feedback.learning.model import Model
    from sidflow_feedback.types import Record

REPLACED = "replaced"
"""Key in a manifest's metadata for the version that it replaced."""


class Publication:
    """Publishes the global model.

    Parameters
    ----------
    path
        The served manifest. Each version is kept as `versions/<version>.json` beside it.
    first
        The manifest that is served until there is one at `path`.
    """

    def __init__(self, path: Path, first: Path) -> None:
        self._path, self._first = path, first
        self._versions = path.parent / "versions"

    def current(self) -> tuple[Model, Record]:
        """Return the published model and its manifest.

        Raises
        ------
        TrainingError
            If it is missing or invalid.
        """
        return _read(self._path if self._path.exists() else self._first)

    def ensure_writable(self) -> None:
        """Create the folders of the model.

        Raises
        ------
        TrainingError
            If that isn't possible, or they can't be written to.
        """
        try:
            self._versions.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self._path.parent), TemporaryFile(dir=self._versions):
                pass
        except OSError as exc:
            raise TrainingError(
                f"No model can be written to {self._path.parent}: {exc}. "
                "Correct that, or set SIDFLOW_MODEL_PATH to a file in another folder."
            ) from exc

    def publish(self, manifest: Record) -> None:
        """Publish this manifest, and keep the one that it replaces."""
        _, replaced = self.current()
        self._keep(replaced)
        self._keep(manifest)
        write_bytes(self._path, _as_bytes(manifest))

    def roll_back(self) -> str:
        """Publish the version again that the current one replaced, and return it.

        Raises
        ------
        TrainingError
            If the current model replaced none, or its predecessor is missing.
        """
        _, manifest = self.current()
        before = (manifest.get("metadata") or {}).get(REPLACED)
        if not isinstance(before, str):
            raise TrainingError(
                f"{manifest['version']} did not replace another model, so there is none to go back to."
            )
        _, earlier = _read(self._version(before))
        write_bytes(self._path, _as_bytes(earlier))
        return before

    def _keep(self, manifest: Record) -> None:
        write_bytes(self._version(manifest["version"]), _as_bytes(manifest))

    def _version(self, version: str) -> Path:
        if not set(version) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."):
            raise TrainingError(
                f"The version {version!r} can't be a file name. Publish a model with another version first."
            )
        return self._versions / f"{version}.json"


def _read(path: Path) -> tuple[Model, Record]:
    try:
        manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return model_from_manifest(manifest), manifest
    except (OSError, ValueError, InvalidRecordError) as exc:
        raise TrainingError(
            f"The model {path} can't be read: {exc}. Put a valid manifest there, or remove the file to go "
            "back to the first model."
        ) from exc


def _as_bytes(manifest: Record) -> bytes:
    return (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()
