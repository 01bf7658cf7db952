"""Training in Pyodide: no leaks, and each fitter."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Pyodide


def test_training_runs_do_not_leak(pyodide: Pyodide) -> None:
    pyodide.call("training", "begin")
    before, after = (used_after_runs(pyodide, 15) for _ in range(2))
    assert after["references"] - before["references"] <= 2
    assert after["heap"] == before["heap"]
    assert after["objects"] - before["objects"] < 100
    pyodide.call("training", "end")


def used_after_runs(pyodide: Pyodide, runs: int) -> dict[str, int]:
    """Train `runs` times, in calls that are short enough for a slow machine to answer in time."""
    for _ in range(runs // 5):
        pyodide.call("training", "train", 5)
    used: dict[str, int] = pyodide.call("training", "used")
    return used


@pytest.mark.parametrize("learner", ["numpy", "ridge", "sgd", "mlp"])
def test_training_with_each_fitter(pyodide: Pyodide, learner: str) -> None:
    run = pyodide.call("training", "run_with_learner", learner)
    assert run["learner"] == learner
    assert 0 < run["error"] < run["mean_error"]
    if learner == "ridge":  # The first fitter that needs scikit-learn.
        assert [text for text in run["messages"] if text.startswith("Loading")]
