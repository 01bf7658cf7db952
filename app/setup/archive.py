"""Reading archives that others made, without trusting the names in them."""

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
            f"{archive.name} does not hold {name} ({error}): the lock names the wrong archive."
        ) from error


def unpack_sdist(archive: Path, folder: Path) -> Path:
    """Unpack the regular files of a .tar.gz into `folder` and return the one folder at its top.

    Links, devices and modes are left out: sources need none. A name that leads out of the folder is refused.
    """
    try:
        with tarfile.open(archive, "r:gz") as opened:
            members = {member.name: opened.extractfile(member) for member in opened if member.isfile()}
            targets = {name: folder / safe_name(archive, name) for name in members}
            for name, file in members.items():
                write_bytes(targets[name], file.read() if file else b"")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise SetupError(f"{archive} cannot be unpacked: {error}. Delete it and run set-up again.") from error
    return folder / _single_top(archive, list(members))


def safe_name(archive: Path, name: str) -> PurePosixPath:
    """Return `name` as a relative path, or raise `SetupError` if it leads out of the folder to fill."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not path.parts:
        raise SetupError(
            f"{archive.name} holds the name {name!r}, which leads out of its folder. It was not unpacked."
        )
    return path


def _single_top(archive: Path, names: list[str]) -> str:
    tops = {PurePosixPath(name).parts[0] for name in names}
    if len(tops) != 1:
        raise SetupError(f"{archive.name} is no sdist: it has {len(tops)} folders at its top instead of one.")
    return tops.pop()
