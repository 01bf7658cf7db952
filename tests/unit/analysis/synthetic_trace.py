"""Register writes of a made-up driver that plays given notes, for tests of what is read from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sidflow_feedback.analysis.trace import PAL_CLOCK, WRITE, Trace

FRAME = 19656
FRAMES = 600
PULSE, TRIANGLE, NOISE = 0x40, 0x10, 0x80

Sound = Callable[[int], float]
"""Semitones above a note's pitch, by frame since the note has begun."""


def register_of(pitch: float) -> int:
    """Return the value of the frequency registers for a MIDI note number."""
    return round(440 * 2 ** ((pitch - 69) / 12) * 2**24 / PAL_CLOCK)


@dataclass
class Voice:
    """What one voice plays, over and over.

    Attributes
    ----------
    notes
        MIDI note numbers.
    row
        Frames from a note to the next.
    motion
        Within a note.
    waveforms
        In the first frames of a note; the last goes on.
    width
        Pulse width by frame of the song.
    """

    notes: Sequence[float] = (60,)
    row: int = 12
    motion: Sound = lambda _: 0.0
    waveforms: Sequence[int] = (PULSE,)
    width: Callable[[int], int] = lambda _: 0x800
    attack_decay: int = 0x09
    sustain_release: int = 0xA8
    open_frames: int = 8

    def registers(self, frame: int) -> list[int]:
        """Return the voice's seven registers in a frame."""
        note, since = divmod(frame, self.row)
        frequency = register_of(self.notes[note % len(self.notes)] + self.motion(since))
        waveform = self.waveforms[min(since, len(self.waveforms) - 1)]
        width = self.width(frame)
        control = waveform | (since < self.open_frames)
        return [
            *(frequency & 255, frequency >> 8, width & 255, width >> 8),
            *(control, self.attack_decay, self.sustain_release),
        ]


@dataclass
class Driver:
    """Writes all registers in each call, one after the other.

    Attributes
    ----------
    calls
        Per frame.
    gap
        Cycles from a write to the next.
    order
        Of a voice's registers.
    samples
        Writes of the volume per second besides, which play samples.
    """

    voices: Sequence[Voice] = (Voice(),)
    calls: int = 1
    gap: int = 20
    order: Sequence[int] = (0, 1, 2, 3, 4, 5, 6)
    voice_order: Sequence[int] = (0, 1, 2)
    filter: Sequence[int] = (0, 0, 0, 15)
    samples: int = 0
    writes: list[tuple[int, int, int, int, int]] = field(default_factory=list)

    def play(self, frames: int = FRAMES) -> Trace:
        """Return the trace of a song."""
        return Trace.from_bytes(self.to_bytes(frames))

    def to_bytes(self, frames: int = FRAMES) -> bytes:
        """Return the writes of a song as the emulator records them."""
        self.writes = []
        for call in range(frames * self.calls):
            self._call(call * FRAME // self.calls + 5000, call // self.calls)
        for number in range(self.samples * frames // 50):
            self._write(round(number * PAL_CLOCK / self.samples), 24, number % 16)
        return np.array(sorted(self.writes), WRITE).tobytes()

    def _call(self, cycle: int, frame: int) -> None:
        for number in self.voice_order[: len(self.voices)]:
            registers = self.voices[number].registers(frame)
            for register in self.order:
                cycle = self._write(cycle, 7 * number + register, registers[register])
        for register, value in enumerate(self.filter, 21):
            cycle = self._write(cycle, register, value)

    def _write(self, cycle: int, register: int, value: int) -> int:
        self.writes.append((cycle, 0, register, value, 0))
        return cycle + self.gap
