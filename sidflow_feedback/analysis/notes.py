"""The notes of a song, read from its register writes: when a gate opens, for how long, at which pitch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.analysis.trace import MAX_WRITES, BoolArray, IntArray, Trace

ATTACK_FRAMES: Final = 4
"""Frames in which drums and arpeggios show themselves; a note's pitch is the lowest of them."""

LONG_AGO: Final = 99
"""Frames since a gate closed that wasn't open before."""

_CONTROL = 4
_REGISTERS_PER_VOICE = 7


@dataclass(frozen=True, slots=True, eq=False)
class Notes:
    """The notes of all voices, voice by voice and in the order of time: arrays of shape (notes,).

    Attributes
    ----------
    frame
        In which the gate opens.
    voice
        0 to 2, of further chips 3 to 8.
    control, control_before
        Values of the control register that opened the gate, and before.
    rest
        Frames since the gate closed, or `LONG_AGO`.
    until
        Frame of the voice's next note, or the number of frames.
    length
        Frames in which the gate is open.
    waveforms
        Waveform in each of the first `ATTACK_FRAMES` frames, shape (notes, `ATTACK_FRAMES`).
    attack_pitch
        Pitch in each of these frames, NaN where the voice has none.
    followed
        Whether the next note in the arrays is the voice's next.
    """

    frame: IntArray
    voice: IntArray
    control: IntArray
    control_before: IntArray
    rest: IntArray
    until: IntArray
    length: IntArray
    waveforms: IntArray
    attack_pitch: NDArray[np.float64]
    followed: BoolArray

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def pitch(self) -> NDArray[np.float64]:
        """The lowest pitch of the attack: the root of an arpeggio. NaN without any."""
        lowest = np.where(np.isnan(self.attack_pitch), np.inf, self.attack_pitch).min(axis=1, initial=np.inf)
        return np.where(np.isfinite(lowest), lowest, np.nan)

    @property
    def intervals(self) -> NDArray[np.float64]:
        """Semitones from a note to the voice's next, where both have a pitch; shape (<= notes,)."""
        pitch = self.pitch
        steps = np.diff(pitch)[self.followed[:-1]]
        return np.round(steps[~np.isnan(steps)])

    @property
    def distances(self) -> IntArray:
        """Frames from a note to the voice's next; shape (<= notes,)."""
        return (self.until - self.frame)[self.followed]


def read_notes(trace: Trace) -> Notes:
    """Return the notes of a trace. Of several in one frame, a voice's first counts."""
    writes = np.flatnonzero((trace.register % _REGISTERS_PER_VOICE == _CONTROL) & (trace.register < 21))
    writes = writes[:MAX_WRITES]
    voice = (3 * trace.chip + trace.register // _REGISTERS_PER_VOICE)[writes]
    order = np.argsort(voice, kind="stable")
    voice, control, frame = voice[order], trace.value[writes][order], trace.frame[writes][order]
    first = np.ones(len(voice), bool)
    first[1:] = voice[1:] != voice[:-1]
    before = np.concatenate([[0], control[:-1]])[: len(control)]
    before[first] = 0
    opens = np.flatnonzero((control & 1 > 0) & (before & 1 == 0))
    doubled = np.zeros(len(opens), bool)
    doubled[1:] = (np.diff(voice[opens]) == 0) & (np.diff(frame[opens]) == 0)
    opens = opens[~doubled]
    closes = np.where((control & 1 == 0) & (before & 1 > 0), np.arange(len(control)), -1)
    rest = _rests(np.maximum.accumulate(closes), opens, voice, frame)
    return _notes(trace, frame[opens], voice[opens], control[opens], before[opens], rest)


def _rests(last_close: IntArray, opens: IntArray, voice: IntArray, frame: IntArray) -> IntArray:
    close = np.maximum(last_close[opens], 0)
    known = (last_close[opens] >= 0) & (voice[close] == voice[opens])
    return np.where(known, np.minimum(frame[opens] - frame[close], LONG_AGO), LONG_AGO)


def _notes(
    trace: Trace, frame: IntArray, voice: IntArray, control: IntArray, before: IntArray, rest: IntArray
) -> Notes:
    voices, frames = trace.voices, trace.frames
    followed = np.zeros(len(frame), bool)
    followed[:-1] = voice[1:] == voice[:-1]
    until = np.full(len(frame), frames)
    until[:-1][followed[:-1]] = frame[1:][followed[:-1]]
    open_frames = np.zeros((frames + 1, voices.control.shape[1]), np.int64)
    np.cumsum(voices.control & 1, axis=0, out=open_frames[1:])
    attack = np.minimum(frame[:, None] + np.arange(ATTACK_FRAMES), frames - 1), voice[:, None]
    pitch = np.where(voices.tonal[attack], voices.pitch[attack], np.nan)
    length = open_frames[until, voice] - open_frames[frame, voice]
    waveforms = voices.waveform[attack]
    return Notes(frame, voice, control, before, rest, until, length, waveforms, pitch, followed)
