"""Stamps: the inputs from which each step's outputs were checksums."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..files import is_intact, sha256_of, write_bytes


class Stamp(NamedTuple):
    """Fingerprint of a step's inputs, and SHA-256 of each of its outputs by relative path."""

    inputs: str
    outputs: dict[str, str]


class Stamps:
    """The stamps of a set-up: one file per step, written after its outputs.

    Parameters
    ----------
    folder
        The folder of the stamps. Paths of outputs are relative to it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def is_current(self, step: str, inputs: str) -> bool:
        """Return whether `step` was run with the same inputs and its outputs are unchanged."""
        stamp = self._read(step)
        return stamp.inputs == inputs and all(
            is_intact(self._folder / path, sha256) for path, sha256 in stamp.outputs.items()
        )

    def write(self, step: str, inputs: str, outputs: Sequence[Path]) -> None:
        """Stamp `step` as done, and delete outputs of earlier runs that it no longer makes."""
        checksums = {os.path.relpath(path, self._folder): sha256_of(path) for path in outputs}
        for path in self._read(step).outputs.keys() - checksums.keys():
            (self._folder / path).unlink(missing_ok=True)
        write_bytes(self._path(step), json.dumps(Stamp(inputs, checksums)._asdict(), indent=1).encode())

    def _path(self, step: str) -> Path:
        return self._folder / ".stamps" / f"{step}.json"

    def _read(self, step: str) -> Stamp:
        try:
            return Stamp(**json.loads(self._path(step).read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return Stamp("", {})
