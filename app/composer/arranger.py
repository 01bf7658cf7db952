"""The material of a song (key, themes, sounds), and its sections for three voices."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from .grid import Stroke, strokes
from .melody import MelodyNote, Profile, write_melody
from .notes import Note, Part, clipped, echo, events, moved, overlaid
from .song import VOICES, Block, FilterProgram, Instrument
from .sounds import INSTRUMENTS, KITS, high_pass, pluck_filter, sweep
from .style import Style
from .theory import PROGRESSIONS, Key, near, nearest_chord_tone

_BASS_STEPS = {"r": 0, "o": 7, "5": 4, "3": 2, "6": 5, "7": 6, "b": -3}
_CHORD_STEPS = {"0": 0, "1": 2, "2": 4, "3": 7, "4": 9}
_DRUM_NOTE = 36
_DRUM_ROWS = {"k": 1, "s": 2, "h": 1, "o": 2, "t": 2}


@dataclass(frozen=True)
class Theme:
    """The root (a degree) of each bar's chord, rhythms, melody, and lead sound of a section."""

    chords: tuple[int, ...]
    bass: str
    harmony: str
    drums: str
    melody: tuple[MelodyNote, ...]
    lead: Instrument


@dataclass(frozen=True)
class Section:
    """A theme played by some layers (see `Form`), whole or half, `raised` by some semitones."""

    theme: str
    layers: str
    half: bool = False
    raised: int = 0

    @classmethod
    def parse(cls, text: str, half: bool = False) -> "Section":
        """Parse a section of a `Form`."""
        theme, layers = text.split(":")
        return cls(theme, layers, half)


class Arranger:
    """Material for one song of a style, and its sections as blocks of notes."""

    def __init__(self, style: Style, rng: Random, chip: int) -> None:
        self.style, self.rng, self.chip = style, rng, chip
        self.key = Key(rng.randint(*style.tonics), rng.choice(style.modes))
        self.layout = rng.choice(style.layouts)
        self.rows = style.bars * style.bar
        self.kit = KITS[style.kit]
        self.voicing = rng.choice(style.voicings)
        self.arpeggio_frames = rng.choice(style.arpeggio_frames)
        self.harmony_sound = INSTRUMENTS[rng.choice(style.chords)](rng)
        self.counter_sound = INSTRUMENTS[rng.choice(style.counters)](rng)
        self.filter = self._choose_filter()
        self.bass_sound = self._choose_bass()
        self.chord_bars = rng.choice(style.chord_bars)
        first = self._theme()
        self.themes = {"A": first, "B": self._theme(), "C": self._variation(first)}

    def blocks(self, section: Section) -> list[Block]:
        """Write a section: a block for each voice."""
        rows = self.rows // 2 if section.half else self.rows
        theme = self.themes[section.theme]
        parts = {layer: clipped(self._layer(layer, theme), rows) for layer in section.layers}
        return [
            Block(events(self._voice(layers, parts), rows), transpose=section.raised)
            for layers in self.layout
        ]

    @staticmethod
    def _voice(layers: str, parts: dict[str, Part]) -> Part:
        voice: Part = []
        for layer in layers:
            # A chord of a single row in a melody's gap would sound like a click.
            voice = overlaid(voice, parts.get(layer, []), min_rows=1 if layer == "d" else 2)
        return voice

    def last_chord(self) -> list[Block]:
        """Write a bar on the tonic to end with."""
        theme = self.themes["A"]
        sounds = {
            "b": (0, self.bass_sound),
            "h": (near(0, self.style.harmony_center), self._chord(0)),
            "l": (nearest_chord_tone(self.style.center, 0), theme.lead),
        }
        blocks = []
        for voice in self.layout:
            degree, sound = next((sounds[layer] for layer in voice[::-1] if layer in sounds), sounds["l"])
            note = Note(0, self.style.bar, self.key.pitch(degree), sound)
            blocks.append(Block(events([note], self.style.bar)))
        return blocks

    def _choose_filter(self) -> FilterProgram | None:
        low, high = self.style.cutoffs
        if self.style.filter == "sweep":
            return sweep(self.rng, self.chip, tuple(range(VOICES)), low, high, self.rng.uniform(4, 14))
        if self.style.filter == "thin":
            return high_pass(self.chip, (1, 2), low)
        return None

    def _choose_bass(self) -> Instrument:
        sound = INSTRUMENTS[self.rng.choice(self.style.basses)](self.rng)
        if self.style.filter != "acid":
            return sound
        voice = next(index for index, layers in enumerate(self.layout) if "b" in layers)
        program = pluck_filter(self.rng, self.chip, voice, *self.style.cutoffs, self.rng.uniform(0.15, 0.4))
        return replace(sound, filter=program)

    def _theme(self) -> Theme:
        style, rng = self.style, self.rng
        progression = rng.choice(style.progressions or PROGRESSIONS[self.key.scale])
        bars = [root for root in progression for _ in range(self.chord_bars)]
        chords = tuple((bars * style.bars)[: style.bars])
        center = style.center + rng.choice((-1, 0, 0, 1, 2))
        profile = Profile(rng.choice(style.densities), center, style.span, style.leaps)
        melody = write_melody(rng, chords, style.bar, style.beat, profile)
        return Theme(chords, *self._rhythms(), tuple(melody), self._lead_sound())

    def _variation(self, theme: Theme) -> Theme:
        """Return the same melody with another lead sound and other rhythms."""
        bass, harmony, drums = self._rhythms()
        return replace(theme, bass=bass, harmony=harmony, drums=drums, lead=self._lead_sound())

    def _rhythms(self) -> tuple[str, str, str]:
        style, rng = self.style, self.rng
        return rng.choice(style.bass), rng.choice(style.harmony), rng.choice(style.drums)

    def _lead_sound(self) -> Instrument:
        return INSTRUMENTS[self.rng.choice(self.style.leads)](self.rng)

    def _layer(self, layer: str, theme: Theme) -> Part:
        writers = {"b": self._bass, "d": self._drums, "h": self._harmony, "l": self._lead}
        writers |= {"c": self._counter, "e": self._echo}
        return writers[layer](theme)

    def _bars(self, rhythm: str) -> Iterator[tuple[int, Stroke]]:
        """Yield the strokes of a rhythm through the section, each with the number of its bar."""
        for stroke in strokes(rhythm, self.rows):
            yield stroke.row // self.style.bar, stroke

    def _bass(self, theme: Theme) -> Part:
        return [
            self._note(stroke, self._bass_degree(theme.chords, bar, stroke.symbol), self.bass_sound)
            for bar, stroke in self._bars(theme.bass)
        ]

    @staticmethod
    def _bass_degree(chords: tuple[int, ...], bar: int, symbol: str) -> int:
        root = near(chords[bar], 1)
        if symbol == "a":
            after = near(chords[(bar + 1) % len(chords)], 1)
            return after - 1 if after > root else after + 1
        return root + _BASS_STEPS[symbol]

    def _drums(self, theme: Theme) -> Part:
        last = self.rows - self.style.bar
        bars = [s for s in strokes(theme.drums, self.rows) if s.row < last]
        bars += [replace(s, row=s.row + last) for s in strokes(self.style.fill, self.style.bar)]
        return [Note(s.row, min(s.rows, _DRUM_ROWS[s.symbol]), _DRUM_NOTE, self.kit[s.symbol]) for s in bars]

    def _harmony(self, theme: Theme) -> Part:
        return [self._chord_note(theme.chords[bar], stroke) for bar, stroke in self._bars(theme.harmony)]

    def _chord_note(self, root: int, stroke: Stroke) -> Note:
        degree = near(root, self.style.harmony_center)
        if stroke.symbol == "x":
            return self._note(stroke, degree, self._chord(root))
        return self._note(stroke, degree + _CHORD_STEPS[stroke.symbol], self.harmony_sound)

    def _chord(self, root: int) -> Instrument:
        return self.harmony_sound.with_chord(self.key.intervals(root, self.voicing), self.arpeggio_frames)

    def _lead(self, theme: Theme) -> Part:
        """Write the melody. A gliding lead ties the notes of a bar."""
        part: Part = []
        for note in theme.melody:
            joins = bool(
                theme.lead.glide and part and part[-1].stop == note.start and note.start % self.style.bar
            )
            part.append(Note(note.start, note.rows, self.key.pitch(note.degree), theme.lead, tied=joins))
        return part

    def _echo(self, theme: Theme) -> Part:
        quieter = replace(theme.lead, sustain_release=max(0x10, theme.lead.sustain_release - 0x50), glide=0)
        return echo(self._lead(theme), self.style.beat * 3 // 4, quieter)

    def _counter(self, theme: Theme) -> Part:
        """Write one chord tone per bar, as close as possible to the one before."""
        degree = self.style.harmony_center + 2
        part: Part = []
        for bar, root in enumerate(theme.chords):
            degree = nearest_chord_tone(degree, root)
            note = Note(0, self.style.bar, self.key.pitch(degree), self.counter_sound)
            part += moved([note], bar * self.style.bar)
        return part

    def _note(self, stroke: Stroke, degree: int, sound: Instrument) -> Note:
        return Note(stroke.row, stroke.rows, self.key.pitch(degree), sound)
