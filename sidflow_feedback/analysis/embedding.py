"""The trace embedding: 64 numbers by which songs are compared, from 30 s of their register writes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.analysis.driver_habits import measure_habits
from sidflow_feedback.analysis.notes import read_notes
from sidflow_feedback.analysis.sound_traits import measure_traits
from sidflow_feedback.analysis.trace import Trace
from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.idle import finish
from sidflow_feedback.types import FloatArray

if TYPE_CHECKING:
    from sidflow_feedback.idle import Steps

Group: TypeAlias = Literal["driver", "sound"]
"""``driver``: how the program writes; ``sound``: what a listener hears of it."""

Weighting: TypeAlias = Literal["all", "sound"]
"""``all`` dimensions, which finds a composer best; or only those of the group ``sound``."""

TABLES_FILE: Final = Path(__file__).with_name("embedding.npz")
"""Made by ``python -m tests.bench.similarity_tables``."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One number of the embedding, before it is normalized.

    Attributes
    ----------
    unit
        ``share`` is from 0 to 1; ``log2`` is the logarithm of what `meaning` names.
    """

    name: str
    group: Group
    unit: str
    meaning: str


def _dimensions(group: Group, text: str) -> tuple[Dimension, ...]:
    rows = (line.split("|") for line in text.strip().splitlines())
    return tuple(
        Dimension(name.strip(), group, unit.strip(), meaning.strip()) for name, unit, meaning in rows
    )


DIMENSIONS: Final = _dimensions(
    "driver",
    """
    calls_per_frame        | log2  | calls of the driver per video frame; above 0: multispeed
    control_writes         | log2  | 1 + writes of control registers per frame
    control_share          | share | of all writes, those of control registers
    control_always         | share | of calls that write a control register, mean over the voices
    first_call_writes      | log2  | 1 + writes of the first call, which sets up the chip
    cutoff_low_overfull    | share | of writes of the low cutoff register that set bits without a function
    gap_median             | log2  | 1 + cycles between two writes of a call, median
    gap_slow               | log2  | 1 + cycles between two writes of a call, upper quartile
    gap_6_cycles           | share | of writes that follow another after 6 cycles
    gap_8_cycles           | share | of writes that follow another after 8 cycles
    gap_13_cycles          | share | of writes that follow another after 13 cycles
    voices_falling         | share | of steps from a write to the next that go from a voice to the one before
    registers_rising       | share | of steps that go to the next register
    envelope_first         | share | of calls that start with sustain and release
    volume_last            | share | of calls that end with the volume
    frequency_then_width   | share | of steps within a voice from frequency (high) to pulse width (low)
    frequency_then_control | share | of steps within a voice from frequency (low) to control
    width_then_control     | share | of steps within a voice from pulse width (high) to control
    control_then_frequency | share | of steps within a voice from control to frequency (low)
    control_then_control   | share | of steps within a voice from control to control again
    control_then_attack    | share | of steps within a voice from control to attack and decay
    attack_then_control    | share | of steps within a voice from attack and decay to control
    start_without_waveform | share | of notes whose gate opens before their waveform is set
    start_sets_envelope    | share | of notes in whose first frame the envelope changes: hard restart
    """,
) + _dimensions(
    "sound",
    """
    digi_rate              | log2  | 1 + writes of the volume per second above 60: sample playback
    note_rate              | log2  | 1 + notes per second, all voices
    row_frames             | log2  | frames of a row: the unit of which most distances of notes are multiples
    tuning                 | semitones | deviation from A = 440 Hz, -0.5 to 0.5
    key_strength           | correlation | of the pitch classes with the best key's profile
    mode                   | correlation | of the best major key less that of the best minor key
    pitch_median           | semitones | MIDI note number of the median of all voices
    pitch_range            | semitones | from the 5th to the 95th percentile of pitch
    melodic_steps          | share | of intervals from note to note of 1 or 2 semitones
    melodic_leaps          | share | of intervals of more than 4 semitones
    voice_spread           | semitones | from the lowest voice to the highest, in the mean: bass and lead
    detune                 | share | of time in which two voices are nearly in unison
    arpeggio               | share | of frames within notes at which the pitch jumps
    arpeggio_thirds        | share | of these jumps by 3 or 4 semitones
    vibrato                | share | of frames within notes at which small changes of pitch turn round
    slide                  | share | of frames within notes in which the pitch goes on one way
    gate                   | share | of time in which a voice's gate is open: density
    triangle               | share | of sounding time with the triangle
    pulse                  | share | of sounding time with the pulse
    noise                  | share | of sounding time with noise
    noise_to_triangle      | share | of sounding frames at which noise becomes the triangle
    triangle_to_noise      | share | of sounding frames at which the triangle becomes noise
    noise_attack           | share | of notes that start with noise: drums
    brief_noise            | share | of notes with noise only in their first two frames: clicks
    pulse_width            | share | of a period that the pulse is wide, at most 0.5, mean
    pulse_moves            | share | of pulse frames whose width has changed
    pulse_rises            | share | of these changes that are upward
    attack                 | 0-15  | attack at the start of notes, mean
    sustain                | 0-15  | sustain at the start of notes, mean
    sustain_none           | share | of notes without sustain: plucked
    decay_longest          | share | of notes with decay 15
    release_longest        | share | of notes with release 15
    release_spread         | 0-15  | standard deviation of the release
    envelopes              | log2  | 1 + different envelopes of notes
    filter                 | share | of time in which a voice is filtered
    filter_band            | share | of this time with the band-pass
    filter_resonance       | share | of this time with full resonance
    filter_changes         | share | of frames at which the filter's mode changes
    cutoff                 | 0-2047 | cutoff of the filter while a voice is filtered, mean
    volume_changes         | share | of frames at which the volume changes
    """,
)
"""The dimensions of the embedding, in order."""


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """What was learned from a collection.

    Attributes
    ----------
    quantiles
        Rising values of each dimension, evenly spaced in rank; shape (dimensions, quantiles).
    maps
        For each weighting a linear map of its centered dimensions, after which songs of one composer differ
        alike in all directions; shape (dimensions, outputs).
    """

    quantiles: NDArray[np.float32]
    maps: dict[str, NDArray[np.float32]]


@cache
def shipped_tables() -> Tables:
    """Return the tables of the library."""
    with np.load(TABLES_FILE) as file:
        maps = {name: file[name].astype(np.float32) for name in ("all", "sound")}
        return Tables(file["quantiles"], maps)


def measure(trace: Trace) -> FloatArray:
    """Return the dimensions of a song in their own units, shape (64,)."""
    return finish(_measuring(trace))


def _measuring(trace: Trace) -> Steps[FloatArray]:
    """Do `measure` in small steps."""
    yield "voices"
    _ = trace.voices  # It is kept.
    yield "notes"
    notes = read_notes(trace)
    habits = yield from measure_habits(trace, notes)
    traits = yield from measure_traits(trace, notes)
    values = {**habits, **traits}
    return np.array([values[dimension.name] for dimension in DIMENSIONS])


def embed(trace: Trace) -> FloatArray:
    """Return the embedding of a song.

    Returns
    -------
    ndarray, shape (64,)
        For each of `DIMENSIONS` the share of a broad collection that has less, 0 to 1.

    Raises
    ------
    InvalidRecordError
        The trace has fewer than two writes: nothing is known of such a song.
    """
    return finish(embedding(trace))


def embedding(trace: Trace) -> Steps[FloatArray]:
    """Do `embed` in steps of a few milliseconds."""
    if len(trace) < 2:
        raise InvalidRecordError("trace", "has no register writes. Trace a later part of the song")
    values = yield from _measuring(trace)
    yield "tables"
    tables = shipped_tables()
    yield "ranks"
    (found,) = ranks(values[None], tables.quantiles)
    return np.asarray(found)


def quantize(embeddings: FloatArray) -> NDArray[np.uint8]:
    """Return embeddings as bytes, the form in which they are stored, of the same shape."""
    return np.rint(255 * embeddings).astype(np.uint8)


def ranks(values: FloatArray, quantiles: NDArray[np.float32]) -> FloatArray:
    """Return where values are among quantiles.

    Parameters
    ----------
    values
        Shape (songs, dimensions).
    quantiles
        See `Tables`.

    Returns
    -------
    ndarray, shape (songs, dimensions)
        0 to 1. A value that several quantiles equal gets the middle one's.
    """
    given = values.astype(np.float32)[:, :, None]
    below, upto = (quantiles < given).sum(axis=2), (quantiles <= given).sum(axis=2)
    last = quantiles.shape[1] - 1
    rows = np.arange(quantiles.shape[0])
    low, high = np.clip(below - 1, 0, last), np.clip(below, 0, last)
    start, end = quantiles[rows, low].astype(np.float64), quantiles[rows, high].astype(np.float64)
    width = np.where(end > start, end - start, 1.0)
    between = low + np.clip((values - start) / width, 0.0, 1.0)
    middle = np.where(upto > below, (below + upto - 1) / 2, between)
    result: FloatArray = np.clip(middle / last, 0.0, 1.0)
    return result


def project(
    embeddings: NDArray[np.floating] | NDArray[np.uint8],
    weighting: Weighting = "all",
    tables: Tables | None = None,
) -> NDArray[np.float32]:
    """Return vectors whose dot product is the similarity of two songs, -1 to 1.

    Parameters
    ----------
    embeddings
        Shape (songs, 64): from 0 to 1, or bytes from 0 to 255.
    weighting
        What counts.
    tables
        None: those of the library.

    Returns
    -------
    ndarray, shape (songs, outputs)
        Rows of length 1.
    """
    scale = 255 if embeddings.dtype == np.uint8 else 1
    chosen = columns(weighting)
    centered = embeddings[:, chosen].astype(np.float32) / np.float32(scale) - np.float32(0.5)
    mapped = centered @ (tables or shipped_tables()).maps[weighting]
    length = np.linalg.norm(mapped, axis=1, keepdims=True)
    unit: NDArray[np.float32] = mapped / np.maximum(length, np.finfo(np.float32).tiny)
    return unit


def columns(weighting: Weighting) -> list[int]:
    """Return the indices of the dimensions that count."""
    return [i for i, each in enumerate(DIMENSIONS) if weighting == "all" or each.group == weighting]
