"""The files of a collection: which of them listeners may get, and which say something about its tunes."""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sidflow_feedback.sync.item_ids import item_id_problem

TUNES: Final = (".sid", ".mus")
MAX_TUNE_BYTES: Final = 131_072
"""The largest file that the emulator takes."""

MAX_DOCUMENT_BYTES: Final = 64 * 1024**2

ANALYSES: Final = ".sidan"
LENGTHS: Final = "songlengths.md5"
STIL: Final = "stil.txt"


@dataclass(frozen=True, slots=True)
class State:
    """What changes when a file changes: time in nanoseconds, and size in bytes."""

    modified: int
    size: int


@dataclass(slots=True)
class Tree:
    """The files of a folder.

    Attributes
    ----------
    tunes
        By path below the folder, with slashes.
    documents
        By kind, one of `ANALYSES`, `LENGTHS`, and `STIL`: the first such file.
    skipped
        Number of other files, by the reason.
    """

    tunes: dict[str, State] = field(default_factory=dict)
    documents: dict[str, tuple[Path, State]] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)


def read_tree(folder: Path, analyses: Path | None = None) -> Tree:
    """List a folder. Links and hidden files are left out, so nothing outside of the folder is found.

    Parameters
    ----------
    analyses
        The analysis file, instead of one in the folder.

    Raises
    ------
    OSError
        The folder can't be read.
    """
    tree = Tree()
    os.scandir(folder).close()
    for path, entry in _files_in(folder, tree.skipped):
        name = entry.name.lower()
        kind = ANALYSES if name.endswith(ANALYSES) else name
        if kind in (ANALYSES, LENGTHS, STIL):
            _add_document(tree, kind, Path(entry))
        elif name.endswith(TUNES):
            _add_tune(tree, path, entry)
    if analyses:
        tree.documents.pop(ANALYSES, None)
        _add_document(tree, ANALYSES, analyses)
    return tree


def _files_in(folder: Path, skipped: Counter[str], below: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    try:
        with os.scandir(folder / below) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        skipped[f"folder can't be read ({error.strerror})"] += 1
        return
    for entry in entries:
        path = f"{below}{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            skipped["link"] += 1
        elif entry.is_dir(follow_symlinks=False):
            yield from _files_in(folder, skipped, f"{path}/")
        elif entry.is_file(follow_symlinks=False):
            yield path, entry


def _add_tune(tree: Tree, path: str, entry: os.DirEntry[str]) -> None:
    status = entry.stat(follow_symlinks=False)
    if item_id_problem(path):
        tree.skipped["name that can't be sent"] += 1
    elif status.st_size > MAX_TUNE_BYTES:
        tree.skipped["too large for a tune"] += 1
    else:
        tree.tunes[path] = State(status.st_mtime_ns, status.st_size)


def _add_document(tree: Tree, kind: str, path: Path) -> None:
    try:
        status = path.stat()
    except OSError as error:
        tree.skipped[f"{path.name} can't be read ({error.strerror})"] += 1
        return
    if kind in tree.documents or not stat.S_ISREG(status.st_mode):
        return
    if status.st_size > MAX_DOCUMENT_BYTES:
        tree.skipped[f"{path.name} is too large"] += 1
        return
    tree.documents[kind] = (path, State(status.st_mtime_ns, status.st_size))
