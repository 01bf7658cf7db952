"""What makes the tunes music: keys, melodies, rhythms, voices that share notes."""

from itertools import pairwise
from random import Random

import pytest

from app.composer.grid import Stroke, strokes
from app.composer.melody import Profile, write_melody
from app.composer.notes import Note, echo, events, overlaid
from app.composer.song import Event, Instrument
from app.composer.sounds import INSTRUMENTS, KITS, cutoff
from app.composer.style import Style
from app.composer.styles import STYLES
from app.composer.theory import PROGRESSIONS, SCALES, Key, is_chord_tone, near, nearest_chord_tone

SOUND = Instrument(0, 0xF0, ((0x11, 0),))
OTHER = Instrument(0, 0xF0, ((0x21, 0),))


def test_key_counts_degrees_through_octaves() -> None:
    key = Key(24, "minor")
    assert [key.pitch(degree) for degree in (-1, 0, 2, 7, 9)] == [22, 24, 27, 36, 39]
    assert Key(24, "major").intervals(1, (0, 2, 4)) == (0, 3, 7)
    assert Key(24, "harmonic minor").intervals(4, (0, 2, 4, 6)) == (0, 4, 7, 10)


def test_chord_tones() -> None:
    assert [degree for degree in range(7) if is_chord_tone(degree, 4)] == [1, 4, 6]
    assert [nearest_chord_tone(degree, 0) for degree in (7, 8, 10, 13)] == [7, 7, 9, 14]
    assert all(abs(near(root, center) - center) <= 3 for root in range(7) for center in range(30))


@pytest.mark.parametrize("density", range(4))
@pytest.mark.parametrize(("bar", "beat"), [(16, 4), (12, 4), (6, 3)])
def test_melody_moves_by_steps_and_ends_on_chord_tones(bar: int, beat: int, density: int) -> None:
    chords = (0, 5, 3, 4, 0, 5, 4, 0)
    leaps, strong, notes = [], [], 0
    for seed in range(20):
        melody = write_melody(Random(seed), chords, bar, beat, Profile(density, 18, 6, 0.3))
        for note, after in pairwise(melody):
            assert note.start + note.rows <= after.start
            leaps.append(abs(after.degree - note.degree))
        strong += [is_chord_tone(n.degree, chords[n.start // bar]) for n in melody if n.start % bar == 0]
        notes += len(melody)
        last = melody[-1]
        assert last.degree % 7 == chords[-1]
        assert last.rows >= beat
        assert last.start + last.rows <= len(chords) * bar
        assert all(18 - 12 <= note.degree <= 18 + 12 for note in melody)
    assert sum(leap <= 2 for leap in leaps) / len(leaps) > 0.6
    assert sum(strong) / len(strong) > 0.6
    assert notes / 20 >= len(chords)


def test_denser_melodies_have_more_notes() -> None:
    def count(density: int) -> int:
        profile = Profile(density, 18, 6, 0.3)
        return sum(len(write_melody(Random(seed), (0, 3, 4, 0), 16, 4, profile)) for seed in range(20))

    counts = [count(density) for density in range(4)]
    assert counts == sorted(set(counts))


def test_rhythm_text() -> None:
    assert list(strokes("x.-y", 6)) == [Stroke(0, 2, "x"), Stroke(3, 1, "y"), Stroke(4, 2, "x")]
    assert list(strokes("..", 4)) == []


def test_top_notes_interrupt_base_notes() -> None:
    base = [Note(0, 8, 40, SOUND), Note(8, 2, 42, SOUND, tied=True)]
    drum = Note(2, 1, 36, OTHER)
    assert overlaid(base, [drum]) == [
        Note(0, 2, 40, SOUND),
        drum,
        Note(3, 5, 40, SOUND),
        Note(8, 2, 42, SOUND, tied=True),
    ]
    assert overlaid(base, [Note(1, 6, 36, OTHER)], min_rows=2)[-1] == Note(8, 2, 42, SOUND)


def test_events_fill_the_rows_with_rests() -> None:
    part = [Note(2, 3, 40, SOUND), Note(5, 1, 127, SOUND)]
    filled = events(part, 8)
    assert filled[:2] == (Event(2), Event(3, 40, SOUND))
    assert filled[2].pitch is not None
    assert filled[2].pitch % 12 == 127 % 12
    assert filled[2].pitch <= 66
    assert filled[3] == Event(2)


def test_echo_is_late_and_ends_with_the_part() -> None:
    assert echo([Note(0, 2, 40, SOUND), Note(4, 4, 42, SOUND)], 3, OTHER) == [
        Note(3, 2, 40, OTHER),
        Note(7, 1, 42, OTHER),
    ]


def test_cutoff_rises_with_frequency() -> None:
    for chip in (6581, 8580):
        values = [cutoff(chip, hertz) for hertz in (100, 300, 1000, 3000, 9000, 20_000)]
        assert values == sorted(set(values))
        assert values[0] >= 0
        assert values[-1] <= 250


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_style_refers_to_existing_names_and_fills_its_bars(style: Style) -> None:
    assert set(style.basses + style.chords + style.leads + style.counters) <= set(INSTRUMENTS)
    assert set(style.modes) <= set(SCALES) == set(PROGRESSIONS)
    for rhythms, symbols in (
        (style.bass, "ro5367ba.-"),
        (style.harmony, "x01234.-"),
        (style.drums, "kshot.-"),
    ):
        for rhythm in rhythms:
            assert set(rhythm) <= set(symbols)
            assert len(rhythm) == 1 or len(rhythm) % style.bar == 0 or style.bar % len(rhythm) == 0
    assert set(style.fill) <= {*KITS[style.kit], ".", "-"}
    for section in style.form.intro + style.form.body + style.form.outro:
        assert all(set(section.partition(":")[2]) <= set("".join(layout)) for layout in style.layouts)


def test_titles_are_unique() -> None:
    first = [word for style in STYLES for word in style.titles[0].split()]
    second = [word for style in STYLES for word in style.titles[1].split()]
    assert len(set(first)) == len(first)
    assert len(set(second)) == len(second)
