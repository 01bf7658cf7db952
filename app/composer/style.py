"""Styles: the choices from which songs are composed."""

from dataclasses import dataclass
from typing import Literal

FilterUse = Literal["none", "sweep", "acid", "thin"]


@dataclass(frozen=True)
class Form:
    """Sections as ``theme:layers``. `body` repeats until the song is long enough.

    Themes: A, B, and C, which is A with other rhythms and sounds. Layers: b(ass), d(rums), h(armony), l(ead),
    c(ounter melody), e(cho). The sections of `intro` and `outro` are cut to half their length.
    """

    intro: tuple[str, ...]
    body: tuple[str, ...]
    outro: tuple[str, ...]


@dataclass(frozen=True)
class Style:
    """A style. Each song uses one of the alternatives in a tuple.

    Rhythms are in the notation of `app.composer.grid`, one character per row. Bass: r(oot), o(ctave), 5, 3,
    6, 7 above the root, b(elow: the fifth), a(pproach to the next root). Harmony: x is the chord as an
    arpeggio; 0 to 4 a single tone of it. Drums: k(ick), s(nare), h(i-hat), o(pen hi-hat), t(om).
    """

    name: str
    titles: tuple[str, str]
    """First and second words of titles."""
    modes: tuple[str, ...]
    bpm: tuple[int, int]
    bass: tuple[str, ...]
    harmony: tuple[str, ...]
    drums: tuple[str, ...]
    fill: str
    basses: tuple[str, ...]
    chords: tuple[str, ...]
    leads: tuple[str, ...]
    counters: tuple[str, ...]
    form: Form
    layouts: tuple[tuple[str, str, str], ...] = (("bd", "h", "cl"),)
    """Layers of each voice. Later layers interrupt earlier ones."""
    bar: int = 16
    beat: int = 4
    bars: int = 8
    """Bars per section."""
    progressions: tuple[tuple[int, ...], ...] = ()
    """Replace the mode's own progressions."""
    chord_bars: tuple[int, ...] = (1, 2)
    densities: tuple[int, ...] = (1, 2)
    span: int = 6
    leaps: float = 0.3
    center: int = 18
    """Middle of the lead, in degrees above the bass tonic."""
    harmony_center: int = 12
    tonics: tuple[int, int] = (21, 32)
    voicings: tuple[tuple[int, ...], ...] = ((0, 2, 4),)
    """Chord tones of an arpeggio, in degrees above the root."""
    arpeggio_frames: tuple[int, ...] = (1, 2)
    kit: str = "chip"
    swing: tuple[float, ...] = (0.5,)
    """Share of the even row in a pair of rows."""
    volume: tuple[int, int] = (12, 15)
    filter: FilterUse = "none"
    cutoffs: tuple[int, int] = (200, 2000)
    """Lowest and highest cutoff in Hz."""
