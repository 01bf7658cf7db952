"""The library of demo tunes: its files, its variety, and how it sounds in native sidplayfp."""

import re
import shutil
import subprocess
import wave
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import pytest

from app.composer import DemoTune, compose_library
from app.composer.composition import compose_song
from app.composer.song import NTSC, PAL, count_rows
from app.composer.style import Style
from app.composer.styles import STYLES
from tests.patience import PATIENCE


@pytest.fixture(scope="module")
def library() -> list[DemoTune]:
    return compose_library()


def word(tune: DemoTune, offset: int) -> int:
    return int.from_bytes(tune.data[offset : offset + 2], "big")


def text(tune: DemoTune, offset: int) -> str:
    return tune.data[offset : offset + 32].rstrip(b"\0").decode("latin-1")


def test_same_seed_same_bytes_other_seed_other_tunes(library: list[DemoTune]) -> None:
    assert compose_library() == library
    other = {tune.data for tune in compose_library(65)}
    assert not other & {tune.data for tune in library}


def test_sixty_different_tunes(library: list[DemoTune]) -> None:
    assert len(library) == 60
    for field in ("file_name", "title", "data"):
        assert len({getattr(tune, field) for tune in library}) == 60
    assert len({tune.data[0x7C:] for tune in library}) == 60


def test_names_are_plain_files_derived_from_titles(library: list[DemoTune]) -> None:
    for tune in library:
        assert re.fullmatch(r"[A-Z][A-Za-z]+_[A-Z][A-Za-z]+\.sid", tune.file_name)
        assert tune.file_name == tune.title.replace(" ", "_") + ".sid"


def test_headers(library: list[DemoTune]) -> None:
    for tune in library:
        assert tune.data[:4] == b"PSID"
        version, offset, load, init, play, songs, start = (word(tune, at) for at in range(4, 18, 2))
        assert (version, offset, load, start) == (2, 0x7C, 0, 1)
        assert int.from_bytes(tune.data[0x7C:0x7E], "little") == init == play - 3
        assert songs == len(tune.lengths)
        assert int.from_bytes(tune.data[0x12:0x16], "big") < 1 << songs
        assert (text(tune, 0x16), text(tune, 0x36)) == (tune.title, tune.author)
        assert re.match(r"\d{4} ", text(tune, 0x56))


def test_machines_chips_timers_and_subsongs_are_mixed(library: list[DemoTune]) -> None:
    flags = [word(tune, 0x76) for tune in library]
    assert {flag >> 2 & 3 for flag in flags} == {1, 2}
    assert {flag >> 4 & 3 for flag in flags} == {1, 2}
    assert {(flag >> 2 & 3, flag >> 4 & 3) for flag in flags} == {(1, 1), (1, 2), (2, 1), (2, 2)}
    assert 5 <= sum(tune.data[0x15] > 0 for tune in library) <= 40
    assert {len(tune.lengths) for tune in library} == {1, 2, 3}


@pytest.mark.parametrize("seed", [64, 1, 2])
def test_lengths_and_sizes(seed: int) -> None:
    for tune in compose_library(seed):
        assert all(45 <= length <= 150 for length in tune.lengths)
        assert 1000 < len(tune.data) < 10_000


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_voices_of_a_song_stay_together(style: Style) -> None:
    for seed in range(5):
        song = compose_song(style, Random(seed), NTSC, 8580, cia=seed % 2 == 0)
        rows = {tuple(count_rows(block.pattern) for block in voice) for voice in song.order}
        assert len(rows) == 1
        tempo = 120 * PAL.play_rate(song) / style.beat / sum(song.speeds)
        assert style.bpm[0] * 0.8 <= tempo <= style.bpm[1] * 1.2


def render(tune: DemoTune, folder: Path, seconds: int) -> npt.NDArray[np.float64]:
    source, target = folder / tune.file_name, folder / "out.wav"
    source.write_bytes(tune.data)
    command = ["sidplayfp", "-q", f"-w{target}", f"-t{seconds}", "-f22050", "-ri", "-os", str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
    with wave.open(str(target)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768


@pytest.mark.skipif(not shutil.which("sidplayfp"), reason="sidplayfp is not installed")
@pytest.mark.parametrize("index", [0, 3, 5, 25])
def test_tune_sounds_in_sidplayfp(library: list[DemoTune], tmp_path: Path, index: int) -> None:
    samples = render(library[index], tmp_path, 12)[22050 // 4 :]
    assert len(samples) >= 11 * 22050
    assert np.abs(samples).max() < 0.9
    seconds = samples[: 11 * 22050].reshape(11, -1)
    assert seconds.std(axis=1).min() > 0.002, "a second of silence"
