"""The C++ compiler for the emulator: Zig, from the Python package `ziglang`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ..errors import SetupError
from . import install

LOCK = install.REQUIREMENTS / "compiler.txt"

_LAST_LINES = 20


@dataclass(frozen=True)
class Compiler:
    """A Zig compiler.

    Attributes
    ----------
    folder
        The package `ziglang`.
    cache
        Folder for what later builds can use again.
    """

    folder: Path
    cache: Path

    @property
    def library(self) -> Path:
        """The folder of Zig's own sources."""
        return self.folder / "lib"

    def run(self, arguments: Sequence[str]) -> None:
        """Run `zig` with these arguments.

        Raises
        ------
        SetupError
            If it fails. The message has its last lines.
        """
        zig = shutil.which("zig", path=self.folder)
        if zig is None:
            raise SetupError(f"{self.folder} has no compiler. Run set-up again to fetch it.")
        caches = dict.fromkeys(("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"), str(self.cache))
        result = subprocess.run(
            [zig, *arguments], env={**os.environ, **caches}, capture_output=True, text=True, check=False
        )
        if result.returncode:
            raise SetupError(_failure(result.stderr))


@contextmanager
def provided(work: Path) -> Iterator[Compiler]:
    """Provide the compiler of this environment, else one in a temporary folder in `work`.

    It has 410 MB, so whoever only runs the application doesn't keep it.

    Raises
    ------
    SetupError
        If it can't be fetched.
    """
    if found := installed_compiler(work):
        yield found
        return
    folder = work / "compiler"
    shutil.rmtree(folder, ignore_errors=True)  # Left by a killed set-up.
    try:
        _fetch(folder)
        yield Compiler(folder / "ziglang", folder / "zig-cache")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def installed_compiler(work: Path) -> Compiler | None:
    """Return the compiler of this environment, which only a developer's has, with a cache in `work`."""
    found = find_spec("ziglang")
    if found is None or found.origin is None:
        return None
    return Compiler(Path(found.origin).parent, work / "zig-cache")


def _fetch(folder: Path) -> None:
    command = [sys.executable, str(install.__file__), "--target", str(folder), LOCK.name]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SetupError("The C++ compiler could not be fetched:\n" + _last_lines(result.stderr))


def _last_lines(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-_LAST_LINES:])


def _failure(stderr: str) -> str:
    return (
        f"The SID emulator did not compile. The compiler's last lines:\n{_last_lines(stderr)}\n"
        "Check that the disk is not full and that `ziglang` is the version in pyproject.toml, "
        "then run set-up again."
    )
