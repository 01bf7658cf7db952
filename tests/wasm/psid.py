"""Small handmade SID files."""

import struct

LOAD = 0x1000
RTS = 0x60


def psid(
    code: bytes,
    *,
    magic: bytes = b"PSID",
    version: int = 2,
    data_offset: int = 0x7C,
    load: int = LOAD,
    init: int = LOAD,
    play: int = LOAD,
    songs: int = 1,
    start_song: int = 1,
    speed: int = 0,
    title: bytes = b"Title",
    flags: int = 0x14,
    pages: tuple[int, int] = (0, 0),
    more_sids: tuple[int, int] = (0, 0),
) -> bytes:
    """Return a SID file, by default for PAL and a 6581, with init and play at its first byte."""
    numbers = (version, data_offset, load, init, play, songs, start_song, speed)
    header = struct.pack(">4s7HI32s32s32s", magic, *numbers, title, b"Author", b"1985 Maker")
    if version > 1:
        header += struct.pack(">HBBBB", flags, *pages, *more_sids)
    return header + code


def clicker(setup: bytes = b"") -> bytes:
    """Return an init that runs `setup`, followed by a play routine that toggles the volume between 0 and 15.

    On a 6581 each change is a step in the output, so that calls of play can be counted.
    """
    init = setup + bytes([RTS])
    play = bytes([0xAD, 0x02, 0x03, 0x49, 0x0F, 0x8D, 0x02, 0x03, 0x8D, 0x18, 0xD4, RTS])
    return init + play


def clicker_play(setup: bytes = b"") -> int:
    """Return the play address of `clicker(setup)` when it is loaded at `LOAD`."""
    return LOAD + len(setup) + 1
