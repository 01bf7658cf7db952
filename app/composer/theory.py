"""Keys, chords and progressions, counted in scale degrees (0 is the tonic, 7 the tonic an octave above)."""

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
"""Four chords each, a bar or two to a chord; each set begins or ends where the mode is most itself."""

BLUES = (0, 0, 0, 0, 3, 3, 0, 0, 4, 3, 0, 4)
"""The twelve-bar blues."""


@dataclass(frozen=True)
class Key:
    """A tonic (note number of degree 0) and the seven steps of a scale above it."""

    tonic: int
    scale: str

    def pitch(self, degree: int) -> int:
        """Note number of a scale degree, which may be negative or above 6."""
        octave, step = divmod(degree, 7)
        return self.tonic + 12 * octave + SCALES[self.scale][step]

    def intervals(self, root: int, steps: tuple[int, ...]) -> tuple[int, ...]:
        """Semitones above the chord root `root` (a degree) of the chord tones `steps` degrees above it."""
        return tuple(self.pitch(root + step) - self.pitch(root) for step in steps)


def is_chord_tone(degree: int, root: int) -> bool:
    """Whether `degree`, in any octave, belongs to the triad on `root`."""
    return (degree - root) % 7 in (0, 2, 4)


def nearest_chord_tone(degree: int, root: int) -> int:
    """Find the tone of the triad on `root` that is nearest to `degree`; the lower one of two."""
    return next(degree + offset for offset in (0, -1, 1, -2, 2) if is_chord_tone(degree + offset, root))


def near(root: int, center: int) -> int:
    """`root` moved by octaves until it is within half an octave of `center` (all in degrees)."""
    return center - 3 + (root - center + 3) % 7
