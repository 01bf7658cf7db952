"""Composes a song: tempo, sequence of sections, and ending."""

from dataclasses import dataclass, replace
from random import Random

from .arranger import Arranger, Section
from .song import VOICES, Clock, Song
from .style import Style

_SHORTEST, _LONGEST = 50.0, 140.0
"""Seconds, without a final bar."""
_CALLS_PER_SECOND = (50, 60, 75, 100)


@dataclass(frozen=True)
class Tempo:
    """Frames of even and odd rows, and calls of the play routine per second (None: once per video frame)."""

    speeds: tuple[int, int]
    play_rate: float | None


def choose_tempo(rng: Random, style: Style, clock: Clock, cia: bool) -> Tempo:
    """Choose a tempo: exact with a CIA timer, otherwise rounded to whole video frames."""
    rows_per_second = rng.uniform(*style.bpm) / 60 * style.beat
    share = rng.choice(style.swing)
    if cia:
        frames = max(4, round(rng.choice(_CALLS_PER_SECOND) / rows_per_second))
        return Tempo(_shared(2 * frames, share), rows_per_second * frames)
    return Tempo(_shared(max(6, round(2 * clock.frame_rate / rows_per_second)), share), None)


def compose_song(style: Style, rng: Random, clock: Clock, chip: int, cia: bool) -> Song:
    """Compose a song of 45 to 150 seconds that loops, fades out or ends on a last chord."""
    tempo = choose_tempo(rng, style, clock, cia)
    draft = Song(tempo.speeds, ((),) * VOICES, volume=rng.randint(*style.volume), play_rate=tempo.play_rate)
    arranger = Arranger(style, rng, chip)
    section_frames = style.bars * style.bar * sum(tempo.speeds) // 2
    ending = rng.choice(("loop", "loop", "fade", "chord"))
    sections = _choose_sections(style, rng, section_frames / clock.play_rate(draft), ending == "loop")
    written = {section: arranger.blocks(section) for section in dict.fromkeys(sections)}
    order = [[*written[section]] for section in sections]
    if ending == "fade":
        # The last section, of half length, fades to silence.
        fade = min(255, section_frames // 2 // (draft.volume + 1))
        order[-1][0] = replace(order[-1][0], fade=fade)
    elif ending == "chord":
        order.append(arranger.last_chord())
    order[0][0] = replace(order[0][0], filter=arranger.filter)
    loop = len(style.form.intro) if ending == "loop" else None
    voices = tuple(tuple(blocks[voice] for blocks in order) for voice in range(VOICES))
    return replace(draft, order=voices, loop=loop)


def _shared(frames: int, share: float) -> tuple[int, int]:
    """Return the frames of an even and an odd row. The even one gets `share`, rounded up."""
    even = int(frames * share + 0.5)
    return even, frames - even


def _choose_sections(style: Style, rng: Random, seconds: float, loops: bool) -> list[Section]:
    """Choose the sections of a song. A full one lasts `seconds`; intro and outro are half as long."""
    form = style.form
    intro = [Section.parse(text, half=True) for text in form.intro]
    outro = [] if loops else [Section.parse(text, half=True) for text in form.outro]
    ends = (len(intro) + len(outro)) / 2
    wanted = rng.uniform(1.2 * _SHORTEST, _LONGEST) / seconds - ends
    minimum, maximum = int(_SHORTEST / seconds - ends) + 1, int(_LONGEST / seconds - ends)
    count = max(1, min(maximum, max(minimum, round(wanted))))
    body = [Section.parse(form.body[index % len(form.body)]) for index in range(count)]
    if count >= 5 and rng.random() < 0.35:
        raised = rng.choice((1, 2, 2))
        body[-2:] = [replace(section, raised=raised) for section in body[-2:]]
    return [*intro, *body, *outro]
