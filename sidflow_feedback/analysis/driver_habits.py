"""How a tune's driver works: the order and rate of its writes, and how it starts notes.

These numbers tell programs apart, and so composers, who keep to a program for years. They don't tell how the
music sounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.analysis.notes import Notes
from sidflow_feedback.analysis.trace import MAX_WRITES, REGISTERS, BoolArray, IntArray, Trace

if TYPE_CHECKING:
    from sidflow_feedback.idle import Steps

CALL_GAP: Final = 1200
"""Cycles without a write after which the next write belongs to another call of the driver."""

DIGI_RATE: Final = 800.0
"""Writes per second from which a register plays samples. These writes aren't counted as the driver's."""

FREQUENCY_LOW, FREQUENCY_HIGH, WIDTH_LOW, WIDTH_HIGH, CONTROL, ATTACK_DECAY, SUSTAIN_RELEASE = range(7)
"""Registers of a voice."""

CUTOFF_LOW, VOLUME = 21, 24

_VOICE_REGISTERS = 7
_PER_VOICE = 21
_CONTROLS = [4, 11, 18]


@dataclass(frozen=True, slots=True, eq=False)
class _Calls:
    """The driver's writes, and where its calls begin.

    Attributes
    ----------
    register
        Of each write, shape (writes,).
    gap
        Cycles from each write to the next, shape (writes - 1,).
    start
        Index of the first write of each call, shape (calls,).
    """

    register: IntArray
    gap: IntArray
    start: IntArray

    @property
    def inside(self) -> BoolArray:
        """Whether a write and the next are of one call, shape (writes - 1,)."""
        return self.gap <= CALL_GAP


def measure_habits(trace: Trace, notes: Notes) -> Steps[dict[str, float]]:
    """Find the numbers of the group ``driver`` by name, not yet normalized, in small steps."""
    yield "calls"
    calls = _find_calls(trace)
    yield "rates"
    rates = _rates(trace, calls)
    yield "order"
    return {**rates, **_timing(calls), **_order(calls), **_note_starts(trace, notes)}


def _find_calls(trace: Trace) -> _Calls:
    counts = np.bincount(trace.key)
    samples = counts > DIGI_RATE * trace.seconds
    driver = np.flatnonzero(~samples[trace.key])
    if len(driver) < 2:
        driver = np.arange(len(trace))
    driver = driver[:MAX_WRITES]
    gap = np.diff(trace.cycle[driver])
    start = np.concatenate([[0], np.flatnonzero(gap > CALL_GAP) + 1])
    return _Calls(trace.register[driver], gap, start)


def _rates(trace: Trace, calls: _Calls) -> dict[str, float]:
    count = len(calls.start)
    sizes = np.diff(np.append(calls.start, len(calls.register)))
    written = np.zeros((count, REGISTERS), bool)
    written[np.repeat(np.arange(count), sizes), calls.register] = True
    control = np.isin(calls.register, _CONTROLS)
    low = trace.value[trace.register == CUTOFF_LOW]
    return {
        "calls_per_frame": float(np.log2(count / trace.frames)),
        "control_writes": float(np.log2(1 + control.sum() / trace.frames)),
        "control_share": float(control.mean()),
        "control_always": float(written[:, _CONTROLS].mean()),
        "first_call_writes": float(np.log2(1 + sizes[0])),
        "cutoff_low_overfull": _mean(low > 7),
    }


def _timing(calls: _Calls) -> dict[str, float]:
    gaps = calls.gap[calls.inside]
    count = max(1, len(gaps))
    counts = np.bincount(gaps, minlength=14)
    share = np.cumsum(counts) / count
    median, slow = np.searchsorted(share, (0.5, 0.75))
    return {
        "gap_median": float(np.log2(1 + median)),
        "gap_slow": float(np.log2(1 + slow)),
        "gap_6_cycles": counts[6] / count,
        "gap_8_cycles": counts[8] / count,
        "gap_13_cycles": counts[13] / count,
    }


def _order(calls: _Calls) -> dict[str, float]:
    here, then = calls.register[:-1][calls.inside], calls.register[1:][calls.inside]
    steps = max(1, len(here))
    voices = here // _VOICE_REGISTERS, then // _VOICE_REGISTERS
    of_voices = (here < _PER_VOICE) & (then < _PER_VOICE)
    falling = of_voices & (voices[1] == voices[0] - 1)
    same = of_voices & (voices[0] == voices[1])
    codes = here[same] % _VOICE_REGISTERS * _VOICE_REGISTERS + then[same] % _VOICE_REGISTERS
    pairs = np.bincount(codes, minlength=_VOICE_REGISTERS**2).reshape(_VOICE_REGISTERS, -1) / max(
        1, len(codes)
    )
    first = calls.register[calls.start]
    last = calls.register[np.append(calls.start[1:], len(calls.register)) - 1]
    envelope_first = (first < _PER_VOICE) & (first % _VOICE_REGISTERS == SUSTAIN_RELEASE)
    return {
        "voices_falling": falling.sum() / steps,
        "registers_rising": np.count_nonzero(then - here == 1) / steps,
        "envelope_first": _mean(envelope_first),
        "volume_last": _mean(last == VOLUME),
        "frequency_then_width": pairs[FREQUENCY_HIGH, WIDTH_LOW],
        "frequency_then_control": pairs[FREQUENCY_LOW, CONTROL],
        "width_then_control": pairs[WIDTH_HIGH, CONTROL],
        "control_then_frequency": pairs[CONTROL, FREQUENCY_LOW],
        "control_then_control": pairs[CONTROL, CONTROL],
        "control_then_attack": pairs[CONTROL, ATTACK_DECAY],
        "attack_then_control": pairs[ATTACK_DECAY, CONTROL],
    }


def _note_starts(trace: Trace, notes: Notes) -> dict[str, float]:
    voices = trace.voices
    before = np.maximum(notes.frame - 1, 0)
    changed = (voices.attack_decay[before, notes.voice] != voices.attack_decay[notes.frame, notes.voice]) | (
        voices.sustain_release[before, notes.voice] != voices.sustain_release[notes.frame, notes.voice]
    )
    return {
        "start_without_waveform": _mean(notes.control < 16),
        "start_sets_envelope": _mean(changed),
    }


def _mean(values: BoolArray) -> float:
    return float(values.mean()) if len(values) else 0.0
