"""A folder of music as listeners have it, a small one like the High Voltage SID Collection."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.wasm.psid import clicker, clicker_play, psid

AUTHORS = ("Rob Hubbard", "Martin Galway", "Chris Hülsbeck", "Jeroen Tel", "Ben Daglish")
LENGTHS = "DOCUMENTS/Songlengths.md5"


def tune(number: int, size: int = 0) -> bytes:
    """Return a tune that plays; each number has another one. `size` adds bytes to the music."""
    setup = bytes([0xA9, number & 255, 0xA2, number >> 8 & 255, 0xA0, number >> 16])
    music = clicker(setup) + bytes(size)
    data = bytearray(psid(music, play=clicker_play(setup), title=f"Tune number {number}".encode()))
    data[0x36:0x56] = AUTHORS[number % len(AUTHORS)].encode("latin-1").ljust(32, b"\0")
    return bytes(data)


def length_of(number: int) -> float:
    """Return the seconds that Songlengths.md5 says."""
    return 60 + number % 100 + 0.25


def path_of(number: int) -> str:
    """Return where the tune is in the tree."""
    author = AUTHORS[number % len(AUTHORS)]
    return f"MUSICIANS/{author[0]}/{author.replace(' ', '_')}/Tune_{number:05}.sid"


def songlengths(count: int, size: int = 0) -> str:
    """Return the lengths of the first so many tunes."""
    lines = ["[Database]"]
    for number in range(count):
        minutes, seconds = divmod(length_of(number), 60)
        digest = hashlib.md5(tune(number, size)).hexdigest()
        lines += [f"; /{path_of(number)}", f"{digest}={minutes:.0f}:{seconds:06.3f} 0:30"]
    return "\n".join(lines)


def plant(root: Path, count: int, size: int = 0) -> Path:
    """Write a tree of so many tunes, two broken ones, a copy of one, and what else such trees have."""
    for number in range(count):
        path = root / path_of(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tune(number, size))
    (root / "DOCUMENTS").mkdir()
    (root / LENGTHS).write_text(songlengths(count, size))
    (root / "DOCUMENTS" / "README.txt").write_text("Read me.")
    (root / "MUSICIANS" / "Broken.sid").write_bytes(b"PSID\x00\x02 and then nothing")
    (root / "MUSICIANS" / "Huge.sid").write_bytes(bytes(100_000))
    (root / "MUSICIANS" / "Copy.sid").write_bytes(tune(0, size))
    return root
