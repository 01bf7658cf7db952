"""Keys, chords, and progressions in scale degrees (0 is the tonic, 7 the tonic an octave higher)."""

from dataclasses import dataclass

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
}

PROGRESSIONS: dict[str, tuple[tuple[int, ...], ...]] = {
    "major": (
        (0, 4, 5, 3),
        (0, 5, 3, 4),
        (0, 3, 0, 4),
        (3, 4, 2, 5),
        (0, 2, 3, 4),
        (5, 3, 0, 4),
        (0, 3, 1, 4),
    ),
    "minor": (
        (0, 5, 2, 6),
        (0, 3, 5, 6),
        (0, 6, 5, 6),
        (5, 6, 0, 0),
        (0, 2, 6, 3),
        (0, 5, 3, 6),
        (0, 3, 6, 2),
    ),
    "dorian": ((0, 3, 0, 3), (0, 6, 3, 0), (0, 2, 3, 6), (0, 1, 3, 0), (0, 3, 6, 3)),
    "phrygian": ((0, 1, 0, 1), (0, 1, 6, 0), (0, 5, 1, 0), (0, 6, 5, 1)),
    "lydian": ((0, 1, 0, 1), (0, 1, 4, 0), (0, 4, 1, 5), (0, 2, 1, 0)),
    "mixolydian": ((0, 6, 3, 0), (0, 6, 0, 3), (0, 4, 6, 3), (0, 3, 6, 0)),
    "harmonic minor": ((0, 3, 4, 0), (0, 5, 3, 4), (0, 4, 0, 4), (0, 5, 4, 0)),
}
"""Progressions of four chords, one or two bars each, with the chords that are typical of the mode."""

BLUES = (0, 0, 0, 0, 3, 3, 0, 0, 4, 3, 0, 4)
"""The twelve-bar blues."""


@dataclass(frozen=True)
class Key:
    """A tonic (the note number of degree 0) and a scale."""

    tonic: int
    scale: str

    def pitch(self, degree: int) -> int:
        """Return the note number of a scale degree, which may be negative or above 6."""
        octave, step = divmod(degree, 7)
        return self.tonic + 12 * octave + SCALES[self.scale][step]

    def intervals(self, root: int, steps: tuple[int, ...]) -> tuple[int, ...]:
        """Return the semitones from a chord's root (a degree) to the tones `steps` degrees above it."""
        return tuple(self.pitch(root + step) - self.pitch(root) for step in steps)


def is_chord_tone(degree: int, root: int) -> bool:
    """Return whether `degree`, in any octave, belongs to the triad on `root`."""
    return (degree - root) % 7 in (0, 2, 4)


def nearest_chord_tone(degree: int, root: int) -> int:
    """Return the tone of the triad on `root` nearest to `degree`; the lower one of two."""
    return next(degree + offset for offset in (0, -1, 1, -2, 2) if is_chord_tone(degree + offset, root))


def near(root: int, center: int) -> int:
    """Move `root` by octaves to within half an octave of `center` (all in degrees)."""
    return center - 3 + (root - center + 3) % 7
