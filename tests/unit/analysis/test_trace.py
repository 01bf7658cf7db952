"""Reading register writes, and the registers at the end of each video frame."""

from __future__ import annotations

import numpy as np
import pytest

from sidflow_feedback.analysis.notes import LONG_AGO, read_notes
from sidflow_feedback.analysis.trace import NTSC_CLOCK, PAL_CLOCK, WRITE, Trace
from sidflow_feedback.errors import InvalidRecordError

from .synthetic_trace import FRAME, FRAMES, NOISE, PULSE, Driver, Voice


def test_writes_are_read_as_recorded() -> None:
    data = bytes([0x10, 0x27, 0, 0, 1, 24, 15, 0])
    trace = Trace.from_bytes(data)
    assert [int(part[0]) for part in (trace.cycle, trace.chip, trace.register, trace.value)] == [
        10_000,
        1,
        24,
        15,
    ]
    assert trace.chips == 2


def test_unusable_bytes_are_refused() -> None:
    with pytest.raises(InvalidRecordError, match="multiple of 8"):
        Trace.from_bytes(b"123")
    with pytest.raises(InvalidRecordError, match="clock"):
        Trace.from_bytes(b"", clock=1_000_000)


def test_what_is_no_register_is_dropped_and_cycles_are_sorted() -> None:
    rows = [(9, 0, 0, 1, 0), (5, 0, 0, 2, 0), (7, 0, 25, 3, 0), (7, 3, 0, 4, 0), (2**32 - 1, 0, 0, 5, 0)]
    trace = Trace.from_bytes(np.array(rows, WRITE).tobytes())
    assert trace.value.tolist() == [2, 1]


def test_states_are_those_at_the_end_of_a_frame() -> None:
    trace = Driver([Voice(notes=(69, 57), row=10)]).play(40)
    assert trace.frames == 40
    assert trace.voices.pitch[:, 0] == pytest.approx(
        [69.0] * 10 + [57.0] * 10 + [69.0] * 10 + [57.0] * 10, abs=0.02
    )
    assert trace.seconds == pytest.approx(40 * FRAME / PAL_CLOCK)


def test_frames_of_ntsc_are_shorter() -> None:
    trace = Trace.from_bytes(Driver().to_bytes(), clock=NTSC_CLOCK)
    assert trace.frames == pytest.approx(FRAMES * FRAME / 17095, abs=2)


def test_notes_have_pitch_length_and_rest() -> None:
    trace = Driver([Voice(notes=(60, 64, 67), row=12, open_frames=8)]).play()
    notes = read_notes(trace)
    assert len(notes) == FRAMES // 12
    assert notes.pitch[:4] == pytest.approx([60, 64, 67, 60], abs=0.05)
    assert set(notes.length.tolist()) == {8}
    assert set(notes.distances.tolist()) == {12}
    assert notes.rest.tolist() == [LONG_AGO, *[4] * (len(notes) - 1)]
    assert set(notes.intervals.tolist()) == {4, 3, -7}


def test_an_arpeggio_has_the_pitch_of_its_root() -> None:
    notes = read_notes(Driver([Voice(motion=lambda frame: (0, 4, 7)[frame % 3])]).play())
    assert notes.pitch == pytest.approx([60] * len(notes), abs=0.05)


def test_drums_have_no_pitch() -> None:
    notes = read_notes(Driver([Voice(waveforms=(NOISE,)), Voice()]).play())
    assert np.isnan(notes.pitch[notes.voice == 0]).all()
    assert not np.isnan(notes.pitch[notes.voice == 1]).any()
    assert set(notes.waveforms[notes.voice == 0].ravel().tolist()) == {NOISE >> 4}
    assert set(notes.waveforms[notes.voice == 1].ravel().tolist()) == {PULSE >> 4}


def test_a_gate_that_opens_twice_in_a_frame_is_one_note() -> None:
    rows = [(frame * FRAME + step, 0, 4, 0x41 * (step % 2), 0) for frame in range(10) for step in range(4)]
    assert len(read_notes(Trace.from_bytes(np.array(rows, WRITE).tobytes()))) == 10


def test_nothing_is_no_notes() -> None:
    trace = Trace.from_bytes(b"")
    assert len(read_notes(trace)) == 0
    assert trace.frames == 1
