"""Adds what set-up made to the application's wheels, and refuses to build them without it."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COPIES = ".compressed"
MIN_BYTES = 1024
"""Smaller files have no compressed copy."""


class SetupOutputs(BuildHookInterface[Any]):
    """Adds files of static/vendor, and Brotli copies of these and of other files that are served.

    In its configuration, `include` and `exclude` are patterns of files in static/vendor. Each of `include`
    must match. `served` are the folders of the other files.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Choose the files."""
        del version
        self._top = next(folder for folder in Path(self.root).parents if (folder / "static").is_dir())
        self._vendor = self._top / "static" / "vendor"
        files = self._chosen()
        build_data["force_include"].update({str(file): self._target(file) for file in files})
        served = [file for folder in self.config.get("served", ()) for file in _files(self._top / folder)]
        copies = {self._copy(file) for file in [*files, *served] if file.stat().st_size >= MIN_BYTES}
        build_data["force_include"].update({str(copy): self._target(copy) for copy in copies})

    def _chosen(self) -> list[Path]:
        excluded = {file for pattern in self.config.get("exclude", ()) for file in self._vendor.glob(pattern)}
        found: set[Path] = set()
        for pattern in self.config["include"]:
            matches = {file for file in self._vendor.glob(pattern) if file.is_file()} - excluded
            if not matches:
                raise _incomplete(f"static/vendor/{pattern}")
            found |= matches
        return sorted(found)

    def _copy(self, file: Path) -> Path:
        copy = self._vendor / COPIES / f"{sha256(file.read_bytes()).hexdigest()}.br"
        if not copy.is_file():
            raise _incomplete(f"the compressed copy of {file.relative_to(self._top)}")
        return copy

    def _target(self, file: Path) -> str:
        return f"vendor/{file.relative_to(self._vendor).as_posix()}"


def _files(folder: Path) -> Iterator[Path]:
    hidden = (".", "__pycache__")
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith(hidden) for part in path.relative_to(folder).parts):
            yield path


def _incomplete(missing: str) -> Exception:
    return FileNotFoundError(
        f"The wheel would be incomplete: {missing} is missing, which set-up makes. Run `make dist`."
    )
