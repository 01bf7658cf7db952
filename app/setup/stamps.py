"""Remembers of each step from which inputs its outputs were made."""

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
    """Stamps of a set-up, one file a step, written when the step's outputs are in place.

    Parameters
    ----------
    folder
        Where the stamps are, and what paths of outputs are relative to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def is_current(self, step: str, inputs: str) -> bool:
        """Return whether `step` was done from the same inputs and its outputs are still as it left them."""
        stamp = self._read(step)
        return stamp.inputs == inputs and all(
            is_intact(self._folder / path, sha256) for path, sha256 in stamp.outputs.items()
        )

    def write(self, step: str, inputs: str, outputs: Sequence[Path]) -> None:
        """Stamp `step` as done, and delete what it made an earlier time and no longer makes."""
        made = {os.path.relpath(path, self._folder): sha256_of(path) for path in outputs}
        for path in self._read(step).outputs.keys() - made.keys():
            (self._folder / path).unlink(missing_ok=True)
        write_bytes(self._path(step), json.dumps(Stamp(inputs, made)._asdict(), indent=1).encode())

    def _path(self, step: str) -> Path:
        return self._folder / ".stamps" / f"{step}.json"

    def _read(self, step: str) -> Stamp:
        try:
            return Stamp(**json.loads(self._path(step).read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return Stamp("", {})
