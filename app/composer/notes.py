"""Notes on a timeline of rows. Parts share a voice, and a voice becomes events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .song import HIGHEST_NOTE, Event, Instrument


@dataclass(frozen=True)
class Note:
    """A note that starts at row `start` and lasts `rows` rows. A `tied` one continues the note before it."""

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
"""Headroom for arpeggios of two octaves and for transposed sections."""

Part = list[Note]
"""Notes in order of their start, without overlaps."""


def moved(part: Iterable[Note], rows: int) -> Part:
    """Return the part, `rows` rows later."""
    return [replace(note, start=note.start + rows) for note in part]


def clipped(part: Iterable[Note], rows: int) -> Part:
    """Return the part, cut off after `rows` rows."""
    return [replace(note, rows=min(note.rows, rows - note.start)) for note in part if note.start < rows]


def overlaid(base: Iterable[Note], top: Sequence[Note], min_rows: int = 1) -> Part:
    """Merge two parts into one voice. Notes of `top` interrupt those of `base`.

    An interrupted note continues afterward if at min_rows `min_rows` rows of it are left.
    """
    pieces = list(base)
    for cut in top:
        pieces = [piece for note in pieces for piece in _without(note, cut, min_rows)]
    return _retied(sorted([*pieces, *top], key=lambda note: note.start))


def _retied(part: Part) -> Part:
    """Remove ties to notes that are gone."""
    return [
        replace(note, tied=note.tied and before.stop == note.start and before.instrument == note.instrument)
        for before, note in zip([*part[-1:], *part], part, strict=False)
    ]


def _without(note: Note, cut: Note, min_rows: int) -> Iterable[Note]:
    if cut.stop <= note.start or cut.start >= note.stop:
        yield note
        return
    if note.start < cut.start:
        yield replace(note, rows=cut.start - note.start)
    if note.stop - cut.stop >= min_rows:
        yield replace(note, start=cut.stop, rows=note.stop - cut.stop, tied=False)


def echo(part: Part, rows: int, instrument: Instrument) -> Part:
    """Return the part played `rows` rows later by another instrument."""
    last = part[-1].stop if part else 0
    late = [replace(note, instrument=instrument, tied=False) for note in moved(part, rows)]
    return clipped(late, max(last, rows))


def events(part: Part, rows: int) -> tuple[Event, ...]:
    """Return the part as events that fill exactly `rows` rows, with rests between the notes."""
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
    """Move a pitch by octaves into the range of the frequency table."""
    while pitch > _TOP:
        pitch -= 12
    return max(pitch, 0)
