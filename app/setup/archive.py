"""Reading third-party archives without trusting the names in them."""

import tarfile
import zipfile
from pathlib import Path, PurePosixPath

from ..errors import SetupError
from ..files import write_bytes


def read_member(archive: Path, name: str) -> bytes:
    """Return the content of the file `name` in a zip archive."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return opened.read(name)
    except (KeyError, zipfile.BadZipFile) as error:
        raise SetupError(
            f"{archive.name} does not contain {name} ({error}): the lock names the wrong archive. "
            "Run `make lock`, or correct app/setup/assets.lock.json."
        ) from error


def unpack_sdist(archive: Path, folder: Path) -> Path:
    """Unpack the regular files of a .tar.gz into `folder` and return its single top-level folder.

    Links, devices, and modes are ignored, since sources need none. Names that leave the folder are rejected.
    """
    try:
        with tarfile.open(archive, "r:gz") as opened:
            members = {member.name: opened.extractfile(member) for member in opened if member.isfile()}
            targets = {name: folder / safe_name(archive, name) for name in members}
            for name, file in members.items():
                write_bytes(targets[name], file.read() if file else b"")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise SetupError(f"{archive} can't be unpacked: {error}. Delete it and run set-up again.") from error
    return folder / _single_top(archive, list(members))


def safe_name(archive: Path, name: str) -> PurePosixPath:
    """Return `name` as a relative path, or raise `SetupError` if it leaves the target folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not path.parts:
        raise SetupError(
            f"{archive.name} was not unpacked, because its member {name!r} leaves the target folder. "
            "Don't trust its source."
        )
    return path


def _single_top(archive: Path, names: list[str]) -> str:
    tops = {PurePosixPath(name).parts[0] for name in names}
    if len(tops) != 1:
        raise SetupError(
            f"{archive.name} is not an sdist: it has {len(tops)} top-level folders. Check the lock."
        )
    return tops.pop()
