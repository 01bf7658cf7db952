"""Notes on a timeline of rows, how parts share a voice, and how a voice becomes events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .song import HIGHEST_NOTE, Event, Instrument


@dataclass(frozen=True)
class Note:
    """A note from row `start` on for `rows` rows; a `tied` one goes on from the note before it."""

    start: int
    rows: int
    pitch: int
    instrument: Instrument
    tied: bool = False

    @property
    def stop(self) -> int:
        """The first row after the note."""
        return self.start + self.rows


_TOP = HIGHEST_NOTE - 28
"""Leaves room for arpeggios (two octaves) and for a section that is played higher."""

Part = list[Note]
"""Notes in the order of their start that do not overlap."""


def moved(part: Iterable[Note], rows: int) -> Part:
    """Return the part, `rows` rows later."""
    return [replace(note, start=note.start + rows) for note in part]


def clipped(part: Iterable[Note], rows: int) -> Part:
    """Return the part, cut off after `rows` rows."""
    return [replace(note, rows=min(note.rows, rows - note.start)) for note in part if note.start < rows]


def overlaid(base: Iterable[Note], top: Sequence[Note], least: int = 1) -> Part:
    """Join two parts in one voice: notes of `base` give way to those of `top`, and come back after them.

    A base note of which less than `least` rows are left does not come back.
    """
    pieces = list(base)
    for cut in top:
        pieces = [piece for note in pieces for piece in _without(note, cut, least)]
    return _retied(sorted([*pieces, *top], key=lambda note: note.start))


def _retied(part: Part) -> Part:
    """Let ties stay only where the note before is still there."""
    return [
        replace(note, tied=note.tied and before.stop == note.start and before.instrument == note.instrument)
        for before, note in zip([*part[-1:], *part], part, strict=False)
    ]


def _without(note: Note, cut: Note, least: int) -> Iterable[Note]:
    if cut.stop <= note.start or cut.start >= note.stop:
        yield note
        return
    if note.start < cut.start:
        yield replace(note, rows=cut.start - note.start)
    if note.stop - cut.stop >= least:
        yield replace(note, start=cut.stop, rows=note.stop - cut.stop, tied=False)


def echo(part: Part, rows: int, instrument: Instrument) -> Part:
    """Return the part played `rows` rows later by another instrument."""
    last = part[-1].stop if part else 0
    late = [replace(note, instrument=instrument, tied=False) for note in moved(part, rows)]
    return clipped(late, max(last, rows))


def events(part: Part, rows: int) -> tuple[Event, ...]:
    """Write the part as events that fill `rows` rows exactly, with rests between the notes."""
    result: list[Event] = []
    at = 0
    for note in part:
        if note.start > at:
            result.append(Event(note.start - at))
        result.append(Event(note.rows, _in_range(note.pitch), note.instrument, note.tied))
        at = note.stop
    if at < rows:
        result.append(Event(rows - at))
    return tuple(result)


def _in_range(pitch: int) -> int:
    """Move a pitch by octaves into what the frequency table holds."""
    while pitch > _TOP:
        pitch -= 12
    return max(pitch, 0)
