"""Downloads from the Python package index with pip."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen

from ..errors import ChecksumError, SetupError
from . import metadata_backend
from .lock import PyPIArchive
from .progress import StepProgress

SDIST_BACKEND = Path("scikit_build_core", "build.py")
"""The module that the locked sdist names as its backend."""

_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_MISMATCH = re.compile(r"Expected sha256 (\w+)\s+Got\s+(\w+)")


@contextmanager
def downloaded(archive: PyPIArchive, work: Path, progress: StepProgress) -> Iterator[Path]:
    """Download `archive` into a temporary folder in `work`. pip verifies its SHA-256 before unpacking it.

    Raises
    ------
    ChecksumError
        If the file's SHA-256 differs from the lock.
    SetupError
        If pip is missing or can't download the file.
    """
    folder = work / f"download-{archive.name}"
    shutil.rmtree(folder, ignore_errors=True)  # Left by a killed set-up.
    folder.mkdir(parents=True)
    try:
        _run_pip(archive, folder, progress)
        yield folder / archive.file
    finally:
        shutil.rmtree(folder)


def _run_pip(archive: PyPIArchive, folder: Path, progress: StepProgress) -> None:
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{archive.name}=={archive.version} --hash=sha256:{archive.sha256}\n", "utf-8")
    kind = "--only-binary" if archive.is_wheel else "--no-binary"
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--ignore-requires-python"),
        *("--no-build-isolation", kind, ":all:", "--require-hashes", "--progress-bar", "raw"),
        *("--dest", str(folder), "-r", str(requirement)),
    ]
    progress.begin(f"pip: {archive.file}")
    status, output = _follow(command, _backend_environment(folder), progress)
    if status or not (folder / archive.file).is_file():
        raise _failure(archive, output)


def _backend_environment(folder: Path) -> dict[str, str]:
    backend = folder / "backend" / SDIST_BACKEND
    backend.parent.mkdir(parents=True)
    shutil.copy(metadata_backend.__file__, backend)
    return {**os.environ, "PYTHONPATH": str(folder / "backend")}


def _follow(command: list[str], environment: dict[str, str], progress: StepProgress) -> tuple[int, str]:
    """Run `command`, report its progress lines, and return its exit status and the other lines."""
    lines = []
    with Popen(command, env=environment, stdout=PIPE, stderr=STDOUT, text=True) as process:
        try:
            for line in process.stdout or ():
                if match := _PROGRESS.match(line):
                    progress.reach(int(match[1]), int(match[2]))
                else:
                    lines.append(line)
        except BaseException:
            process.kill()
            raise
    return process.returncode, "".join(lines)


def _failure(archive: PyPIArchive, output: str) -> SetupError:
    if match := _MISMATCH.search(output):
        return ChecksumError(archive.file, match[1], match[2])
    if "No module named pip" in output:
        return SetupError(
            f"{archive.file} could not be downloaded: this Python has no pip. "
            f"Run '{sys.executable} -m ensurepip', then run set-up again."
        )
    reasons = [line for line in output.splitlines() if line.startswith("ERROR")] or output.splitlines()[-5:]
    return SetupError(
        f"pip could not download {archive.name}=={archive.version}:\n  " + "\n  ".join(reasons) + "\n"
        "Check that the Python package index can be reached (see pip's own settings), then run set-up again."
    )
