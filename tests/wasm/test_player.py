"""The emulator's calls of a tune: their rate, their arguments, and their interrupt."""

import numpy as np
import pytest

from app.emulator import SidEmulator, SidError
from tests.wasm.psid import LOAD, RTS, clicker, clicker_play, psid

NTSC_6581, PAL_6581 = 0x18, 0x14


def calls_in(seconds: float, file: bytes, song: int = 0) -> int:
    """Return how often play changed the volume."""
    emulator = SidEmulator()
    emulator.load(file)
    emulator.start(song)
    sound = emulator.render_seconds(seconds + 0.5)[22050:]
    steep = np.abs(np.diff(sound)) > 0.01
    return int((np.diff(np.flatnonzero(steep)) > 100).sum()) + 1


@pytest.mark.parametrize(
    ("flags", "speed", "rate"),
    [
        (PAL_6581, 0, 985248.6 / (63 * 312)),
        (NTSC_6581, 0, 1022727.1 / (65 * 263)),
        (PAL_6581, 1, 985248.6 / 0x4026),
        (NTSC_6581, 1, 1022727.1 / 0x4296),
    ],
    ids=["pal-frame", "ntsc-frame", "pal-cia", "ntsc-cia"],
)
def test_play_is_called_at_the_rate_of_frame_or_timer(flags: int, speed: int, rate: float) -> None:
    file = psid(clicker(), play=clicker_play(), flags=flags, speed=speed)
    assert calls_in(4, file) == pytest.approx(4 * rate, abs=1.5)


def test_init_can_set_the_timer() -> None:
    quarter_frame = bytes([0xA9, 0x33, 0x8D, 0x04, 0xDC, 0xA9, 0x13, 0x8D, 0x05, 0xDC])  # Latch: $1333.
    file = psid(clicker(quarter_frame), play=clicker_play(quarter_frame), speed=1)
    assert calls_in(2, file) == pytest.approx(2 * 985248.6 / 0x1334, abs=1.5)


def test_each_song_has_its_own_speed_bit() -> None:
    emulator = SidEmulator()
    emulator.load(psid(clicker(), play=clicker_play(), songs=40, speed=1 << 2 | 1 << 31))
    speeds = []
    for song in (1, 3, 32, 40):
        emulator.start(song)
        speeds.append(emulator.info.speed)
    assert speeds == ["frame", "cia", "cia", "cia"]


def test_init_gets_the_zero_based_song() -> None:
    halt_unless_2 = bytes([0xC9, 0x02, 0xF0, 0x01, 0x02])  # CMP #2, BEQ, halt
    file = psid(clicker(halt_unless_2), play=clicker_play(halt_unless_2), songs=3)
    assert calls_in(1, file, song=3) == pytest.approx(50, abs=2)
    with pytest.raises(SidError, match="halted"):
        calls_in(1, file, song=2)


def test_tune_without_play_address_can_install_its_own_interrupt() -> None:
    handler = LOAD + 32
    setup = bytes([0xA9, handler & 0xFF, 0x8D, 0x14, 0x03, 0xA9, handler >> 8, 0x8D, 0x15, 0x03, RTS])
    play = clicker()[1:-1] + bytes([0x4C, 0x31, 0xEA])  # Ends in the C64's own handler.
    file = psid(setup.ljust(32, b"\xea") + play, play=0, speed=1)
    assert calls_in(2, file) == pytest.approx(2 * 985248.6 / 0x4026, abs=1.5)


def test_interrupt_handler_under_the_rom_works() -> None:
    handler = LOAD + 32
    setup = bytes([0xA9, handler & 0xFF, 0x8D, 0xFE, 0xFF, 0xA9, handler >> 8, 0x8D, 0xFF, 0xFF])
    hide_rom = bytes([0xA9, 0x35, 0x85, 0x01, RTS])
    play = b"\x48" + clicker()[1:-1] + bytes([0xAD, 0x0D, 0xDC, 0x68, 0x40])  # PHA ... LDA $DC0D PLA RTI
    file = psid((setup + hide_rom).ljust(32, b"\xea") + play, play=0, speed=1)
    assert calls_in(2, file) == pytest.approx(2 * 985248.6 / 0x4026, abs=1.5)


@pytest.mark.parametrize("load", [0x1000, 0x8000, 0xA000, 0xC000, 0xE000, 0xF000])
def test_tunes_play_at_any_load_address(load: int) -> None:
    file = psid(clicker(), load=load, init=load, play=load + 1)
    assert calls_in(1, file) == pytest.approx(50, abs=2)


def test_load_address_can_be_in_the_data() -> None:
    file = psid(LOAD.to_bytes(2, "little") + clicker(), load=0, init=0, play=clicker_play())
    emulator = SidEmulator()
    assert emulator.load(file).load_address == LOAD
    assert emulator.info.init_address == LOAD
    assert calls_in(1, file) == pytest.approx(50, abs=2)


def test_registers_of_the_third_voice_can_be_read() -> None:
    """Play copies ENV3 to the volume: it rises with a slow attack, and stays 0 without a gate."""
    copy = bytes([0xAD, 0x1C, 0xD4, 0x4A, 0x4A, 0x4A, 0x4A, 0x8D, 0x18, 0xD4, RTS])
    gate = bytes(
        [0xA9, 0xF0, 0x8D, 0x14, 0xD4, 0xA9, 0xD0, 0x8D, 0x13, 0xD4, 0xA9, 0x11, 0x8D, 0x12, 0xD4, RTS]
    )
    assert calls_in(1, psid(gate + copy, play=LOAD + len(gate))) > 3
    still = gate.replace(b"\xa9\x11", b"\xa9\x10")
    assert calls_in(1, psid(still + copy, play=LOAD + len(gate))) <= 1


def test_raster_register_counts_the_lines() -> None:
    """Play waits for line 100 before it clicks; with a constant register it would never return."""
    wait = bytes([0xAD, 0x12, 0xD0, 0xC9, 0x64, 0xD0, 0xF9])
    code = bytes([RTS]) + wait + clicker()[1:]
    assert calls_in(1, psid(code, play=LOAD + 1)) == pytest.approx(50, abs=2)


def test_info_contains_the_header_fields() -> None:
    emulator = SidEmulator()
    info = emulator.load(
        psid(
            clicker(),
            play=LOAD + 1,
            songs=3,
            start_song=2,
            flags=0x28,
            title=b'Caf\xe9 "x\\y"\x01',
            version=4,
        )
    )
    assert (info.title, info.author, info.released) == ('Café "x\\y"', "Author", "1985 Maker")
    assert (info.songs, info.start_song, info.clock, info.chip, info.version) == (3, 2, "NTSC", 8580, 4)
    assert (info.load_address, info.init_address, info.play_address) == (LOAD, LOAD, LOAD + 1)


def test_version_1_defaults_to_pal_and_6581() -> None:
    info = SidEmulator().load(psid(clicker(), version=1, data_offset=0x76, play=LOAD + 1))
    assert (info.version, info.clock, info.chip) == (1, "PAL", 6581)
