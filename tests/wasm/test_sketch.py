"""The chip for analysis: its sound beside reSIDfp's, and the register writes that it records."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.analysis import analyze_song, render_excerpt
from app.composer.assembler import assemble
from app.emulator import SAMPLE_RATE, SidEmulator, SidError
from sidflow_feedback.analysis.features import EXCERPT_SECONDS
from sidflow_feedback.analysis.trace import REGISTERS, TRACE_SECONDS, WRITE
from tests.wasm.programs import PAL, QUIET, SAMPLE_DIGI, header_flags, rsid
from tests.wasm.psid import LOAD, RTS, clicker, clicker_play, psid
from tests.wasm.sound_comparison import Sound

CHIPS = (6581, 8580)
PAL_CLOCK, PAL_FRAME = 985248, 19656
FREQUENCY = 0x1D00 * PAL_CLOCK / 2**24
PITCH = ((0x00, 0x00), (0x01, 0x1D), (0x03, 0x08), (0x06, 0xF0), (0x18, 0x0F))
TRIANGLE, SAWTOOTH, PULSE, NOISE = 0x11, 0x21, 0x41, 0x81
DECAYING = ((0x05, 0x09), (0x06, 0x00))  # in 0.75 s to nothing

AGAIN_AFTER_7_SECONDS = """
        lda #22
        sta $fb
        ldx #0
wait:   ldy #0
inner:  dey
        bne inner
        dex
        bne wait
        dec $fb
        bne wait
        lda #$40
        sta $d404
        lda #$41
        sta $d404
loop:   jmp loop
"""

FILTER_SET_BY_INIT = """
* = $1000
        lda #$f1
        sta $d417
{install}
        rts
play:   inc $d418
        rts
"""

COUNTER = """
* = $1000
        rts
play:   inc $fb
        lda $fb
        sta $d400
        sta $d40a
        sta $d412
        sta $d416
        sta $d418
        rts
"""
"""Writes another value to each of 5 registers in each frame."""

OWN_INTERRUPT = """
        lda #<irq
        sta $0314
        lda #>irq
        sta $0315
        rts
irq:    jsr play
        jmp $ea31
"""


@pytest.fixture(scope="module")
def emulator() -> SidEmulator:
    return SidEmulator()


def held(chip: int, control: int, *more: tuple[int, int], then: str = "loop: jmp loop\n") -> bytes:
    """Return a tune that writes registers once and then waits, or does something else."""
    writes = (*PITCH, *more, (0x04, control))
    stores = "".join(f" lda #{value}\n sta {0xD400 + register}\n" for register, value in writes)
    return rsid(f"* = $1000\n{QUIET}{stores}{then}", flags=header_flags(PAL, chip))


def sketched(emulator: SidEmulator, tune: bytes, seconds: float = 1.0) -> Sound:
    emulator.load(tune)
    emulator.analyze()
    return emulator.render_seconds(seconds)


def played(emulator: SidEmulator, tune: bytes, seconds: float = 1.0) -> Sound:
    emulator.load(tune)
    emulator.start()
    return emulator.render_seconds(seconds)


def level(sound: Sound) -> float:
    """Return the level in dB, without the beginning."""
    return float(20 * np.log10(np.std(sound[SAMPLE_RATE // 4 :]) + 1e-9))


def both_levels(emulator: SidEmulator, tune: bytes) -> tuple[float, float]:
    return level(sketched(emulator, tune)), level(played(emulator, tune))


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("control", [TRIANGLE, SAWTOOTH, PULSE])
def test_waveforms_have_their_pitch_and_level(emulator: SidEmulator, chip: int, control: int) -> None:
    sound = sketched(emulator, held(chip, control))[-SAMPLE_RATE // 2 :]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 8 * len(sound)))
    peak = spectrum.argmax() * SAMPLE_RATE / (8 * len(sound))
    assert peak == pytest.approx(FREQUENCY, abs=0.5)
    ours, theirs = both_levels(emulator, held(chip, control))
    assert ours == pytest.approx(theirs, abs=1)


@pytest.mark.parametrize("control", [0x31, 0x51, 0x61, 0x71, NOISE])
@pytest.mark.parametrize("chip", CHIPS)
def test_noise_and_combined_waveforms_have_about_their_level(
    emulator: SidEmulator, chip: int, control: int
) -> None:
    ours, theirs = both_levels(emulator, held(chip, control))
    assert ours == pytest.approx(theirs, abs=3)


@pytest.mark.parametrize("control", [0x15, 0x23, 0x43], ids=["ring", "sync saw", "sync pulse"])
def test_ring_modulation_and_sync_sound_alike(emulator: SidEmulator, control: int) -> None:
    third = ((0x0F, 0x2B), (0x0E, 0x40))
    tune = held(8580, control, *third)
    ours, theirs = (
        np.abs(np.fft.rfft(make(emulator, tune)[-SAMPLE_RATE // 2 :])) for make in (sketched, played)
    )
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9


def test_envelope_takes_its_time(emulator: SidEmulator) -> None:
    tune = held(6581, SAWTOOTH, (0x05, 0x99), (0x06, 0x50))  # 250 ms up, 750 ms down to a third
    ours, theirs = (
        np.std(make(emulator, tune)[: SAMPLE_RATE // 441 * 441].reshape(-1, 441), axis=1)
        for make in (sketched, played)
    )
    assert np.corrcoef(ours, theirs)[0, 1] > 0.99
    assert 24 <= ours.argmax() <= 27


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("mode", [0x1F, 0x2F, 0x4F], ids=["low", "band", "high"])
def test_filter_has_its_cutoff(emulator: SidEmulator, chip: int, mode: int) -> None:
    for cutoff in (0x20, 0x60):
        tune = held(chip, SAWTOOTH, (0x16, cutoff), (0x17, 0x01), (0x18, mode))
        ours, theirs = both_levels(emulator, tune)
        assert ours == pytest.approx(theirs, abs=8 if chip == 6581 else 4)  # A 6581's filter distorts.


def test_samples_of_the_volume_register_have_their_level(emulator: SidEmulator) -> None:
    ours, theirs = both_levels(emulator, rsid(SAMPLE_DIGI))
    assert ours == pytest.approx(theirs, abs=2)


def test_trace_has_each_write_with_its_cycle(emulator: SidEmulator) -> None:
    excerpt = render_excerpt(emulator, psid(clicker(), play=clicker_play()))
    trace = np.frombuffer(excerpt.trace, WRITE)
    assert len(trace) == pytest.approx(TRACE_SECONDS * PAL_CLOCK / PAL_FRAME, abs=2)
    assert set(trace["register"]) == {0x18}
    assert set(trace["chip"]) == {0}
    assert trace["value"][:4].tolist() in ([15, 0, 15, 0], [0, 15, 0, 15])
    assert (
        np.ptp(np.diff(trace["cycle"].astype(np.int64)) - PAL_FRAME) <= 16
    )  # The raster interrupt may wait.


def registers_after(trace: NDArray[np.void]) -> list[bytes]:
    """Return what a chip's registers are after each number of writes, from none to all."""
    registers = bytearray(REGISTERS)
    registers[0x18] = 0x0F
    states = [bytes(registers)]
    for write in trace:
        registers[write["register"]] = write["value"]
        states.append(bytes(registers))
    return states


def test_trace_has_what_the_chip_gets_when_the_tune_plays(emulator: SidEmulator) -> None:
    program = assemble(COUNTER)
    tune = psid(program.code, play=program.symbols["play"])
    sketched(emulator, tune, 4)
    trace = np.frombuffer(emulator.take_trace(), WRITE)
    states = registers_after(trace)
    assert not emulator.take_trace()
    emulator.load(tune)
    emulator.start()
    for at in range(1, 300):
        emulator.render(SAMPLE_RATE // 100)
        cycle = at * PAL_CLOCK / 100
        first, last = np.searchsorted(trace["cycle"], (cycle - 1000, cycle + 1000))
        assert emulator.registers()[:REGISTERS] in states[first : last + 1], f"at {at / 100} s"


@pytest.mark.parametrize("own_interrupt", [False, True])
def test_trace_has_what_only_init_writes(emulator: SidEmulator, own_interrupt: bool) -> None:
    program = assemble(FILTER_SET_BY_INIT.format(install=OWN_INTERRUPT if own_interrupt else ""))
    play = 0 if own_interrupt else program.symbols["play"]
    excerpt = render_excerpt(emulator, psid(program.code, play=play))
    trace = np.frombuffer(excerpt.trace, WRITE)
    assert (trace["register"][0], trace["value"][0]) == (0x17, 0xF1)
    assert trace["cycle"][0] < 50, "cycles count from the call of init"
    assert (trace["register"] == 0x17).sum() == 1
    assert len(trace) > 0.9 * TRACE_SECONDS * PAL_CLOCK / PAL_FRAME, "and the song goes on from there"


def test_no_write_of_a_fast_program_is_lost(emulator: SidEmulator) -> None:
    tune = rsid(f"* = $1000\n{QUIET}loop: inc $d418\n jmp loop\n")
    trace = np.frombuffer(render_excerpt(emulator, tune).trace, WRITE)
    cycles = np.diff(trace["cycle"].astype(np.int64))
    assert cycles.max() < 63, "the screen takes 43 cycles of some lines"
    assert trace["cycle"][-1] > (TRACE_SECONDS - 1) * PAL_CLOCK


def test_song_that_ends_has_a_length(emulator: SidEmulator) -> None:
    tune = held(8580, PULSE, *DECAYING)
    found = analyze_song(emulator, tune, duration=60)
    assert found.length == pytest.approx(0.8, abs=0.5)
    assert found.features is not None
    assert found.features["duration"] == found.length


def test_song_that_plays_on_has_no_length(emulator: SidEmulator) -> None:
    found = analyze_song(emulator, held(8580, PULSE), duration=60)
    assert found.length is None
    assert found.features is not None
    assert found.features["duration"] == 60


@pytest.mark.parametrize("frames", [4096, 16384])
def test_end_stays_however_many_frames_are_rendered_at_a_time(emulator: SidEmulator, frames: int) -> None:
    """The page renders fewer than the server."""
    emulator.load(held(8580, PULSE, *DECAYING, then=AGAIN_AFTER_7_SECONDS))
    emulator.analyze()
    while not emulator.end:
        emulator.render(frames)
    end, trace = emulator.end, emulator.take_trace()
    emulator.render_seconds(10)
    assert emulator.end == end == pytest.approx(0.8, abs=0.5)
    assert len(np.frombuffer(trace, WRITE)) == len(PITCH) + len(DECAYING) + 1, "without the next note"
    assert not emulator.take_trace()


def test_silent_song_has_a_problem_instead_of_features(emulator: SidEmulator) -> None:
    found = analyze_song(emulator, psid(bytes([RTS]), play=LOAD))
    assert (found.features, found.length) == (None, None)
    assert found.problem == f"The first {EXCERPT_SECONDS} s are silent."


def test_a_rate_too_low_for_the_trace_is_refused(emulator: SidEmulator) -> None:
    emulator.load(psid(clicker(), play=clicker_play()))
    with pytest.raises(SidError, match="Use 22050 to 192000"):
        emulator.analyze(sample_rate=8000)


def test_playing_after_an_analysis_sounds_as_before(emulator: SidEmulator) -> None:
    before = played(emulator, held(8580, SAWTOOTH))
    sketched(emulator, held(8580, SAWTOOTH))
    after = played(emulator, held(8580, SAWTOOTH))
    assert np.abs(before - after).max() < 0.001
