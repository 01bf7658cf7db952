"""A folder with an export: a new one replaces what the one before wrote there, and nothing else."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from .errors import SetupError
from .files import sha256_of, write_bytes

LIST = "sidflow-export.json"
"""Names the files of the export, with the SHA-256 that each may have: two of them while it is replaced."""


def replace_export(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files into `folder`, in this order, in place of an earlier export.

    Parameters
    ----------
    contents
        By path below the folder.

    Raises
    ------
    SetupError
        There is something else in the folder, or a file of the export was changed. Nothing is written then.
    OSError
        The folder can't be written.
    """
    before = _listed(folder)
    after = {path: [sha256(content).hexdigest()] for path, content in contents.items()}
    for path in [LIST, *before, *after]:
        _check(folder, path, before)
    both = {path: before.get(path, []) + after.get(path, []) for path in before | after}
    write_bytes(folder / LIST, _as_bytes(both))
    for path in before.keys() - after.keys():
        (folder / path).unlink(missing_ok=True)
        _remove_empty(folder, path)
    for path, content in contents.items():
        write_bytes(folder / path, content)
    write_bytes(folder / LIST, _as_bytes(after))


def _listed(folder: Path) -> dict[str, list[str]]:
    if not folder.exists() or not any(folder.iterdir()):
        return {}
    try:
        listed: dict[str, list[str]] = json.loads((folder / LIST).read_text("utf-8"))["files"]
        if all(_is_below(path) and isinstance(sums, list) for path, sums in listed.items()):
            return listed
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    raise SetupError(f"{folder} has something else in it. Name a new folder, or one with an earlier export.")


def _is_below(path: str) -> bool:
    parts = Path(path).parts
    return bool(parts) and not Path(path).is_absolute() and ".." not in parts


def _check(folder: Path, path: str, known: Mapping[str, list[str]]) -> None:
    """Refuse to touch a file that no export wrote, or that was changed since."""
    target = folder / path
    steps = [folder / parent for parent in Path(path).parents if parent != Path()]
    if any(step.is_symlink() or (step.exists() and not step.is_dir()) for step in steps):
        raise SetupError(f"{target} can't be written: a link or a file stands in its way. Name a new folder.")
    if not target.exists() and not target.is_symlink():
        return
    if path == LIST and not target.is_symlink():
        return
    if target.is_symlink() or not target.is_file() or sha256_of(target) not in known.get(path, []):
        raise SetupError(
            f"{target} isn't as an export has written it, so nothing was written. Move it away, or name a "
            "new folder."
        )


def _remove_empty(folder: Path, path: str) -> None:
    for parent in Path(path).parents:
        if parent == Path() or any((folder / parent).iterdir()):
            return
        (folder / parent).rmdir()


def _as_bytes(files: Mapping[str, list[str]]) -> bytes:
    return (json.dumps({"files": files}, indent=1, sort_keys=True) + "\n").encode()
