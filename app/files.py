"""Files that are whole or absent, and their checksums."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import ChecksumError

_HIDDEN = (".", "__pycache__")


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a temporary path beside `target`, and put it in the target's place if the block ends well.

    The temporary name is always the same, so what a killed process left is overwritten by the next one.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def write_bytes(target: Path, data: bytes) -> Path:
    """Write `data` to `target` at once and return the target."""
    with replacing(target) as part:
        part.write_bytes(data)
    return target


def checked(data: bytes, sha256: str, source: str) -> bytes:
    """Return `data`, which came from `source`, if it has the SHA-256 that the lock names."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise ChecksumError(source, sha256, found)
    return data


def write_checked(target: Path, data: bytes, sha256: str, source: str) -> Path:
    """Write `data`, which came from `source`, if it has the SHA-256 that the lock names."""
    return write_bytes(target, checked(data, sha256, source))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(path: Path, sha256: str) -> bool:
    """Return whether `path` is a file with this SHA-256."""
    return path.is_file() and sha256_of(path) == sha256


def sources_in(*folders: Path) -> list[Path]:
    """Return the source files in `folders` and below in a fixed order, without caches and hidden ones."""
    return sorted(path for folder in folders for path in _sources(folder))


def _sources(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(_HIDDEN)]
        paths = (Path(root, name) for name in files if not name.startswith(_HIDDEN))
        yield from (path for path in paths if path.is_file())


def fingerprint(parts: Iterable[Path | str]) -> str:
    """Return one SHA-256 over texts and over the names and contents of files."""
    digest = hashlib.sha256()
    for part in parts:
        text = part if isinstance(part, str) else f"{part.name} {sha256_of(part)}"
        digest.update(f"{len(text)}:{text}".encode())
    return digest.hexdigest()
