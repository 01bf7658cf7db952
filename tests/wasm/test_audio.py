"""The emulator's sound against the native player's.

Both use reSIDfp, in different versions and with different C64s, so the waves never match sample by sample:
phases depend on the cycle at which a tune starts. The audible result must match in three ways:
the balance and level of frequencies (`spectrum`), the tuning (`pitch`), and the timing of notes
(`onsets`). Bounds, and values measured with the real tunes below and with demo tunes:

=========  ========  ==================  ================================================
measure    bound     right settings      wrong settings
=========  ========  ==================  ================================================
spectrum   1.5 dB    0.06 to 0.84        other chip: 3.1 to 7.1
pitch      3 cents   0                   other clock: 62 to 68; half a percent: 9
onsets     0.55      0.57 to 0.998       tempo 1 % off: 0.14 to 0.51; other clock: to 0.29
=========  ========  ==================  ================================================

Onsets are compared at one lag for the whole length, so a tune that runs faster or slower fails even if its
pitch is right. (Ta-Boo has the 0.57: the start of its notes depends on when in a frame play is called; all
others have 0.63 or more.)

Below 100 Hz nothing is compared: there the versions differ in how a 6581 thumps when notes start. The
first half second is left out: the native player includes the power-on click.
"""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from app.emulator import SidEmulator, TuneInfo
from app.paths import paths
from tests.wasm.sound_comparison import RATE, Likeness, Sound, compare, sidplayfp, third_octaves

SECONDS, SKIPPED = 15, RATE // 2
REAL = Path(__file__).parents[3] / "shared" / "tunes"
REAL_TUNES = ("10_Orbyte.sid", "Foreign_Carols.sid", "Ta-Boo.sid")
TWO_CHIPS = "Space_Oddity_2SID.sid"
OTHER_CHIP = {6581: "-mnf", 8580: "-mof"}
OTHER_CLOCK = {"PAL": "-vnf", "NTSC": "-vpf"}

Native = Callable[..., Sound]


def alike(likeness: Likeness) -> bool:
    return likeness.spectrum < 1.5 and likeness.pitch < 3 and likeness.onsets > 0.55


def real(name: str) -> Path:
    tune = REAL / name
    if not tune.is_file():
        pytest.skip(f"{name} is not in {REAL}")
    return tune


def demo(fits: Callable[[TuneInfo], bool]) -> Path:
    emulator = SidEmulator()
    for tune in sorted((paths().vendor / "tunes").glob("*.sid")):
        if fits(emulator.load(tune.read_bytes())):
            return tune
    pytest.skip("set-up has made no demo tune of this kind yet")


@cache
def emulator_sound(tune: Path) -> tuple[TuneInfo, Sound]:
    emulator = SidEmulator()
    info = emulator.load(tune.read_bytes())
    emulator.start(sample_rate=RATE)
    return info, emulator.render_seconds(SECONDS)[SKIPPED:]


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Native:
    if not shutil.which("sidplayfp"):
        pytest.skip("the native player sidplayfp is not installed")

    wav = tmp_path_factory.mktemp("native") / "native.wav"

    @cache
    def play(tune: Path, *options: str) -> Sound:
        sound = sidplayfp(tune, SECONDS, wav, *options)
        assert len(sound) >= SECONDS * RATE
        return sound[SKIPPED : SECONDS * RATE]

    return play


@pytest.mark.parametrize("name", [*REAL_TUNES, TWO_CHIPS])
def test_real_tunes_sound_like_the_native_player(native: Native, name: str) -> None:
    _, sound = emulator_sound(real(name))
    likeness = compare(sound, native(real(name)))
    assert alike(likeness), likeness


@pytest.mark.parametrize(
    "fits",
    [
        pytest.param(lambda info: info.chip == 8580 and info.clock == "NTSC", id="8580-ntsc"),
        pytest.param(lambda info: info.speed == "cia" and info.clock == "PAL", id="cia-pal"),
        pytest.param(lambda info: info.songs > 1, id="subsongs"),
    ],
)
def test_demo_tunes_sound_like_the_native_player(native: Native, fits: Callable[[TuneInfo], bool]) -> None:
    tune = demo(fits)
    _, sound = emulator_sound(tune)
    likeness = compare(sound, native(tune))
    assert alike(likeness), (tune.name, likeness)


@pytest.mark.parametrize("name", REAL_TUNES)
def test_wrong_chip_is_detected(native: Native, name: str) -> None:
    info, sound = emulator_sound(real(name))
    likeness = compare(sound, native(real(name), OTHER_CHIP[info.chip]))
    assert likeness.spectrum > 3, likeness
    assert not alike(likeness)


@pytest.mark.parametrize("name", REAL_TUNES)
def test_wrong_clock_is_detected(native: Native, name: str) -> None:
    info, sound = emulator_sound(real(name))
    likeness = compare(sound, native(real(name), OTHER_CLOCK[info.clock]))
    assert likeness.pitch > 50, likeness
    assert not alike(likeness)


@pytest.mark.parametrize("name", REAL_TUNES)
def test_half_a_percent_of_detuning_is_detected(native: Native, name: str) -> None:
    _, sound = emulator_sound(real(name))
    detuned = resample_poly(native(real(name)), 200, 201).astype(np.float32)
    likeness = compare(sound[: len(detuned)], detuned)
    assert likeness.pitch > 5, likeness
    assert not alike(likeness)


def test_one_percent_tempo_error_is_detected(native: Native) -> None:
    tune = real("10_Orbyte.sid")
    _, sound = emulator_sound(tune)
    block = RATE // 50
    blocks = native(tune)[: len(sound) // block * block].reshape(-1, block)
    hurried = np.delete(blocks, np.arange(0, len(blocks), 100), axis=0).ravel()
    likeness = compare(sound[: len(hurried)], hurried)
    assert likeness.onsets < 0.5, likeness
    assert not alike(likeness)


@pytest.mark.parametrize("name", REAL_TUNES)
def test_missing_voice_is_detected(native: Native, name: str) -> None:
    _, sound = emulator_sound(real(name))
    assert not alike(compare(sound, native(real(name), "-u2")))


def test_renders_are_reproducible_for_any_block_size() -> None:
    """Uses new emulators, because reSIDfp's dither, two steps of 16 bits, continues across starts."""
    tune = real("10_Orbyte.sid").read_bytes()
    renders = []
    for sizes in ((20000,), (1, 4095, 5000, 10904)):
        emulator = SidEmulator()
        emulator.load(tune)
        emulator.start()
        renders.append(np.concatenate([emulator.render(size) for size in sizes]))
    assert np.array_equal(renders[0], renders[1])
    assert np.ptp(renders[0]) > 0.1


def test_another_sample_rate_gives_the_same_music(native: Native) -> None:
    tune = real("10_Orbyte.sid")
    emulator = SidEmulator()
    emulator.load(tune.read_bytes())
    emulator.start(sample_rate=48000)
    sound = emulator.render_seconds(SECONDS)
    assert len(sound) == SECONDS * 48000
    likeness = compare(resample_poly(sound, 147, 160).astype(np.float32)[SKIPPED:], native(tune))
    assert alike(likeness), likeness


def test_each_voice_can_be_muted() -> None:
    emulator = SidEmulator()
    emulator.load(real("10_Orbyte.sid").read_bytes())
    levels = []
    for voices in ((), (0,), (1,), (2,), (0, 1, 2)):
        emulator.start()
        emulator.mute(*voices)
        levels.append(third_octaves(emulator.render_seconds(6)[SKIPPED:]))
    full, *single, silence = levels
    assert all(np.abs(full - one).max() > 1 for one in single)
    assert silence.max() < full.max() - 20
