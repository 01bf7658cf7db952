"""The music in a folder: its tunes, and what HVSC's documents say about them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ..emulator import SidEmulator, SidError, TuneInfo
from .errors import CorpusError
from .song_lengths import read_song_lengths

if TYPE_CHECKING:
    from pathlib import Path

    from .progress import Bar

SUFFIXES: Final = (".sid", ".mus")
MAX_BYTES: Final = 131_072
"""The largest file that the emulator takes: twice the memory of a C64."""

_LENGTHS = "songlengths.md5"
_RELEASE_NOTES = "hvsc.txt"
_RELEASE = re.compile(rb"\bRelease\s+(\d+)")
_HEAD = 1000


@dataclass(frozen=True, slots=True)
class Tune:
    """A file with music.

    Attributes
    ----------
    path
        Below the folder, with slashes.
    md5
        16 bytes.
    songs
        Number of songs; 1 if the file has no readable header.
    title, author, released
        Text of the header.
    """

    path: str
    md5: bytes
    songs: int
    title: str
    author: str
    released: str


@dataclass(slots=True)
class Music:
    """The music in a folder.

    Attributes
    ----------
    folder
        Where it is.
    tunes
        All files that could be read, by path.
    unreadable
        Paths of the others, with the reason.
    lengths
        Seconds of each song, by the MD5 of the file; from Songlengths.md5.
    release
        Of the HVSC; empty if the folder isn't one.
    """

    folder: Path
    tunes: list[Tune] = field(default_factory=list)
    unreadable: list[tuple[str, str | None]] = field(default_factory=list)
    lengths: Mapping[bytes, tuple[float, ...]] = field(default_factory=dict)
    release: str = ""


def read_music(folder: Path, bar: Bar) -> Music:
    """Read the headers of all tunes in a folder, and HVSC's documents if they are there.

    Raises
    ------
    CorpusError
        The folder isn't one, or has no music.
    """
    if not folder.is_dir():
        raise CorpusError(f"{folder} is no folder. Name the folder that has your .sid files.")
    music, emulator = Music(folder), SidEmulator()
    files = sorted(_files_in(folder))
    for path in files:
        _read_document(music, path)
    paths = [path for path in files if path.suffix.lower() in SUFFIXES]
    bar.begin("Reading", len(paths), "files")
    for path in paths:
        name = path.relative_to(folder).as_posix()
        try:
            music.tunes.append(_inspect(emulator, name, read_tune(path)))
        except OSError as error:
            music.unreadable.append((name, error.strerror))
        bar.advance()
    if not paths:
        raise CorpusError(f"There are no .sid or .mus files in {folder}. Name the folder that has them.")
    return music


def read_tune(path: Path) -> bytes:
    """Read a file, if it isn't too large for a tune.

    Raises
    ------
    OSError
        It is too large, or can't be read.
    """
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise OSError(0, f"it has more than {MAX_BYTES // 1024} KB, which is too large for a tune")
    return data


def md5_of(data: bytes) -> bytes:
    """Return the MD5 by which a file is known."""
    return hashlib.md5(data, usedforsecurity=False).digest()


def _files_in(folder: Path) -> Iterator[Path]:
    for root, _, names in os.walk(folder):
        yield from (folder / root / name for name in names)


def _read_document(music: Music, path: Path) -> None:
    name = path.name.lower()
    try:
        if name == _LENGTHS:
            music.lengths = read_song_lengths(path)
        elif name == _RELEASE_NOTES:
            with path.open("rb") as file:
                match = _RELEASE.search(file.read(_HEAD))
            music.release = match[1].decode() if match else music.release
    except OSError as error:
        raise CorpusError(
            f"{path} can't be read: {error.strerror}. Make it readable, or remove it."
        ) from error


def _inspect(emulator: SidEmulator, name: str, data: bytes) -> Tune:
    tune = _header(emulator, data)
    md5 = md5_of(data)
    if tune is None:
        return Tune(name, md5, 1, "", "", "")
    return Tune(name, md5, tune.songs, tune.title, tune.author, tune.released)


def _header(emulator: SidEmulator, data: bytes) -> TuneInfo | None:
    try:
        return emulator.inspect(data).tune
    except SidError:
        return None
