"""The tunes that `make bench-fidelity` compares: all of a folder, or those that are hard to play."""

from __future__ import annotations

import os
import random
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from app.paths import paths

VARIABLE: Final = "SIDFLOW_TUNES"
"""Environment variable that names a folder of .sid files: real tunes aren't part of the repository."""

SHARED: Final = Path(__file__).parents[3] / "shared" / "hvsc"
"""Where tests look for real tunes besides: beside the checkout."""

MANY_SONGS: Final = 32
SELECTIONS: Final = ("all", "psid", "rsid", "many-sids", "many-songs", "own-interrupt")

_HEADER: Final = struct.Struct(">4s7HI96x")
_MORE: Final = struct.Struct(">HBBBB")


@dataclass(frozen=True, slots=True)
class Tune:
    """A .sid file, with what its header says.

    Attributes
    ----------
    name
        Path relative to the folder.
    kind
        The file format.
    songs
        Number of songs.
    chips
        Number of SIDs, 1 to 3.
    play_address
        0 means that the tune installs its own interrupt.
    """

    path: Path
    name: str
    kind: Literal["PSID", "RSID"]
    songs: int
    chips: int
    play_address: int

    def selected(self, selection: str) -> bool:
        """Return whether the tune is in one of `SELECTIONS`."""
        return {
            "all": True,
            "psid": self.kind == "PSID",
            "rsid": self.kind == "RSID",
            "many-sids": self.chips > 1,
            "many-songs": self.songs >= MANY_SONGS,
            "own-interrupt": self.kind == "PSID" and not self.play_address,
        }[selection]


def folder_of_tunes(named: str = "") -> Path:
    """Return the folder that is named, else that in the environment, else `SHARED`, else the demo tunes'."""
    given = named or os.environ.get(VARIABLE, "")
    if given:
        return Path(given)
    return SHARED if SHARED.is_dir() else paths().vendor / "tunes"


def find_tunes(folder: Path, selection: str = "all", sample: int = 0, seed: int = 0) -> list[Tune]:
    """Return the selected tunes of a folder and of those in it, in random order.

    Parameters
    ----------
    selection
        One of `SELECTIONS`.
    sample
        How many at most; 0 means all.
    seed
        Of the order.
    """
    if selection not in SELECTIONS:
        raise SystemExit(f"There is no selection {selection!r}. Choose one of {', '.join(SELECTIONS)}.")
    files = sorted(folder.rglob("*.sid"))
    tunes = [tune for file in files if (tune := read_tune(file, folder)) and tune.selected(selection)]
    random.Random(seed).shuffle(tunes)
    return tunes[: sample or None]


def read_tune(file: Path, folder: Path) -> Tune | None:
    """Return a tune; None if the file has no header."""
    with file.open("rb") as opened:
        header = opened.read(_HEADER.size + _MORE.size)
    if len(header) < _HEADER.size + _MORE.size:
        return None
    magic, version, _, _, _, play, songs, *_ = _HEADER.unpack_from(header)
    *_, second, third = _MORE.unpack_from(header, _HEADER.size)
    if magic not in {b"PSID", b"RSID"}:
        return None
    chips = 1 + (version >= 3 and second > 0) + (version >= 4 and third > 0)
    kind: Literal["PSID", "RSID"] = "PSID" if magic == b"PSID" else "RSID"
    return Tune(file, str(file.relative_to(folder)), kind, songs, chips, play)
