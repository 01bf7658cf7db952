"""Downloads Pyodide's package wheels from its own distribution or a mirror."""

from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from ..files import is_intact, write_checked
from ..paths import Paths
from .archive import read_member
from .lock import PyodideWheels
from .pip import downloaded
from .progress import StepProgress

TIMEOUT = 5.0
"""Seconds to wait for Pyodide's own distribution. Closed networks often drop connections silently."""

CHUNK = 1 << 18


class UnreachableError(Exception):
    """Pyodide's own distribution can't be reached."""


def fetch_wheels(wheels: PyodideWheels, paths: Paths, progress: StepProgress) -> list[Path]:
    """Download missing wheels to static/vendor/pyodide, and return the paths of all.

    If Pyodide's own distribution can't be reached, the remaining wheels come from the mirror.

    Raises
    ------
    ChecksumError
        If a file's SHA-256 differs from the lock.
    SetupError
        If the mirror can't be reached either.
    """
    targets = {paths.vendor / "pyodide" / name: sha256 for name, sha256 in wheels.files.items()}
    missing = {path: sha256 for path, sha256 in targets.items() if not is_intact(path, sha256)}
    try:
        while missing:
            path = next(iter(missing))
            write_checked(path, _download(wheels.base_url + path.name, progress), missing[path], path.name)
            del missing[path]
    except UnreachableError as error:
        progress.note(f"{wheels.base_url} can't be reached ({error})")
        progress.note(f"using the same files from {wheels.mirror.file}")
        _extract_from_mirror(wheels, missing, paths.work, progress)
    return list(targets)


def _download(url: str, progress: StepProgress) -> bytes:
    """Return the content at `url`."""
    content = bytearray()
    try:
        with urlopen(url, timeout=TIMEOUT) as response:  # noqa: S310 - the lock's own address
            size = int(response.headers["Content-Length"] or 0)
            progress.begin(url.rpartition("/")[2], size)
            while chunk := response.read(CHUNK):
                content += chunk
                progress.advance(len(chunk))
    except (OSError, HTTPException) as error:
        raise UnreachableError(getattr(error, "reason", error)) from error
    if len(content) < size:
        raise UnreachableError(f"the connection ended after {len(content)} of {size} bytes")
    return bytes(content)


def _extract_from_mirror(
    wheels: PyodideWheels, missing: dict[Path, str], work: Path, progress: StepProgress
) -> None:
    with downloaded(wheels.mirror, work, progress) as archive:
        progress.begin("unpacking", len(missing), "files")
        for path, sha256 in missing.items():
            content = read_member(archive, wheels.mirror_folder + path.name)
            write_checked(path, content, sha256, f"{path.name} in {archive.name}")
            progress.advance()
