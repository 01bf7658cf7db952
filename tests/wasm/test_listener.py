"""The emulator's features besides sound: chip and clock overrides, registers, waveforms."""

from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from app.composer.assembler import assemble
from app.emulator import SidEmulator
from tests.wasm.programs import on_chips, voices
from tests.wasm.psid import LOAD, clicker, clicker_play, psid

THREE = (0xD400, 0xD420, 0xD440)


def steps_a_second(emulator: SidEmulator) -> int:
    sound = emulator.render_seconds(2.5)[22050:]
    return int((np.diff(np.flatnonzero(np.abs(np.diff(sound)) > 0.01)) > 100).sum()) // 2


def test_clock_override_is_used_and_reported() -> None:
    emulator = SidEmulator()
    emulator.override("NTSC")
    info = emulator.load(psid(clicker(), play=clicker_play()))
    assert (info.clock, info.header_clock) == ("NTSC", "PAL")
    emulator.start()
    assert steps_a_second(emulator) == pytest.approx(60, abs=1)
    emulator.override()
    in_use = [emulator.info.clock]
    emulator.start()
    in_use.append(emulator.info.clock)
    assert in_use == ["NTSC", "PAL"]
    assert steps_a_second(emulator) == pytest.approx(50, abs=1)


@pytest.mark.parametrize(
    ("bits", "header", "used"),
    [(0, "unknown", "PAL"), (1, "PAL", "PAL"), (2, "NTSC", "NTSC"), (3, "any", "PAL")],
)
def test_header_clock_is_reported_unchanged(bits: int, header: str, used: str) -> None:
    info = SidEmulator().load(psid(clicker(), play=clicker_play(), flags=bits << 2))
    assert (info.header_clock, info.clock) == (header, used)


def test_model_of_each_chip_can_be_overridden() -> None:
    emulator = SidEmulator()
    emulator.load(on_chips(*THREE, chips=(6581, 6581, 8580)))
    emulator.override(None, 8580, 0, 6581)
    emulator.start()
    assert [(sid.chip, sid.header_chip) for sid in emulator.info.sids] == [
        (8580, 6581),
        (6581, 6581),
        (6581, 8580),
    ]


def test_another_model_sounds_different() -> None:
    emulator = SidEmulator()
    tune = on_chips(0xD400, chips=(6581,))
    levels = []
    chips: tuple[Literal[0, 6581, 8580], ...] = (0, 6581, 8580)
    for chip in chips:
        emulator.override(None, chip)
        emulator.load(tune)
        emulator.start()
        levels.append(emulator.render_seconds(1).std())
    assert levels[0] == pytest.approx(levels[1], rel=0.01)
    assert levels[2] < 0.8 * levels[1]


def test_registers_hold_the_values_that_the_tune_wrote() -> None:
    emulator = SidEmulator()
    emulator.load(on_chips(*THREE, chips=(6581,)))
    emulator.start()
    emulator.render(4096)
    for chip in range(3):
        registers = emulator.registers(chip)
        assert (registers[0x18], registers[5], registers[6], registers[4]) == (0x0F, 0x22, 0xA6, 0x41)
        assert registers[1] == 21 + 9 * chip  # The note of the fourth frame.


def test_scope_shows_the_waveform_of_each_voice() -> None:
    """The tune plays a pulse on the first voice of each chip: two levels, at the register's pitch."""
    emulator = SidEmulator()
    emulator.load(on_chips(*THREE, chips=(6581,)))
    emulator.start()
    emulator.render(4096)
    assert emulator.wave(0).size == 0
    emulator.show_scope()
    emulator.render(8192)
    waves = [emulator.wave(voice) for voice in range(9)]
    assert {wave.size for wave in waves} == {1024}
    edges = [int((np.abs(np.diff(wave.astype(int))) > 60).sum()) for wave in waves[::3]]
    assert edges[0] < edges[1] < edges[2]
    assert all(np.ptp(waves[voice]) < 8 for voice in (1, 2, 4, 5, 7, 8))
    emulator.show_scope(on=False)
    emulator.render(4096)
    assert emulator.wave(0).size == 0


def test_scope_does_not_change_the_sound() -> None:
    sounds = []
    for on in (False, True):
        emulator = SidEmulator()
        emulator.load(on_chips(*THREE, chips=(6581, 8580)))
        emulator.show_scope(on=on)
        emulator.start()
        sounds.append(emulator.render(20000))
    assert np.array_equal(sounds[0], sounds[1])


def test_started_song_is_reported_by_number() -> None:
    emulator = SidEmulator()
    assert emulator.load(psid(clicker(), play=clicker_play(), songs=3, start_song=2)).song == 2
    emulator.start(3)
    assert (emulator.info.song, emulator.info.songs, emulator.info.start_song) == (3, 3, 2)


def test_endless_init_can_be_the_whole_tune() -> None:
    """A PSID without play address whose init plays by itself and never returns."""
    program = assemble(f"* = $1000\n{voices()}\nforever: inc $d401\n jmp forever")
    emulator = SidEmulator()
    emulator.load(psid(program.code, play=0, init=LOAD))
    emulator.start()
    assert emulator.render_seconds(2).std() > 0.01


@pytest.mark.parametrize(("speed", "calls"), [(0, 50), (1, 60)], ids=["frame", "cia"])
def test_own_handler_is_called_at_the_speed_of_the_header(speed: int, calls: int) -> None:
    """A PSID without play address that installs its handler, but starts no interrupt."""
    program = assemble(
        "* = $1000\n sei\n lda #<irq\n sta $0314\n lda #>irq\n sta $0315\n cli\n rts\n"
        "irq: inc count\n lda count\n sta $d400\n lsr $d019\n jmp $ea31\ncount: .byte 0"
    )
    emulator = SidEmulator()
    emulator.load(psid(program.code, play=0, init=LOAD, speed=speed))
    emulator.start()
    before = emulator.registers()[0]
    emulator.render_seconds(2)
    assert (emulator.registers()[0] - before) % 256 == pytest.approx(2 * calls, abs=1)


def channels(percent: int, chips: int = 2) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the channels of a tune whose first chip alone sounds, of one or two."""
    more = (0x42, 0) if chips == 2 else (0, 0)
    emulator = SidEmulator()
    emulator.load(psid(clicker(), version=3, play=clicker_play(), more_sids=more))
    emulator.spread(percent)
    emulator.start()
    blocks = [(emulator.render(4096), emulator.right(4096)) for _ in range(20)]
    return np.concatenate([left for left, _ in blocks]), np.concatenate([right for _, right in blocks])


def test_two_chips_are_heard_apart_and_neither_channel_is_louder_than_the_chip() -> None:
    mono, same = channels(0)
    assert np.array_equal(mono, same)
    left, right = channels(100)
    assert np.ptp(left) == pytest.approx(2 * np.ptp(mono), rel=0.01)
    assert np.ptp(right) < 0.1 * np.ptp(left)
    for percent in (50, 100):
        left, right = channels(percent)
        assert (left + right) / 2 == pytest.approx(mono, abs=1e-6), "the sum stays as it is in mono"


def test_one_chip_stays_mono() -> None:
    alone, _ = channels(0, chips=1)
    left, right = channels(100, chips=1)
    assert np.array_equal(left, right)
    assert np.array_equal(left, alone)


def test_digi_boost_makes_the_volume_register_of_an_8580_audible() -> None:
    def loudness(model: Literal[6581, 8580], *, boost: bool) -> float:
        emulator = SidEmulator()
        emulator.load(psid(clicker(), play=clicker_play()))
        emulator.override(None, model)
        emulator.override_sound(digi_boost=boost)
        emulator.start()
        return float(np.ptp(emulator.render_seconds(1)[22050:]))

    assert loudness(8580, boost=True) > 3 * loudness(8580, boost=False)
    assert loudness(6581, boost=True) == loudness(6581, boost=False)


def tone(waveform: int) -> bytes:
    """Return a tune that holds a note, through the filter."""
    registers = {0xD418: 0x1F, 0xD417: 0x01, 0xD416: 0x50, 0xD401: 0x08, 0xD403: 0x08, 0xD406: 0xF0}
    writes = [*registers.items(), (0xD404, waveform | 1)]
    code = b"".join(bytes([0xA9, value, 0x8D, at & 255, at >> 8]) for at, value in writes)
    return psid(code + b"\x60\x60", play=LOAD + len(code) + 1)


def test_filter_curve_makes_a_6581_brighter_or_darker() -> None:
    emulator, levels = SidEmulator(), []
    emulator.load(tone(0x20))
    for curve in (0, 50, 100):
        emulator.override_sound(filter_curve=curve)
        emulator.start()
        levels.append(emulator.render_seconds(1)[22050:].std())
    assert levels[0] > levels[1] > levels[2]


def test_combined_waveforms_have_a_strength() -> None:
    emulator, spectra = SidEmulator(), []
    emulator.load(tone(0x50))
    strengths: tuple[Literal["average", "weak", "strong"], ...] = ("average", "weak", "strong", "average")
    for strength in strengths:
        emulator.override_sound(combined=strength)
        emulator.start()
        spectra.append(np.abs(np.fft.rfft(emulator.render_seconds(0.5)[11025:])))
    weak, strong, again = (np.abs(spectra[0] - other).sum() / spectra[0].sum() for other in spectra[1:])
    assert weak > 0.1
    assert strong > 0.1
    assert again < 0.02
