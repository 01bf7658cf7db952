"""Composes melodies: recurring motifs over changing chords, with chord tones on beats and cadences."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from .grid import Stroke, strokes
from .theory import is_chord_tone, near, nearest_chord_tone

RHYTHMS: dict[int, tuple[tuple[str, ...], ...]] = {
    8: (
        ("x.......", "x.......", "x.....x.", "x...x..."),
        ("x...x...", "x.....x.", "x..x..x.", "--x.x...", "x.x.x..."),
        ("x.x.x...", "x...x.x.", "x..x..x.", "x.x.x.x.", "--x.x.x.", "x.x.-.x."),
        ("x.x.x.x.", "x.xxx.x.", "xxx.x.x.", "x..x..x.", "x.x.xxxx", "x.xxx-x."),
    ),
    12: (
        ("x...........", "x.......x...", "x..........."),
        ("x.......x...", "x...x...x...", "x.....x.x..."),
        ("x...x...x...", "x.....x.x...", "x...x.x.x.x.", "x.x.x...x..."),
        ("x.x.x.x.x.x.", "x...x.x.x.x.", "x.xxx.x.x...", "x.x.x.x.x..."),
    ),
    6: (
        ("x.....", "x..x..", "x....."),
        ("x..x..", "x.xx..", "x....x"),
        ("x.xx.x", "x..xxx", "x.xx..", "xxxx.."),
        ("xxxxxx", "x.xxxx", "xxxx.x", "xxxx.."),
    ),
}
"""Rhythm cells by length in rows (half a bar of 4/4, a bar of 3/4, a bar of 6/8) and density (0-3)."""

_PLANS = ("abacabad", "aabcaabd", "abcbabcd", "aababbad", "abaceced", "aaabaaad")


@dataclass(frozen=True)
class MelodyNote:
    """A note of a melody, with a scale degree as pitch."""

    start: int
    rows: int
    degree: int


@dataclass(frozen=True)
class Profile:
    """Parameters of a melody: rhythmic density (0-3), center and half range in degrees, leaps (0-1)."""

    density: int
    center: int
    span: int
    leaps: float


def write_melody(
    rng: Random, chords: Sequence[int], bar: int, beat: int, profile: Profile
) -> list[MelodyNote]:
    """Write a melody over `chords` (a root degree per bar). A bar has `bar` rows, a beat `beat` rows."""
    return _Melodist(rng, bar, beat, profile).write(chords)


class _Melodist:
    def __init__(self, rng: Random, bar: int, beat: int, profile: Profile) -> None:
        self.rng, self.bar, self.beat, self.profile = rng, bar, beat, profile
        self.cell = next(rows for rows in (8, 12, 6) if bar % rows == 0)
        self.degree = profile.center
        self.motifs: dict[str, list[tuple[Stroke, int]]] = {}

    def write(self, chords: Sequence[int]) -> list[MelodyNote]:
        plan = self.rng.choice(_PLANS)
        notes: list[MelodyNote] = []
        for index, root in enumerate(chords):
            letter = plan[index % len(plan)]
            arch = math.sin(math.pi * (index % 4 + 0.5) / 4)
            target = self.profile.center + round((arch - 0.5) * self.profile.span)
            final = index == len(chords) - 1
            bar = self._cadence(root, final) if letter == "d" or final else self._motif(letter, root, target)
            notes += [MelodyNote(index * self.bar + s.row, s.rows, degree) for s, degree in bar]
        return notes

    def _motif(self, letter: str, root: int, target: int) -> list[tuple[Stroke, int]]:
        """Return the motif of this letter: a new one, or the known one adapted to the chord on `root`."""
        if letter not in self.motifs:
            self.motifs[letter] = list(self._invent(root, target))
            return self.motifs[letter]
        motif = self.motifs[letter]
        if not motif:
            return motif
        first = motif[0][1]
        shift = nearest_chord_tone(first, root) - first
        bent = [(stroke, self._snap_to_chord(stroke, degree + shift, root)) for stroke, degree in motif]
        self.degree = bent[-1][1]
        return bent

    def _snap_to_chord(self, stroke: Stroke, degree: int, root: int) -> int:
        return nearest_chord_tone(degree, root) if self._is_strong(stroke) else degree

    def _is_strong(self, stroke: Stroke) -> bool:
        return stroke.row % (2 * self.beat) == 0 or stroke.rows > self.beat

    def _invent(self, root: int, target: int) -> Iterator[tuple[Stroke, int]]:
        cells = RHYTHMS[self.cell][self.profile.density]
        rhythm = "".join(self.rng.choice(cells) for _ in range(self.bar // self.cell))
        for stroke in strokes(rhythm, self.bar):
            self.degree = self._step(root, target, self._is_strong(stroke))
            yield stroke, self.degree

    def _step(self, root: int, target: int, strong: bool) -> int:
        """Choose the next degree: mostly a step, toward `target`; on strong beats, a chord tone."""
        low, high = self.profile.center - self.profile.span, self.profile.center + self.profile.span
        near_by = range(max(low, self.degree - 5), min(high, self.degree + 5) + 1)
        choices = [d for d in near_by if not strong or is_chord_tone(d, root)]
        if not choices:
            return nearest_chord_tone(self.profile.center, root)
        weights = [self._weight(abs(d - self.degree), abs(d - target)) for d in choices]
        return self.rng.choices(choices, weights)[0]

    def _weight(self, leap: int, distance: int) -> float:
        size = (0.35, 1.0, 0.45, 0.3, 0.2, 0.15)[leap]
        wide = 1.0 if leap < 3 else 0.3 + 1.7 * self.profile.leaps
        return size * wide * math.exp(-distance / 3)

    def _cadence(self, root: int, final: bool) -> list[tuple[Stroke, int]]:
        """Return two notes and a long one: the chord's root at the end, otherwise its third or fifth."""
        home = near(root if final else root + self.rng.choice((2, 4)), self.degree)
        if self.profile.density == 0:
            return [(Stroke(0, self.bar, "x"), home)]
        step = self.rng.choice((1, -1))
        half = self.beat // 2 or 1
        self.degree = home
        opening = [
            (Stroke(0, half, "x"), home + 2 * step),
            (Stroke(half, self.beat - half, "x"), home + step),
        ]
        hold = max(self.beat, self.bar - self.beat - (half if final else 0))
        return [note for note in (*opening, (Stroke(self.beat, hold, "x"), home)) if note[0].rows]
