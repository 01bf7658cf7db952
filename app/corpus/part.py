"""What one worker analyzes at a time: some songs of a file."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from sidflow_feedback.analysis.analysis_file import AnalyzedSong, Problem

from ..analysis import analyze_song
from ..emulator import SidEmulator, SidError
from ..roms import NO_ROMS, Roms

SONGS: Final = 16
"""Most songs of a part: a file with 256 songs keeps all workers busy, not one for a long time."""

_ROMS_MISSING = "SIDFLOW_ROMS"
"""Each message of the emulator about missing ROMs names this setting."""

_this_thread = threading.local()


@dataclass(frozen=True, slots=True)
class Part:
    """Songs of a file, with all that a worker on any machine needs.

    Attributes
    ----------
    md5, data
        Of the file.
    songs
        Their numbers, from 1.
    roms
        The operator's ROMs of the C64.
    """

    md5: bytes
    data: bytes
    songs: tuple[int, ...]
    roms: Roms = NO_ROMS

    def split(self) -> Iterator[Part]:
        """Return a part for each song."""
        return (replace(self, songs=(song,)) for song in self.songs)


def parts_of(md5: bytes, data: bytes, songs: Iterable[int], roms: Roms) -> Iterator[Part]:
    """Divide songs of a file into parts."""
    numbers = tuple(songs)
    for start in range(0, len(numbers), SONGS):
        yield Part(md5, data, numbers[start : start + SONGS], roms)


def analyze_part(part: Part) -> list[AnalyzedSong]:
    """Analyze the songs of a part, in their order."""
    emulator = _emulator(part.roms)
    return [_analyze(emulator, part.data, song) for song in part.songs]


def _emulator(roms: Roms) -> SidEmulator:
    """Return the emulator of this thread, which serves all parts."""
    if getattr(_this_thread, "roms", None) != roms:
        _this_thread.emulator, _this_thread.roms = SidEmulator(), roms
        _this_thread.emulator.use_roms(roms)
    emulator: SidEmulator = _this_thread.emulator
    return emulator


def _analyze(emulator: SidEmulator, data: bytes, song: int) -> AnalyzedSong:
    try:
        emulator.load(data)
    except SidError:
        return AnalyzedSong(problem=Problem.BROKEN)
    try:
        found = analyze_song(emulator, data, song)
    except SidError as error:
        needs_roms = _ROMS_MISSING in str(error)
        return AnalyzedSong(problem=Problem.NEEDS_ROMS if needs_roms else Problem.STOPPED)
    if found.features is None:
        silent = "silent" in (found.problem or "")
        return AnalyzedSong(problem=Problem.SILENT if silent else Problem.OTHER)
    return AnalyzedSong(found.features, found.length, embedding=found.embedding)
