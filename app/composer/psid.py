"""The PSID v2 file format."""

import struct
from dataclasses import dataclass

_HEADER = struct.Struct(">4sHHHHHHHL32s32s32sHBBH")
_CLOCKS = {"PAL": 1, "NTSC": 2}
_CHIPS = {6581: 1, 8580: 2}


@dataclass(frozen=True)
class PsidHeader:
    """The metadata of a PSID file. Texts have at most 32 Latin-1 characters."""

    title: str
    author: str
    released: str
    songs: int
    cia_songs: tuple[int, ...]
    """Subsongs (from 0) whose play routine is called by CIA timer A instead of once per video frame."""
    clock: str
    """"PAL" or "NTSC"."""
    chip: int
    """6581 or 8580."""


def psid_file(header: PsidHeader, load: int, init: int, play: int, code: bytes) -> bytes:
    """Return a PSID v2 file whose `code` is loaded at `load`. The data start with the load address."""
    fields = (
        (b"PSID", 2, _HEADER.size, 0, init, play, header.songs, 1),
        (sum(1 << song for song in header.cia_songs),),
        (_text(header.title), _text(header.author), _text(header.released)),
        (_CLOCKS[header.clock] << 2 | _CHIPS[header.chip] << 4, 0, 0, 0),
    )
    packed = _HEADER.pack(*(value for group in fields for value in group))
    return packed + struct.pack("<H", load) + code


def _text(text: str) -> bytes:
    encoded = text.encode("latin-1")
    if len(encoded) > 32:
        raise ValueError(
            f"{text!r} has {len(encoded)} characters, but a PSID header has room for 32. Shorten it."
        )
    return encoded
