"""The register writes of a song: what the tune tells the SID chips, without any sound."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.errors import InvalidRecordError

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

WRITE: Final = np.dtype(
    [("cycle", "<u4"), ("chip", "u1"), ("register", "u1"), ("value", "u1"), ("zero", "u1")]
)
"""A write as the emulator records it: 8 bytes, little-endian."""

TRACE_SECONDS: Final = 30
"""Length of the traces that embeddings are made of."""

PAL_CLOCK: Final = 985_248
NTSC_CLOCK: Final = 1_022_727
"""Cycles per second."""

REGISTERS: Final = 25
"""Registers of a chip that can be written."""

CLOCKS: Final = {"PAL": PAL_CLOCK, "NTSC": NTSC_CLOCK}
"""By the names that the emulator gives them."""

MAX_CHIPS: Final = 3
MAX_WRITES: Final = 150_000
"""Writes of a trace that the statistics of the driver look at. Music has 5,000 to 60,000 in 30 s."""

_REGISTERS_PER_CHIP = 32
_PAL_FRAME, _NTSC_FRAME = 19_656, 17_095  # cycles
_PHASES = 32


@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """The registers of all voices at the end of each video frame: arrays of shape (frames, voices).

    Attributes
    ----------
    frequency
        0 to 65535; see `pitch`.
    pulse_width
        0 to 4095.
    control
        Gate (1), sync (2), ring modulation (4), test (8), and the waveforms (16 to 128).
    attack_decay, sustain_release
        The two bytes of the envelope.
    pitch
        MIDI note number, with fractions; 69 is A at 440 Hz.
    """

    frequency: IntArray
    pulse_width: IntArray
    control: IntArray
    attack_decay: IntArray
    sustain_release: IntArray
    pitch: NDArray[np.float64]

    @property
    def waveform(self) -> IntArray:
        """Triangle (1), sawtooth (2), pulse (4), noise (8), and their sums."""
        return self.control >> 4

    @property
    def sounding(self) -> BoolArray:
        """Whether a voice is gated and its oscillator runs with a waveform."""
        gated = (self.control & 9) == 1
        sounding: BoolArray = gated & (self.waveform > 0) & (self.frequency > 0)
        return sounding

    @property
    def tonal(self) -> BoolArray:
        """Whether a voice sounds with another waveform than noise."""
        return self.sounding & (self.waveform < 8)


class Trace:
    """The register writes of a song, in the order of their cycles.

    Parameters
    ----------
    cycle
        Cycle of each write since the song started, shape (n,). Need not be sorted.
    chip, register, value
        Of each write, shape (n,). Writes to registers that don't exist are dropped.
    clock
        Cycles per second.
    """

    def __init__(
        self, cycle: IntArray, chip: IntArray, register: IntArray, value: IntArray, clock: int = PAL_CLOCK
    ) -> None:
        kept = (register < REGISTERS) & (chip < MAX_CHIPS) & (cycle < TRACE_SECONDS * clock)
        order = np.flatnonzero(kept)
        if np.any(np.diff(cycle[order]) < 0):
            order = order[np.argsort(cycle[order], kind="stable")]
        self.cycle, self.chip, self.register, self.value = (
            column[order].astype(np.int64) for column in (cycle, chip, register, value)
        )
        self.clock = clock

    @classmethod
    def from_bytes(cls, data: bytes, clock: int = PAL_CLOCK) -> Trace:
        """Read the writes as the emulator records them, see `WRITE`.

        Raises
        ------
        InvalidRecordError
            The size isn't a multiple of 8 bytes, or the clock isn't that of a C64.
        """
        if len(data) % WRITE.itemsize:
            raise InvalidRecordError(
                "trace", f"has {len(data)} bytes, which isn't a multiple of 8. Trace it again"
            )
        if clock not in {PAL_CLOCK, NTSC_CLOCK}:
            raise InvalidRecordError("clock", f"must be {PAL_CLOCK} or {NTSC_CLOCK}, not {clock!r}")
        writes = np.frombuffer(data, WRITE)
        cycle, chip, register, value = (
            writes[name].astype(np.int64) for name in ("cycle", "chip", "register", "value")
        )
        return cls(cycle, chip, register, value, clock)

    def __len__(self) -> int:
        return len(self.cycle)

    @property
    def frame_cycles(self) -> int:
        """Length of a video frame in cycles."""
        return _PAL_FRAME if self.clock == PAL_CLOCK else _NTSC_FRAME

    @property
    def chips(self) -> int:
        """Number of chips that are written to, at least 1."""
        return int(self.chip.max(initial=0)) + 1

    @property
    def key(self) -> IntArray:
        """Number of the register of each write among those of all chips."""
        return self.chip * _REGISTERS_PER_CHIP + self.register

    @cached_property
    def frame(self) -> IntArray:
        """Video frame of each write, 0 for the first. Frames are cut where the fewest writes are."""
        if not len(self):
            return self.cycle
        length = self.frame_cycles
        density = np.bincount(self.cycle % length * _PHASES // length, minlength=_PHASES)
        density = density + np.roll(density, 1) + np.roll(density, -1)
        cut = (2 * int(np.argmin(density)) + 1) * length // (2 * _PHASES)
        frames = (self.cycle + length - cut) // length
        return np.asarray(frames - frames[0])

    @property
    def frames(self) -> int:
        """Number of frames from the first write to the last, at least 1."""
        return int(self.frame[-1]) + 1 if len(self) else 1

    @property
    def seconds(self) -> float:
        """Time from the first write to the last, in whole frames."""
        return self.frames * self.frame_cycles / self.clock

    @cached_property
    def states(self) -> IntArray:
        """Registers at the end of each frame, shape (frames, chips, 32)."""
        last = np.zeros((self.frames, self.chips * _REGISTERS_PER_CHIP), np.int64)
        last[self.frame, self.key] = np.arange(1, len(self) + 1)
        np.maximum.accumulate(last, axis=0, out=last)
        values = np.concatenate([[0], self.value])[last]
        return values.reshape(self.frames, self.chips, _REGISTERS_PER_CHIP)

    @cached_property
    def voices(self) -> Voices:
        """The voices of all chips."""
        registers = self.states[:, :, :21].reshape(self.frames, 3 * self.chips, 7)
        low, high, width_low, width_high, control, attack_decay, sustain_release = np.moveaxis(
            registers, 2, 0
        )
        frequency = low + 256 * high
        hertz = np.maximum(frequency * (self.clock / 2**24), 1.0)
        pitch = 69 + 12 * np.log2(hertz / 440)
        width = (width_low + 256 * width_high) & 4095
        return Voices(frequency, width, control, attack_decay, sustain_release, pitch)
