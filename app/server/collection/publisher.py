"""What listeners get of a collection: files that are named by their content, made again when it changes.

This runs in a process of its own, because reading 50,000 tunes would stall the server.
"""

import gzip
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any, Final

from sidflow_feedback.analysis.analysis_file import AnalysisFile
from sidflow_feedback.errors import AnalysisFileError

from ...corpus.song_lengths import read_song_lengths
from ...emulator import SidEmulator, SidError
from ...files import write_bytes
from .catalog import Tune, catalog_of, title_of
from .tree import ANALYSES, LENGTHS, STIL, Tree, read_tree

NAME_DIGITS: Final = 32
"""Digits of the SHA-256 in a file's name."""

KNOWN: Final = "known.json"
PUBLISHED: Final = "published"
COPIES: Final = "compressed"
_STATE_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Publication:
    """What is published of a collection.

    Attributes
    ----------
    name
        Of the collection.
    paths
        Of its tunes, below its folder.
    files
        Names of the published files, by kind: `catalog`, `md5`, `analyses`, `stil`.
    skipped
        Number of files that are left out, by the reason.
    problem
        Why there is no collection; empty if there is one.
    """

    name: str
    paths: frozenset[str] = frozenset()
    files: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    problem: str = ""


class Publisher:
    """Publishes a collection, again and again.

    Parameters
    ----------
    folder
        Has the tunes.
    analyses
        The analysis file, instead of one in the folder.
    output
        Gets the published files, and what is known of the tunes.
    """

    def __init__(self, folder: Path, analyses: Path | None, output: Path) -> None:
        self._folder = folder
        self._analyses = analyses
        self._output = output
        self._tree: Tree | None = None

    def update(self) -> Publication | None:
        """Publish the collection as it is now; return None if nothing has changed since the last time.

        Tunes that haven't changed aren't read.
        """
        name = self._folder.resolve().name
        try:
            tree = read_tree(self._folder, self._analyses)
            if tree == self._tree:
                return None
            self._tree = deepcopy(tree)
            return _publish(name, self._folder, tree, self._output)
        except OSError as error:
            self._tree = None
            return Publication(name, problem=f"{error.filename or self._folder}: {error.strerror}")


def _publish(name: str, folder: Path, tree: Tree, output: Path) -> Publication:
    known = _known(output / KNOWN)
    found, failed = _read_tunes(folder, tree, known)
    if found != known:
        write_bytes(output / KNOWN, _to_json({"version": _STATE_VERSION, "tunes": found}))
    tunes = [Tune(path, *record) for path, (_, record) in sorted(found.items(), key=_order) if record]
    files = dict(_publish_files(name, tree, tunes, output)) if tunes else {}
    _remove_others(output, set(files.values()))
    problem = "" if tunes else f"there are no tunes in {folder}"
    skipped = dict(tree.skipped + failed)
    return Publication(name, frozenset(tune.path for tune in tunes), files, skipped, problem)


_Known = dict[str, tuple[list[int], list[Any] | None]]
"""By path: the file's `State`, and the other fields of its `Tune`; None if it is no tune."""


def _known(path: Path) -> _Known:
    try:
        found = json.loads(path.read_bytes())
        if found["version"] == _STATE_VERSION:
            return {path: (state, record) for path, (state, record) in found["tunes"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # There is none, or another version has written it: all tunes are read.
    return {}


def _read_tunes(folder: Path, tree: Tree, known: _Known) -> tuple[_Known, Counter[str]]:
    found: _Known = {}
    failed: Counter[str] = Counter()
    emulator: SidEmulator | None = None
    for path, state in tree.tunes.items():
        old = known.get(path)
        if old and old[0] == list(astuple(state)):
            found[path] = old
        else:
            emulator = emulator or SidEmulator()
            try:
                found[path] = (list(astuple(state)), _read_tune(folder / path, emulator))
            except OSError as error:
                failed[f"can't be read ({error.strerror})"] += 1
                continue
        if not found[path][1]:
            failed["no tune that the emulator can play"] += 1
    return found, failed


def _read_tune(path: Path, emulator: SidEmulator) -> list[Any] | None:
    """Return the fields of a `Tune` after its path; None if the emulator can't play it."""
    data = _read(path)
    try:
        header = emulator.inspect(data).tune
    except SidError:
        return None
    if header is None:
        return None
    texts = (header.title or title_of(path.name), header.author, header.released)
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return [md5, *texts, header.songs, header.start_song]


def _read(path: Path) -> bytes:
    """Read a file, unless it is a link by now."""
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
        return file.read()


def _order(item: tuple[str, Any]) -> tuple[str, str]:
    folder, _, name = item[0].rpartition("/")
    return folder, name


def _publish_files(name: str, tree: Tree, tunes: list[Tune], output: Path) -> Iterator[tuple[str, str]]:
    lengths = _lengths(tree)
    catalog = catalog_of(name, tunes, [_fitting(lengths, tune) for tune in tunes])
    yield "catalog", _write(output, ".json", _to_json(catalog))
    yield "md5", _write(output, ".bin", b"".join(bytes.fromhex(tune.md5) for tune in tunes))
    for kind, document, suffix in (("analyses", ANALYSES, ".bin"), ("stil", STIL, ".txt")):
        if document in tree.documents:
            path, _ = tree.documents[document]
            try:
                data = path.read_bytes()
                if document == ANALYSES:
                    AnalysisFile.read(data)
            except OSError as error:
                tree.skipped[f"{path.name} can't be read ({error.strerror})"] += 1
            except AnalysisFileError as error:
                tree.skipped[f"{path.name} can't be used. {error}"] += 1
            else:
                yield kind, _write(output, suffix, data)


def _lengths(tree: Tree) -> Mapping[bytes, tuple[float, ...]]:
    try:
        return read_song_lengths(tree.documents[LENGTHS][0]) if LENGTHS in tree.documents else {}
    except OSError as error:
        tree.skipped[f"{LENGTHS} can't be read ({error.strerror})"] += 1
        return {}


def _fitting(lengths: Mapping[bytes, tuple[float, ...]], tune: Tune) -> tuple[float, ...]:
    return lengths.get(bytes.fromhex(tune.md5), ())[: tune.songs]


def _to_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _write(output: Path, suffix: str, data: bytes) -> str:
    """Write a file and its compressed copy, unless they are there, and return the file's name."""
    digest = hashlib.sha256(data).hexdigest()
    name = digest[:NAME_DIGITS] + suffix
    if not (output / PUBLISHED / name).is_file():
        write_bytes(output / COPIES / f"{digest}.gz", gzip.compress(data, mtime=0))
        write_bytes(output / PUBLISHED / name, data)
    return name


def _remove_others(output: Path, names: set[str]) -> None:
    """Remove what isn't published anymore."""
    kept = {name.partition(".")[0] for name in names}
    for folder in (output / PUBLISHED, output / COPIES):
        for path in folder.glob("*") if folder.is_dir() else ():
            if path.name[:NAME_DIGITS] not in kept:
                path.unlink(missing_ok=True)
