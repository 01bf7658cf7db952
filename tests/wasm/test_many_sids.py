"""Tunes for two and three SIDs: each chip has its address and model; the mix doesn't clip."""

from pathlib import Path

import numpy as np
import pytest

from app.composer.assembler import assemble
from app.emulator import SidEmulator, SidInfo
from tests.wasm.native import likeness, ours
from tests.wasm.programs import on_chips, voices
from tests.wasm.psid import LOAD, RTS, psid
from tests.wasm.sound_comparison import RATE, third_octaves

TWO, THREE = (0xD400, 0xD500), (0xD400, 0xD420, 0xDE00)


@pytest.mark.parametrize(
    ("bases", "chips"),
    [
        (TWO, (6581, 8580)),
        ((0xD400, 0xD7E0), (8580, 6581)),
        (THREE, (8580, 6581, 8580)),
    ],
)
def test_many_chips_sound_like_the_native_player(
    tmp_path: Path, bases: tuple[int, ...], chips: tuple[int, ...]
) -> None:
    found = likeness(on_chips(*bases, chips=chips), tmp_path)
    assert found.spectrum < 0.8, found
    assert found.pitch < 2, found
    assert found.onsets > 0.95, found


def test_info_lists_the_chips() -> None:
    info = SidEmulator().load(on_chips(*THREE, chips=(8580, 6581)))
    assert (info.chip, info.chips) == (8580, 3)
    assert info.sids == (
        SidInfo(0xD400, 8580, 8580),
        SidInfo(0xD420, 6581, 6581),
        SidInfo(0xDE00, 8580, 8580),  # Not specified: like the first chip.
    )


@pytest.mark.parametrize(
    ("version", "codes", "addresses"),
    [
        (2, (0x50, 0xE0), [0xD400]),
        (3, (0x50, 0xE0), [0xD400, 0xD500]),
        (4, (0x50, 0x50), [0xD400, 0xD500]),
        (4, (0x41, 0x80), [0xD400]),
        (4, (0, 0xFE), [0xD400, 0xDFE0]),
        (4, (0x42, 0x7E), [0xD400, 0xD420, 0xD7E0]),
    ],
)
def test_further_chips_need_a_matching_version_and_address(
    version: int, codes: tuple[int, int], addresses: list[int]
) -> None:
    tune = psid(bytes([RTS]), version=version, more_sids=codes)
    assert [sid.address for sid in SidEmulator().load(tune).sids] == addresses


def test_each_chip_can_be_muted() -> None:
    emulator = SidEmulator()
    emulator.load(on_chips(*THREE, chips=(6581, 6581, 6581)))
    levels = []
    for voices_off in ((), (0,), (3,), (6,), (0, 3, 6)):
        emulator.start()
        emulator.mute(*voices_off)
        levels.append(third_octaves(emulator.render_seconds(1)))
    full, *single, silence = levels
    assert all(np.abs(full - one).max() > 1 for one in single)
    assert silence.max() < full.max() - 20


def test_three_chips_at_their_loudest_do_not_clip() -> None:
    """Each chip alone is in [-1, 1], and the output is their mean."""
    one, three = (
        ours(on_chips(*bases, chips=(6581,) * len(bases)), 2)[RATE // 2 :] for bases in (TWO[:1], THREE)
    )
    assert np.abs(three).max() < 1.5 * np.abs(one).max() < 1


def test_addresses_of_missing_chips_mirror_the_first_chip() -> None:
    """$D420 mirrors the first chip; nothing is at $DE00."""

    def level(base: int) -> float:
        program = assemble(f"* = $1000\n{voices(base)} lda #20\n sta {base + 1}\n rts")
        play = psid(program.code + bytes([RTS]), play=LOAD + len(program.code))
        return float(ours(play, 1)[RATE // 2 :].std())

    assert level(0xD420) == pytest.approx(level(0xD400), rel=0.01)
    assert level(0xDE00) < 0.001
