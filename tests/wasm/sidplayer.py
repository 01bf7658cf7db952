"""Sidplayer music (MUS) for tests."""

import struct
from collections.abc import Sequence

Command = tuple[int, int]
DURATIONS = {1: 2, 2: 3, 4: 4, 8: 5, 16: 6, 32: 7}


def note(name: str, length: int, *, tie: bool = False, octave: int = 4) -> Command:
    """Return a note without accidental, or a rest `r`, of a whole note divided by `length`."""
    return DURATIONS[length] << 2 | tie << 6, "rcdefgab".index(name) | (7 - octave) << 3 | 0x80


def mus(*voices: Sequence[Command], text: bytes = b"TITLE\rAUTHOR\r1986\r\r\r\0") -> bytes:
    """Return a MUS file; missing voices are silent."""
    parts = [
        b"".join(bytes(command) for command in voice) + b"\x01\x4f" for voice in (*voices, (), (), ())[:3]
    ]
    return b"\0\x20" + b"".join(struct.pack("<H", len(part)) for part in parts) + b"".join(parts) + text
