"""HVSC's Songlengths.md5: the lengths of a tune's songs, by the MD5 of its file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LINE = re.compile(r"([0-9a-f]{32})\s*=\s*(\S.*)", re.IGNORECASE)
_LENGTH = re.compile(r"(\d{1,3}):([0-5]?\d(?:\.\d{1,3})?)(?:\([A-Z]\))?", re.IGNORECASE)
"""`3:57` or `0:38.253`; older files add the kind of ending: `1:02(G)`."""


def read_song_lengths(path: Path) -> Mapping[bytes, tuple[float, ...]]:
    """Return the seconds of each song, by the 16 bytes of the MD5. Unknown lines are ignored."""
    found = {}
    for line in path.read_text("utf-8", errors="replace").splitlines():
        match = _LINE.fullmatch(line.strip())
        lengths = _seconds(match[2]) if match else ()
        if match and lengths:
            found[bytes.fromhex(match[1])] = lengths
    return found


def _seconds(text: str) -> tuple[float, ...]:
    """Return nothing if one length is invalid, because the songs after it would get wrong ones."""
    matches = [_LENGTH.fullmatch(part) for part in text.split()]
    return tuple(60 * int(match[1]) + float(match[2]) for match in matches if match) if all(matches) else ()
