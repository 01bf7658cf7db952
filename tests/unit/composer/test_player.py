"""The play routine on py65, frame by frame: what it writes to the SID for songs written here."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from py65.devices.mpu6502 import MPU

from app.composer.encoder import SongTooLargeError, encode_songs
from app.composer.song import PAL, Block, Event, FilterProgram, Instrument, Song

SQUARE = Instrument(0x0A, 0xA8, ((0x41, 0),), pulse=0x80)
SILENCE = (Block((Event(64),)),)


class Machine:
    """A 6502 with 64 KB of RAM; a play call that takes longer than a video frame fails."""

    def __init__(self, songs: Sequence[Song], subsong: int = 0) -> None:
        program = encode_songs(songs, PAL)
        self.memory = [0] * 0x10000
        self.memory[program.origin : program.origin + len(program.code)] = program.code
        self.origin = program.origin
        self.cpu = MPU(memory=self.memory)
        self.call(self.origin, subsong)

    def call(self, address: int, a: int = 0) -> None:
        self.cpu.pc, self.cpu.a, self.cpu.sp = address, a, 0xFD
        self.memory[0x1FE:0x200] = [0xFE, 0xFF]
        deadline = self.cpu.processorCycles + PAL.cycles_per_frame
        while self.cpu.pc != 0xFFFF:
            self.cpu.step()
            assert self.cpu.processorCycles < deadline, "the routine takes longer than a frame"

    def frames(self, count: int) -> list[list[int]]:
        """The 25 SID registers after each of `count` play calls."""
        result = []
        for _ in range(count):
            self.call(self.origin + 3)
            result.append(self.memory[0xD400:0xD419])
        return result


def song(*events: Event, speeds: tuple[int, int] = (6, 6), loop: int | None = 0) -> Song:
    return Song(speeds, ((Block(events),), SILENCE, SILENCE), loop)


def frequency(registers: list[int], voice: int = 0) -> int:
    return registers[7 * voice] + 256 * registers[7 * voice + 1]


def test_notes_start_at_their_frames_with_their_sound() -> None:
    frames = Machine([song(Event(2, 45, SQUARE), Event(1), Event(1, 57, SQUARE))]).frames(26)
    gates = [registers[4] for registers in frames]
    assert gates == [0x41] * 10 + [0x40] * 8 + [0x41] * 4 + [0x40] * 2 + [0x41] * 2
    assert [frequency(registers) for registers in frames[:18]] == [PAL.frequency(45)] * 18
    assert [frequency(registers) for registers in frames[18:24]] == [PAL.frequency(57)] * 6
    assert frames[0][5:7] == [0x0A, 0xA8]
    assert frames[10][5:7] == [0, 0], "hard restart"
    assert frames[0][2] + 256 * frames[0][3] == 0x800
    assert {registers[24] for registers in frames} == {15}


def test_uneven_speeds_swing() -> None:
    notes = [Event(1, 40 + step, SQUARE) for step in range(4)]
    frames = Machine([song(*notes, speeds=(8, 4))]).frames(24)
    starts = [0] + [n for n in range(1, 24) if frequency(frames[n]) != frequency(frames[n - 1])]
    assert starts == [0, 8, 12, 20]


def test_tied_note_keeps_the_gate_open_and_long_ones_last() -> None:
    frames = Machine([song(Event(70, 45, SQUARE), Event(2, 50, SQUARE, tied=True))]).frames(72 * 6)
    assert all(registers[4] == 0x41 for registers in frames[:-2])
    assert frequency(frames[70 * 6 - 1]) == PAL.frequency(45)
    assert frequency(frames[70 * 6]) == PAL.frequency(50)


def test_arpeggio_and_absolute_steps() -> None:
    chord = SQUARE.with_chord((0, 4, 7), 2)
    drum = SQUARE.with_wave((0x81, 128 + 90), (0x11, 128 + 30), loop=1)
    frames = Machine([song(Event(2, 45, chord), Event(1, 45, drum))]).frames(16)
    arpeggio = [PAL.frequency(45 + interval) for interval in (0, 0, 4, 4, 7, 7)]
    assert [frequency(registers) for registers in frames[:12]] == arpeggio * 2
    assert [(r[4], frequency(r)) for r in frames[12:15]] == [
        (0x81, PAL.frequency(90)),
        (0x11, PAL.frequency(30)),
        (0x11, PAL.frequency(30)),
    ]


def test_vibrato_starts_after_its_delay() -> None:
    sound = replace(SQUARE, vibrato=4, vibrato_delay=5, vibrato_period=4)
    pitches = [frequency(r) for r in Machine([song(Event(16, 57, sound))]).frames(80)]
    note, semitone = PAL.frequency(57), PAL.frequency(58) - PAL.frequency(57)
    assert pitches[:5] == [note] * 5
    swing = pitches[6:70]
    assert max(swing) - note == note - min(swing) == 2 * (semitone // 8)
    assert sum(swing) == note * 64


def test_glide_moves_step_by_step_and_stops_at_the_note() -> None:
    sound = replace(SQUARE, glide=2)
    up_and_down = (Event(1, 81, sound), Event(1, 83, sound, tied=True), Event(1, 81, sound, tied=True))
    pitches = [frequency(r) for r in Machine([song(*up_and_down)]).frames(18)]
    assert pitches[0:6] == [PAL.frequency(81)] * 6
    assert sorted(set(pitches[6:12])) == pitches[6:10]
    assert pitches[11] == PAL.frequency(83)
    assert sorted(set(pitches[12:18]), reverse=True) == pitches[12:17]
    assert pitches[17] == PAL.frequency(81)


def test_pulse_width_stays_between_its_limits() -> None:
    sound = replace(SQUARE, pulse=0x40, pulse_speed=90, pulse_low=3, pulse_high=6)
    frames = Machine([song(Event(60, 45, sound))]).frames(300)
    widths = [r[2] + 256 * r[3] for r in frames]
    assert widths[0] == 0x400 + 90
    assert 0x300 - 90 <= min(widths) < 0x300
    assert 0x600 <= max(widths) < 0x600 + 90


def test_filter_programs_bounce_or_stay() -> None:
    bounce = FilterProgram((0, 2), 0x10, 9, 40, 0x0180, 20, 60, bounce=True)
    stay = FilterProgram((1,), 0x20, 3, 100, -0x0210, 70, 120)
    sound = replace(SQUARE, filter=stay)
    blocks = (Block((Event(16, 45, SQUARE),), filter=bounce), Block((Event(8, 45, sound),)))
    frames = Machine([Song((6, 6), (blocks, SILENCE, SILENCE))]).frames(140)
    assert [frames[0][23], frames[0][24]] == [0x95, 0x1F]
    first = [r[22] for r in frames[:96]]
    assert first[0] == 41
    assert (min(first), max(first)) == (19, 61)
    assert [frames[96][23], frames[96][24]] == [0x32, 0x2F]
    assert frames[139][22] == 69


def test_fade_then_silence_when_the_song_ends() -> None:
    blocks = (Block((Event(16, 45, SQUARE),), fade=5),)
    frames = Machine([Song((6, 6), (blocks, SILENCE, SILENCE))]).frames(600)
    assert [r[24] for r in frames[:96]] == [15 - (n + 1) // 5 for n in range(74)] + [0] * 22
    assert all(r[4] == 0x40 for r in frames[96:])


def test_song_loops_to_its_block_with_the_block_s_transposition() -> None:
    def block(pitch: int, transpose: int = 0) -> Block:
        return Block((Event(1, pitch, SQUARE),), transpose)

    blocks = (block(40), block(41, 2), block(42, 2), block(43))
    frames = Machine([Song((6, 6), (blocks, SILENCE * 4, SILENCE * 4), loop=2)]).frames(48)
    heard = [frequency(registers) for registers in frames[::6]]
    assert heard == [PAL.frequency(note) for note in (40, 43, 44, 43, 44, 43, 44, 43)]


def test_subsongs_differ_and_init_restarts() -> None:
    songs = [song(Event(4, 40, SQUARE)), song(Event(4, 52, SQUARE), speeds=(3, 3))]
    first, second = Machine(songs, 0), Machine(songs, 1)
    assert frequency(first.frames(1)[0]) == PAL.frequency(40)
    start = second.frames(20)
    assert frequency(start[0]) == PAL.frequency(52)
    second.call(second.origin, 1)
    assert second.frames(20) == start


def test_play_rate_sets_the_cia_timer() -> None:
    machine = Machine([replace(song(Event(4, 40, SQUARE)), play_rate=100.0)])
    timer = machine.memory[0xDC04] + 256 * machine.memory[0xDC05]
    assert PAL.cycles / (timer + 1) == pytest.approx(100, abs=0.01)
    assert Machine([song(Event(4, 40, SQUARE))]).memory[0xDC04:0xDC06] == [0, 0]


def test_too_many_instruments_are_rejected() -> None:
    events = [Event(1, 40, replace(SQUARE, attack_decay=number)) for number in range(70)]
    with pytest.raises(SongTooLargeError, match="more than 64 instruments"):
        encode_songs([song(*events)], PAL)
