"""SID headers are read like libsidplayfp reads them: any file that the native player loads, we load, too."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from app.emulator import SidEmulator, SidError
from tests.patience import PATIENCE
from tests.wasm.hostile import hostile
from tests.wasm.psid import LOAD, RTS, clicker, clicker_play, psid

CODE = clicker()
PLAY = clicker_play()
MAX_FILE_BYTES = 131072
RSID_CODE = LOAD.to_bytes(2, "little") + CODE

LOADABLE = {
    "no songs": psid(CODE, play=PLAY, songs=0),
    "300 songs": psid(CODE, play=PLAY, songs=300, start_song=256),
    "start song 0": psid(CODE, play=PLAY, songs=3, start_song=0),
    "start song after the last": psid(CODE, play=PLAY, songs=3, start_song=9),
    "init outside the music": psid(CODE, play=PLAY, init=LOAD - 1),
    "play in the processor port": psid(CODE, play=1),
    "reserved play address": psid(CODE, play=0xFFFF),
    "music inside the header": psid(CODE, play=PLAY, data_offset=0x20),
    "music up to the end of memory": psid(CODE + bytes(0xF000 - len(CODE)), play=PLAY),
    "RSID that loads low": psid(b"\xe8\x07" + CODE, magic=b"RSID", load=0, init=0, play=0),
}
BASIC = psid(b"\x01\x08" + CODE, magic=b"RSID", load=0, init=0, play=0, flags=0x16)
MUS = psid(CODE, play=PLAY, flags=0x15, songs=2)
FULL = psid(bytes([RTS]) * (0xD000 - 0x400), load=0x400, init=0x400, play=0x400)


@pytest.fixture(scope="module")
def emulator() -> SidEmulator:
    return SidEmulator()


@pytest.mark.parametrize(
    ("songs", "start_song", "expected"),
    [
        (0, 0, (1, 1)),
        (3, 0, (3, 1)),
        (3, 3, (3, 3)),
        (3, 4, (3, 1)),
        (256, 256, (256, 256)),
        (257, 257, (256, 1)),
        (0xFFFF, 0xFFFF, (256, 1)),
    ],
)
def test_song_numbers_are_repaired(
    emulator: SidEmulator, songs: int, start_song: int, expected: tuple[int, int]
) -> None:
    tune = emulator.load(psid(CODE, play=PLAY, songs=songs, start_song=start_song))
    assert (tune.songs, tune.start_song, tune.song) == (*expected, expected[1])
    emulator.start()
    assert np.ptp(emulator.render(8192)) > 0.01
    assert emulator.info.song == expected[1]


@pytest.mark.parametrize("name", LOADABLE)
def test_files_accepted_by_the_native_player_load(emulator: SidEmulator, name: str, tmp_path: Path) -> None:
    emulator.load(LOADABLE[name])
    assert emulator.inspect(LOADABLE[name]).problem == ""
    assert loads_natively(LOADABLE[name], tmp_path)


def loads_natively(file: bytes, folder: Path) -> bool:
    """Return whether the native player accepts a file."""
    if not shutil.which("sidplayfp"):
        pytest.skip("the native player sidplayfp is not installed")
    tune = folder / "tune.sid"
    tune.write_bytes(file)
    command = ["sidplayfp", "-q", "--delay=0", "-t1", f"-w{folder / 'native'}", str(tune)]
    return subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE).returncode == 0


def test_inspection_matches_the_loaded_tune(emulator: SidEmulator) -> None:
    file = psid(
        CODE,
        play=PLAY,
        version=3,
        songs=7,
        start_song=3,
        flags=0x28,
        more_sids=(0x42, 0),
        title=b"H\xfclle  ",
    )
    found = emulator.inspect(file)
    assert found.problem == ""
    assert found.tune == emulator.load(file)
    assert found.tune is not None
    assert (found.tune.title, found.tune.songs, found.tune.start_song) == ("Hülle", 7, 3)
    assert (found.tune.clock, found.tune.chip, found.tune.chips) == ("NTSC", 8580, 2)


@pytest.mark.parametrize(
    ("file", "songs", "message"),
    [
        (MUS, 2, "should hold Sidplayer"),
        (FULL, 1, "leaves no free page"),
        (psid(CODE, load=0xFFF8), 1, "past the end of a C64"),
        (psid(CODE, version=5), None, "version 5"),
        (b"PSID", None, "too short to hold music"),
    ],
)
def test_inspection_explains_why_a_file_cannot_be_played(
    emulator: SidEmulator, file: bytes, songs: int | None, message: str
) -> None:
    found = emulator.inspect(file)
    assert (found.tune and found.tune.songs) == songs
    assert message in found.problem
    assert problem_of_playing(emulator, file) == found.problem


def problem_of_playing(emulator: SidEmulator, file: bytes) -> str:
    """Load and start a file; return the error's message, or an empty string."""
    try:
        emulator.load(file)
        emulator.start()
    except SidError as refused:
        return str(refused)
    return ""


def test_inspection_does_not_disturb_the_playing_tune(emulator: SidEmulator) -> None:
    emulator.load(psid(CODE, play=PLAY))
    emulator.start()
    state = emulator.save()
    straight = emulator.render(16384)
    emulator.restore(state)
    info = emulator.info
    sound = [emulator.render(4096)]
    for file in (MUS, BASIC, FULL):
        emulator.inspect(file)
        sound.append(emulator.render(4096))
    assert emulator.info == info
    assert np.corrcoef(np.concatenate(sound), straight)[0, 1] > 0.999


@pytest.mark.parametrize("seed", range(0, 500, 100))
def test_inspection_of_hostile_files_agrees_with_loading(emulator: SidEmulator, seed: int) -> None:
    for file in map(hostile, range(seed, seed + 100)):
        if len(file) > MAX_FILE_BYTES:
            continue
        problem = emulator.inspect(file).problem
        assert problem == problem_of_loading(emulator, file) or "no free page" in problem


def problem_of_loading(emulator: SidEmulator, file: bytes) -> str:
    """Load a file; return the error's message, or an empty string."""
    try:
        emulator.load(file)
    except SidError as refused:
        return str(refused)
    return ""


def test_inspection_refuses_an_oversized_file(emulator: SidEmulator) -> None:
    with pytest.raises(SidError, match="too large for a SID file"):
        emulator.inspect(bytes(MAX_FILE_BYTES + 1))
