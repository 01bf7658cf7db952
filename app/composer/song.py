"""The play routine's model of a song: instruments, filter programs, events, and order lists."""

from dataclasses import dataclass, replace

VOICES = 3
HIGHEST_NOTE = 94
"""Note numbers count semitones from C0 (16.35 Hz); the frequency table needs one more above the highest."""


@dataclass(frozen=True)
class FilterProgram:
    """Settings of the filter from the start of the program on.

    Cutoff values are the upper 8 of the filter's 11 bits. `speed` is in 1/256 of these steps per
    frame. At `low` or `high` the cutoff reverses if `bounce` is set; otherwise it stays.
    """

    voices: tuple[int, ...]
    mode: int
    """$10 low-pass, $20 band-pass, $40 high-pass, or sums of them."""
    resonance: int
    start: int
    speed: int = 0
    low: int = 4
    high: int = 250
    bounce: bool = False


@dataclass(frozen=True)
class Instrument:
    """A sound: envelope, sequence of waveforms and pitches (one step per frame), pulse width, vibrato, glide.

    A step of `wave` is (control register, pitch): pitch 0-127 is added to the note in semitones, 128 and
    above is the absolute note pitch - 128. The last step is followed by step `loop`.
    """

    attack_decay: int
    sustain_release: int
    wave: tuple[tuple[int, int], ...]
    loop: int = 0
    pulse: int = 0
    """Pulse width at the start of a note, in 16 of 4096; 0: goes on from where it is."""
    pulse_speed: int = 0
    """Change of the pulse width per frame, of 4096, between `pulse_low` and `pulse_high` (in 256 of 4096)."""
    pulse_low: int = 2
    pulse_high: int = 13
    vibrato: int = 0
    """0: none; else each frame moves the pitch by a semitone halved `vibrato` - 1 times."""
    vibrato_delay: int = 0
    vibrato_period: int = 8
    """Frames from one turn of the pitch to the next."""
    glide: int = 0
    """0: none; else a tied note slides, each frame by a semitone halved `glide` - 1 times."""
    filter: FilterProgram | None = None
    """Starts with each note."""
    soft: bool = False
    """Whether a new note lets the envelope decay instead of cutting it (hard restart)."""

    def with_wave(self, *wave: tuple[int, int], loop: int = 0) -> "Instrument":
        """Return the same sound with another sequence of waveforms and pitches."""
        return replace(self, wave=wave, loop=loop)

    def with_chord(self, intervals: tuple[int, ...], frames: int) -> "Instrument":
        """Return the same sound as an arpeggio of `intervals` (semitones), each for `frames` frames."""
        form = self.wave[-1][0]
        return self.with_wave(*((form, interval) for interval in intervals for _ in range(frames)))


@dataclass(frozen=True)
class Event:
    """A note of `rows` rows, or a rest if `pitch` is None.

    A `tied` note doesn't restart the envelope, so it changes the pitch or extends the note before it.
    """

    rows: int
    pitch: int | None = None
    instrument: Instrument | None = None
    tied: bool = False


@dataclass(frozen=True)
class Block:
    """An entry of a voice's order list: a pattern, transposed by `transpose` semitones."""

    pattern: tuple[Event, ...]
    transpose: int = 0
    filter: FilterProgram | None = None
    """Starts with the block."""
    fade: int = 0
    """0: none; else the volume falls by one each `fade` frames from here on."""


@dataclass(frozen=True)
class Song:
    """A subsong.

    `speeds` are the frames of even and odd rows, `order` the blocks of each voice. After the last block, a
    voice continues at block `loop`, or is silent if that is None. `play_rate` is in Hz; None means once per
    video frame.
    """

    speeds: tuple[int, int]
    order: tuple[tuple[Block, ...], ...]
    loop: int | None = None
    volume: int = 15
    play_rate: float | None = None


@dataclass(frozen=True)
class Clock:
    """Timing of a machine: CPU cycles per second and cycles per video frame."""

    name: str
    cycles: int
    cycles_per_frame: int

    @property
    def frame_rate(self) -> float:
        """Video frames per second."""
        return self.cycles / self.cycles_per_frame

    def timer(self, rate: float) -> int:
        """Latch value of CIA timer A for `rate` calls per second."""
        return round(self.cycles / rate) - 1

    def play_rate(self, song: Song) -> float:
        """Return the calls of the play routine per second, as rounded by the machine's timers."""
        if song.play_rate is None:
            return self.frame_rate
        return self.cycles / (self.timer(song.play_rate) + 1)

    def frequency(self, note: int) -> int:
        """Frequency register value of a note (equal temperament, A4 = note 57 = 440 Hz), at most 65535."""
        return min(0xFFFF, round(440 * 2 ** ((note - 57) / 12) * 2**24 / self.cycles))


PAL = Clock("PAL", 985_248, 63 * 312)
NTSC = Clock("NTSC", 1_022_727, 65 * 263)


def count_rows(pattern: tuple[Event, ...]) -> int:
    """Return the number of rows in a pattern."""
    return sum(event.rows for event in pattern)


def song_seconds(song: Song, clock: Clock) -> float:
    """Return the seconds until the song ends or first loops."""
    rows = sum(count_rows(block.pattern) for block in song.order[0])
    frames = (rows + 1) // 2 * song.speeds[0] + rows // 2 * song.speeds[1]
    return frames / clock.play_rate(song)
