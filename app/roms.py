"""The C64's ROMs, which aren't part of this project: their license doesn't allow it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from .errors import SetupError
from .paths import paths

KINDS = ("kernal", "basic", "characters")
"""In the order of the emulator's `RomKind`."""

SIZES = {"kernal": 0x2000, "basic": 0x2000, "characters": 0x1000}
COMBINED_SIZE = 0x4000
"""Bytes of a dump of the chip that holds BASIC and then the KERNAL."""

EXPECTED = (
    "Put the files of your ROMs there: KERNAL and BASIC have 8192 bytes each, the characters 4096. A file "
    "that is none of the known dumps is used if its name is kernal, basic, or characters, with any extension."
)


class RomError(SetupError):
    """The folder of the ROMs can't be used."""


@dataclass(frozen=True)
class Roms:
    """ROM images by kind, as in `KINDS`.

    Raises
    ------
    RomError
        If an image doesn't have the size of its kind.
    """

    images: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for kind, image in self.images.items():
            if len(image) != SIZES[kind]:
                raise RomError(
                    f"A {kind} ROM has {SIZES[kind]} bytes, not {len(image)}. Choose another file."
                )


NO_ROMS = Roms()


def read_roms(folder: Path) -> Roms:
    """Read the ROMs in a folder: known dumps under any name, and others whose name says what they are.

    Raises
    ------
    RomError
        If the folder can't be read, or holds no ROM or two of one kind.
    """
    try:
        files = sorted(file for file in folder.iterdir() if file.is_file())
        found = [(kind, image, file) for file in files for kind, image in _images(file)]
    except OSError as error:
        raise RomError(f"The folder of ROMs {folder} can't be read ({error}). {EXPECTED}") from error
    if not found:
        raise RomError(f"The folder {folder} holds no C64 ROM. {EXPECTED}")
    origins: dict[str, Path] = {}
    for kind, _image, file in found:
        if origins.setdefault(kind, file) != file:
            raise RomError(f"{origins[kind]} and {file} are both a {kind} ROM. Keep one of them.")
    return Roms({kind: image for kind, image, _file in found})


def _images(file: Path) -> list[tuple[str, bytes]]:
    """Return the kind and content of each ROM in a file."""
    if file.stat().st_size not in {*SIZES.values(), COMBINED_SIZE}:
        return []
    data = file.read_bytes()
    if len(data) == COMBINED_SIZE:
        halves = data[:0x2000], data[0x2000:]
        return [(kind, half) for half in halves if (kind := _known().get(_md5(half)))]
    kind = _known().get(_md5(data)) or file.stem.lower()
    return [(kind, data)] if len(data) == SIZES.get(kind) else []


@cache
def _known() -> dict[str, str]:
    """Return the kinds of known dumps, by MD5."""
    table = json.loads((paths().static / "js" / "sid" / "known-roms.json").read_text("utf-8"))
    return {digest: rom["kind"] for digest, rom in table.items()}


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
