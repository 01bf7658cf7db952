"""What makes a style: the choices from which a song is drawn."""

from dataclasses import dataclass
from typing import Literal

FilterUse = Literal["none", "sweep", "acid", "thin"]


@dataclass(frozen=True)
class Form:
    """Sections as ``theme:layers``; `body` is gone through in a circle until the song is long enough.

    Themes: A, B, and C, which is A with other rhythms and sounds. Layers: b(ass), d(rums), h(armony), l(ead),
    c(ounter melody), e(cho). The sections of `intro` and `outro` are cut to half their length.
    """

    intro: tuple[str, ...]
    body: tuple[str, ...]
    outro: tuple[str, ...]


@dataclass(frozen=True)
class Style:
    """A style. Where a tuple of alternatives is given, each song takes one of them.

    Rhythms are written as in `app.composer.grid`, a character for a row. Bass: r(oot), o(ctave), 5, 3,
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
    """Layers of each voice; where two sound at once, the later letter is heard."""
    bar: int = 16
    beat: int = 4
    bars: int = 8
    """Bars of a section."""
    progressions: tuple[tuple[int, ...], ...] = ()
    """Instead of the mode's own."""
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
    """Share of the even row in two rows."""
    volume: tuple[int, int] = (12, 15)
    filter: FilterUse = "none"
    cutoffs: tuple[int, int] = (200, 2000)
    """Lowest and highest cutoff, Hz."""
