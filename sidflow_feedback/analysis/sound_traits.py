"""What a listener hears of a song, as far as its writes tell: notes, waveforms, envelopes, filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.analysis.notes import Notes
from sidflow_feedback.analysis.trace import BoolArray, IntArray, Trace, Voices
from sidflow_feedback.types import FloatArray

if TYPE_CHECKING:
    from sidflow_feedback.idle import Steps

MAJOR: Final = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR: Final = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""How well each pitch class fits a key, from its tonic (Krumhansl and Kessler 1982)."""

JUMP: Final = 0.8
"""Semitones from one frame to the next within a note that are an arpeggio; less is vibrato or a slide."""

SLIDE: Final = 0.1
"""Semitones per frame that a slide moves at least."""

ROWS: Final = range(2, 33)
"""Lengths of a tracker's row in frames."""

_VOLUME_RATE = 60.0  # writes of the volume per second that need no samples
_MAX_DISTANCE = 191  # frames
_RATHER_LONG = 0.02  # preference of the longest row over the shortest that fits as well


def measure_traits(trace: Trace, notes: Notes) -> Steps[dict[str, float]]:
    """Find the numbers of the group ``sound`` by name, not yet normalized, in small steps."""
    voices = trace.voices
    within = _within_notes(voices, notes)
    yield "pitches"
    pitches = _pitches(voices, notes)
    yield "rhythm"
    rhythm = _rhythm(trace, notes)
    yield "sounds"
    return {
        **rhythm,
        **pitches,
        **_motion(voices, within),
        **_waveforms(voices, notes),
        **_pulse(voices, within),
        **_envelopes(voices, notes),
        **_filter(trace),
    }


def _within_notes(voices: Voices, notes: Notes) -> BoolArray:
    """Return whether each voice goes on with a note in the next frame, shape (frames - 1, voices)."""
    sounding = voices.sounding
    within = sounding[1:] & sounding[:-1]
    late = notes.frame > 0
    within[notes.frame[late] - 1, notes.voice[late]] = False
    return within


def _rhythm(trace: Trace, notes: Notes) -> dict[str, float]:
    volume = np.bincount(trace.chip[trace.register == 24]).max(initial=0) / trace.seconds
    distances = np.bincount(np.minimum(notes.distances, _MAX_DISTANCE), minlength=_MAX_DISTANCE + 1)
    count = max(1, distances[1:].sum())
    fits = [distances[row::row].sum() / count - 1 / row for row in ROWS]
    row = ROWS[int(np.argmax(fits * np.linspace(1, 1 + _RATHER_LONG, len(ROWS))))]
    return {
        "digi_rate": float(np.log2(1 + max(0.0, volume - _VOLUME_RATE))),
        "note_rate": float(np.log2(1 + len(notes) / trace.seconds)),
        "row_frames": float(np.log2(row)),
    }


def _pitches(voices: Voices, notes: Notes) -> dict[str, float]:
    tonal = voices.tonal
    held = tonal.copy()
    held[0] = False
    held[1:] &= voices.frequency[1:] == voices.frequency[:-1]
    tuning = _tuning(voices.pitch[held])
    roots = notes.pitch[~np.isnan(notes.pitch)]
    strength, mode = _key(_classes(voices.pitch[held], tuning) + _classes(roots, tuning))
    low, middle, high = _quantiles(voices.pitch[tonal], (0.05, 0.5, 0.95))
    steps = np.abs(notes.intervals)
    return {
        "tuning": tuning,
        "key_strength": strength,
        "mode": mode,
        "pitch_median": middle,
        "pitch_range": high - low,
        "melodic_steps": _mean((steps > 0) & (steps < 3)),
        "melodic_leaps": _mean(steps > 4),
        "voice_spread": _spread(voices.pitch, tonal),
        "detune": _detune(voices.pitch, tonal),
    }


def _tuning(pitch: FloatArray) -> float:
    """Return the deviation from A = 440 Hz that most pitches share, in semitones from -0.5 to 0.5."""
    return float(np.angle(np.exp(2j * np.pi * pitch).mean()) / (2 * np.pi)) if len(pitch) else 0.0


def _classes(pitch: FloatArray, tuning: float) -> FloatArray:
    classes = np.round(pitch - tuning).astype(np.int64) % 12
    return np.bincount(classes, minlength=12) / max(1, len(classes))


def _key(classes: FloatArray) -> tuple[float, float]:
    """Return how well the best key fits, -1 to 1, and the best major key's lead over the best minor key."""
    if classes.max() - classes.min() < 1e-9:
        return 0.0, 0.0
    relative = (classes - classes.mean()) / classes.std()
    turned = np.stack([np.roll(relative, -tonic) for tonic in range(12)])
    profiles = np.array([MAJOR, MINOR])
    profiles = (profiles - profiles.mean(axis=1, keepdims=True)) / profiles.std(axis=1, keepdims=True)
    major, minor = (turned @ profiles.T / 12).max(axis=0)
    return float(max(major, minor)), float(major - minor)


def _spread(pitch: FloatArray, tonal: BoolArray) -> float:
    """Return the semitones between the mean pitches of the first chip's highest and lowest voice."""
    frames = tonal[:, :3].sum(axis=0)
    means = (pitch * tonal)[:, :3].sum(axis=0)[frames > 0] / frames[frames > 0]
    return float(means.max() - means.min()) if len(means) else 0.0


def _detune(pitch: FloatArray, tonal: BoolArray) -> float:
    """Return the share of time in which two voices of the first chip are nearly, but not quite, in unison."""
    distance = np.abs(pitch[:, :3] - np.roll(pitch[:, :3], 1, axis=1))
    both = tonal[:, :3] & np.roll(tonal[:, :3], 1, axis=1)
    return _share(both & (distance > 0) & (distance < 0.3), both)


def _motion(voices: Voices, within: BoolArray) -> dict[str, float]:
    tonal = voices.tonal
    within = within & tonal[1:] & tonal[:-1]
    change = np.where(within, np.diff(voices.pitch, axis=0), 0.0)
    size = np.abs(change)
    jumps = np.round(size[size > JUMP])
    small = np.where(size < JUMP, change, 0.0)
    turns = small[1:] * small[:-1] < 0
    sliding = np.where(np.abs(small) > SLIDE, np.sign(small), 0)
    slides = np.abs(sliding[:-2] + sliding[1:-1] + sliding[2:]) == 3 if len(sliding) > 2 else sliding[:0]
    steps = max(1, int(within.sum()))
    return {
        "arpeggio": len(jumps) / steps,
        "arpeggio_thirds": _mean((jumps == 3) | (jumps == 4)),
        "vibrato": turns.sum() / steps,
        "slide": slides.sum() / steps,
    }


def _waveforms(voices: Voices, notes: Notes) -> dict[str, float]:
    sounding, waveform = voices.sounding, voices.waveform
    count = max(1, int(sounding.sum()))
    kinds = np.bincount(waveform[sounding], minlength=16) / count
    both = sounding[1:] & sounding[:-1]
    change = (16 * waveform[:-1] + waveform[1:])[both]
    noise = notes.waveforms == 8
    brief = noise[:, :2].any(axis=1) & ~noise[:, 2:].any(axis=1)
    return {
        "gate": float((voices.control & 1).mean()),
        "triangle": kinds[1],
        "pulse": kinds[4],
        "noise": kinds[8],
        "noise_to_triangle": np.count_nonzero(change == 0x81) / count,
        "triangle_to_noise": np.count_nonzero(change == 0x18) / count,
        "noise_attack": _mean(noise[:, 0]),
        "brief_noise": _mean(brief),
    }


def _pulse(voices: Voices, within: BoolArray) -> dict[str, float]:
    pulse = voices.sounding & (voices.waveform & 4 > 0)
    width = voices.pulse_width[pulse] / 4096
    change = np.diff(voices.pulse_width, axis=0)[within & pulse[1:] & pulse[:-1]]
    return {
        "pulse_width": _mean(np.minimum(width, 1 - width)),
        "pulse_moves": _mean(change != 0),
        "pulse_rises": _share(change > 0, change != 0),
    }


def _envelopes(voices: Voices, notes: Notes) -> dict[str, float]:
    frame = np.minimum(notes.frame + 1, len(voices.control) - 1)
    attack, decay = np.divmod(voices.attack_decay[frame, notes.voice], 16)
    sustain, release = np.divmod(voices.sustain_release[frame, notes.voice], 16)
    envelopes = np.bincount(((attack * 16 + decay) * 16 + sustain) * 16 + release)
    return {
        "attack": _mean(attack),
        "sustain": _mean(sustain),
        "sustain_none": _mean(sustain == 0),
        "decay_longest": _mean(decay == 15),
        "release_longest": _mean(release == 15),
        "release_spread": float(release.std()) if len(release) else 0.0,
        "envelopes": float(np.log2(1 + np.count_nonzero(envelopes))),
    }


def _filter(trace: Trace) -> dict[str, float]:
    registers = trace.states
    mode = registers[:, :, 24] >> 4 & 7
    resonance, volume = registers[:, :, 23] >> 4, registers[:, :, 24] & 15
    cutoff = registers[:, :, 22] * 8 + (registers[:, :, 21] & 7)
    active = (registers[:, :, 23] & 7 > 0) & (mode > 0)
    return {
        "filter": float(active.mean()),
        "filter_band": _share(active & (mode & 2 > 0), active),
        "filter_resonance": _share(active & (resonance == 15), active),
        "filter_changes": _mean(mode[1:] != mode[:-1]),
        "cutoff": _mean(cutoff[active]),
        "volume_changes": _mean(volume[1:] != volume[:-1]),
    }


def _quantiles(values: FloatArray, shares: tuple[float, ...]) -> list[float]:
    if not len(values):
        return [0.0] * len(shares)
    ordered = np.sort(values)
    return [float(ordered[int(share * (len(ordered) - 1))]) for share in shares]


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if values.size else 0.0


def _share(part: BoolArray, whole: BoolArray | IntArray) -> float:
    return float(part.sum()) / max(1, int(whole.sum()))
