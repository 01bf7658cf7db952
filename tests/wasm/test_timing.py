"""The cycles at which a tune writes to the SID, compared with the native player.

The tune toggles the volume between its extremes at each interrupt. At 192 kHz, the steepest point of each
step gives the cycle of the write to within about one. The two players start some cycles apart in the frame,
so the intervals between steps are compared as distributions, not one by one.
"""

from pathlib import Path

import numpy as np
import pytest

from tests.wasm.native import step_intervals
from tests.wasm.programs import CASCADE, CLICK, LEVEL, ONE_SHOT, digi, rsid

SCREEN_OFF = " lda #$0b\n sta $d011\n"


def click(period: int, *, again: str = "", **start: str) -> str:
    return digi(period, CLICK + again, LEVEL, **start)


def without_screen(source: str) -> str:
    """Return the tune with its screen turned off, so that the VIC takes no cycles."""
    return source.replace("ldx #0", SCREEN_OFF)


@pytest.mark.parametrize(
    ("source", "bound"),
    [
        pytest.param(without_screen(click(400)), 0.3, id="continuous"),
        pytest.param(without_screen(click(61)), 0.3, id="fast"),
        pytest.param(without_screen(click(400, again=ONE_SHOT, start=ONE_SHOT)), 0.3, id="one-shot"),
        pytest.param(without_screen(click(100, start=CASCADE)), 0.3, id="cascaded"),
        pytest.param(click(400), 1.0, id="continuous-screen-on"),
        pytest.param(click(400, again=ONE_SHOT, start=ONE_SHOT), 1.0, id="one-shot-screen-on"),
        pytest.param(click(100, start=CASCADE), 1.0, id="cascaded-screen-on"),
    ],
)
def test_writes_happen_at_the_same_cycles(tmp_path: Path, source: str, bound: float) -> None:
    ours, theirs = step_intervals(rsid(source), tmp_path)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.05)
    shares = np.linspace(0.01, 0.99, 99)
    differences = np.abs(np.quantile(ours, shares) - np.quantile(theirs, shares))
    assert differences.mean() < bound, differences
    assert ours.std() == pytest.approx(theirs.std(), abs=0.5)


def test_screen_takes_cycles_from_the_processor(tmp_path: Path) -> None:
    """Each text line takes 43 cycles, so some steps come late; without a screen none does."""
    seen, _ = step_intervals(rsid(click(400)), tmp_path)
    dark, _ = step_intervals(rsid(without_screen(click(400))), tmp_path)
    assert np.ptp(dark) < 12
    assert 440 < seen.max() < 450
