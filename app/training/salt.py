"""The secret of an installation, which decides which uploads are sampled."""

from __future__ import annotations

import os
import secrets
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from .errors import TrainingError

if TYPE_CHECKING:
    from pathlib import Path

SECRET_BYTES: Final = 32


def sampling_salt(folder: Path, seed: int) -> bytes:
    """Return the salt of a run, from the secret in `folder` and the seed.

    The secret is made at the first run. It never leaves the server: whoever knew it could choose batch ids
    that are sampled, and so what the server takes for the features of a tune.

    Raises
    ------
    TrainingError
        The secret can't be read or made.
    """
    return blake2b(str(seed).encode(), key=_secret(folder / "secret"), digest_size=16).digest()


def _secret(path: Path) -> bytes:
    try:
        _make(path)
        found = path.read_bytes()
    except OSError as exc:
        raise TrainingError(f"The secret {path} can't be read or made: {exc}. Correct that.") from exc
    if len(found) != SECRET_BYTES:
        raise TrainingError(f"The secret {path} is damaged. Remove it: the next run makes another one.")
    return found


def _make(path: Path) -> None:
    """Make the secret, unless there is one; of two runs at the same time, both get the same."""
    if path.exists():
        return
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    part.touch(0o600, exist_ok=False)
    part.write_bytes(secrets.token_bytes(SECRET_BYTES))
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()
