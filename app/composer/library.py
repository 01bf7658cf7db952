"""Composes the library of demo tunes."""

from dataclasses import dataclass
from random import Random

from .composition import compose_song
from .encoder import encode_songs
from .psid import PsidHeader, psid_file
from .song import NTSC, PAL, Clock, song_seconds
from .style import Style
from .styles import STYLES

RELEASED = "2026 sidflow-feedback"
TUNES_PER_STYLE = 4
_SUBSONGS = (1, 1, 1, 1, 1, 3, 1, 1, 1, 1, 2)
"""Numbers of subsongs, used in turn."""


@dataclass(frozen=True)
class DemoTune:
    """A tune. `data` is a PSID v2 file; `lengths` are the seconds until each subsong ends or loops."""

    file_name: str
    title: str
    author: str
    lengths: tuple[float, ...]
    data: bytes


def compose_library(seed: int = 64) -> list[DemoTune]:
    """Compose the demo tunes. The same seed gives the same bytes.

    Returns
    -------
    list[DemoTune]
        60 tunes in 15 styles, with different titles: PAL and NTSC, 6581 and 8580, timed by frame or by CIA.
    """
    titles = _titles(Random(f"{seed}:titles"))
    numbered = [(style, turn) for turn in range(TUNES_PER_STYLE) for style in STYLES]
    return [
        _compose_tune(seed, index, style, titles[style.name][turn])
        for index, (style, turn) in enumerate(numbered)
    ]


def _titles(rng: Random) -> dict[str, list[str]]:
    """Return the titles by style. Words don't repeat within a style or across styles."""
    titles = {}
    for style in STYLES:
        first, second = (words.split() for words in style.titles)
        pairs = zip(rng.sample(first, TUNES_PER_STYLE), rng.sample(second, TUNES_PER_STYLE), strict=True)
        titles[style.name] = [" ".join(pair) for pair in pairs]
    return titles


def _compose_tune(seed: int, index: int, style: Style, title: str) -> DemoTune:
    rng = Random(f"{seed}:{index}")
    clock: Clock = NTSC if index % 4 == 3 else PAL
    chip = rng.choice((6581, 8580))
    timed = [rng.random() < 0.3 for _ in range(_SUBSONGS[index % len(_SUBSONGS)])]
    songs = [compose_song(style, rng, clock, chip, cia) for cia in timed]
    program = encode_songs(songs, clock)
    cia_songs = tuple(number for number, cia in enumerate(timed) if cia)
    author = f"sidflow {style.name}"
    header = PsidHeader(title, author, RELEASED, len(songs), cia_songs, clock.name, chip)
    start = program.origin
    return DemoTune(
        file_name=title.replace(" ", "_") + ".sid",
        title=title,
        author=author,
        lengths=tuple(round(song_seconds(song, clock), 3) for song in songs),
        data=psid_file(header, start, start, start + 3, program.code),
    )
