"""Sidplayer music (MUS), which the emulator plays without a 6502 program.

What the registers should hold was read from the original player, with the tunes of these tests.
"""

from functools import cache

import numpy as np
import pytest

from app.emulator import SidEmulator, SidError, TuneInfo
from tests.wasm.psid import psid
from tests.wasm.sidplayer import Command, mus, note
from tests.wasm.sound_comparison import RATE

JIFFY = 735
"""Samples at 44,100 Hz."""

C4, D4, A4, E4 = 4291, 4817, 7217, 5407
"""Frequency registers."""


@cache
def emulator() -> SidEmulator:
    return SidEmulator()


def load(file: bytes) -> TuneInfo:
    info = emulator().load(file)
    emulator().start(sample_rate=RATE)
    return info


def registers(file: bytes, jiffies: int, chip: int = 0) -> list[bytes]:
    """Return the registers in the middle of each jiffy."""
    load(file)
    emulator().skip(JIFFY // 2)
    found = []
    for _ in range(jiffies):
        found.append(emulator().registers(chip)[:25])
        emulator().skip(JIFFY)
    return found


def frequencies(file: bytes, jiffies: int) -> list[int]:
    return [state[0] | state[1] << 8 for state in registers(file, jiffies)]


def starts(file: bytes, jiffies: int) -> list[int]:
    """Return the jiffies in which the first voice's gate opens or its pitch jumps."""
    states = [(state[4] & 1, state[:2]) for state in registers(file, jiffies)]
    return [i for i, state in enumerate(states) if state[0] and (i == 0 or state != states[i - 1])]


def test_notes_have_pitch_and_length() -> None:
    pitches = frequencies(mus([note("c", 4), note("d", 4), note("a", 8), note("c", 1)]), 95)
    assert (pitches[0], pitches[40], pitches[80], pitches[92]) == (C4, D4, A4, C4)
    assert starts(mus([note("c", 4), note("d", 4), note("a", 8), note("c", 1)]), 95) == [0, 36, 72, 90]


def test_note_is_released_before_its_end() -> None:
    gates = [state[4] & 1 for state in registers(mus([note("c", 4), note("r", 4), note("c", 4)]), 80)]
    assert gates == [1] * 32 + [0] * 40 + [1] * 8
    held = mus([(0x26, 10), (0x4E, 30), note("c", 4), note("c", 4)])
    assert [state[4] & 1 for state in registers(held, 38)] == [1] * 30 + [0] * 6 + [1] * 2


def test_tie_holds_the_gate() -> None:
    gates = [
        state[4] & 1 for state in registers(mus([note("c", 8, tie=True), note("e", 8), note("c", 4)]), 36)
    ]
    assert gates == [1] * 32 + [0] * 4


@pytest.mark.parametrize(
    ("command", "at", "value"),
    [
        ((0x01, 0xFE), 24, 0x0F),
        ((0x01, 0x27), 4, 0x11),
        ((0x01, 0x2B), 4, 0x45),
        ((0x01, 0x3B), 4, 0x43),
        ((0x01, 0x0C), 5, 0x10),
        ((0x01, 0x30), 5, 0x23),
        ((0x01, 0xEC), 6, 0xD5),
        ((0x01, 0x78), 6, 0xF7),
        ((0x92, 0x34), 3, 0x09),
        ((0x92, 0x34), 2, 0x34),
        ((0x0A, 0x1E), 0, (C4 + 30) & 0xFF),
        ((0xFA, 0xE2), 0, (C4 - 30) & 0xFF),
        ((0x01, 0x37), 24, 0x18),
        ((0x01, 0x5B), 24, 0x88),
        ((0x01, 0xFA), 23, 0xF8),
        ((0x01, 0x1B), 23, 0x09),
        ((0x01, 0x43), 23, 0x00),
        ((0x0E, 0x64), 22, 0x64),
        ((0x01, 0x03), 24, 0x09),
        ((0x01, 0x0B), 24, 0x07),
        ((0xA6, 0xB1), 0, C4 & 0xFF),
        ((0xA6, 0x1E), 0, 4547 & 0xFF),
        ((0x2E, 0x02), 0, 4547 & 0xFF),
    ],
)
def test_command_sets_a_register(command: Command, at: int, value: int) -> None:
    assert registers(mus([command, note("c", 4)]), 2)[1][at] == value


def test_sweeps_move_pulse_width_and_cutoff_and_start_again_with_each_note() -> None:
    states = registers(mus([(6, 0x20), (0x56, 0xEC), (0x0E, 100), (0x66, 3), note("c", 4), note("c", 4)]), 10)
    assert [state[2] | state[3] << 8 for state in states] == [0x800 - 20 * (i % 8) for i in range(10)]
    assert [state[21] | state[22] << 3 for state in states] == [800 + 3 * (i % 8) for i in range(10)]


def test_vibrato_swings_around_the_pitch() -> None:
    offsets = [f - C4 for f in frequencies(mus([(0x76, 60), (0x86, 2), note("c", 4)]), 10)]
    assert offsets == [0, 60, 120, 60, 0, -60, -120, -60, 0, 60]


def test_portamento_glides_to_the_next_note_and_stays() -> None:
    pitches = frequencies(mus([(6, 0x20), note("c", 4), (3, 200), note("e", 4)]), 16)
    assert pitches[8:15] == [C4, 4491, 4691, 4891, 5091, 5291, E4]


def test_repeats_and_phrases() -> None:
    c, d, a = (frequencies(mus([note(name, 4)]), 1)[0] for name in "cda")
    short = [
        (6, 0x20),
        (0x36, 2),
        note("c", 4),
        (1, 0x0F),
        (1, 0x16),
        note("d", 4),
        (1, 0x2F),
        note("a", 4),
        (1, 0x12),
    ]
    assert frequencies(mus([*short, note("c", 4)]), 46)[::8] == [c, c, d, a, d, c]


def test_transposition_has_a_range_of_octaves() -> None:
    codes = [(0x0E, 4291), (0xC1, 4547), (0x0C, 8583), (0x03, 1136)]
    assert [frequencies(mus([(0xA6, code), note("c", 4)]), 1)[0] for code, _ in codes] == [
        f for _, f in codes
    ]


def test_jiffies_become_longer() -> None:
    assert starts(mus([(0xBE, 0x20), note("c", 8), note("e", 8), note("c", 4)]), 60) == [0, 27, 53]


def test_music_falls_silent_when_all_voices_halt() -> None:
    load(mus([note("c", 8)]))
    emulator().render_seconds(3)
    assert np.ptp(emulator().render(4096)) < 2e-3


def test_text_becomes_title_and_author() -> None:
    info = load(mus([note("c", 4)], text=b"\x05  A \xd4UNE \rSOMEONE\r1986\r\r\r\0"))
    assert (info.format, info.title, info.author, info.released) == ("MUS", "A TUNE", "SOMEONE", "1986")
    assert (info.songs, info.chips) == (1, 1)


def test_second_part_plays_on_a_second_sid() -> None:
    both = mus([note("c", 4)]) + mus([note("a", 4)])
    assert [sid.address for sid in load(both).sids] == [0xD400, 0xD500]
    assert [registers(both, 2, chip)[1][1] for chip in (0, 1)] == [C4 >> 8, A4 >> 8]


def test_mus_inside_a_psid_plays() -> None:
    file = psid(mus([note("c", 4)]), load=0, init=0, play=0, flags=0x15)
    info = load(file)
    assert (info.title, info.format) == ("Title", "MUS")
    assert frequencies(file, 1) == [C4]


def test_psid_without_its_mus_data_is_refused() -> None:
    with pytest.raises(SidError, match="should hold Sidplayer music, but its three voices"):
        load(psid(b"\x60" * 40, flags=0x15))


def test_endless_loop_without_notes_halts_its_voice() -> None:
    gates = [state[11] & 1 for state in registers(mus([(0x36, 0), (1, 0x0F)], [note("c", 4)]), 3)]
    assert gates == [1, 1, 1]


def test_note_that_the_tempo_does_not_divide_stops_the_music() -> None:
    assert registers(mus([(6, 0x90), note("c", 32)]), 2)[1][4] == 0


def test_saved_state_continues_identically() -> None:
    load(mus([(0x76, 60), (0x86, 2), note("c", 4), note("d", 4)]))
    emulator().skip(10 * JIFFY)
    state = emulator().save()
    first = [next_registers() for _ in range(40)]
    emulator().restore(state)
    assert first == [next_registers() for _ in range(40)]


def next_registers() -> bytes:
    emulator().skip(JIFFY)
    return emulator().registers()
