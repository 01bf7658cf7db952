"""Training in Pyodide: what it leaves behind, and other methods than our own."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Pyodide


def test_runs_leave_nothing_behind(pyodide: Pyodide) -> None:
    grown = pyodide.call("training", "grown", 60)
    assert grown["references"] <= 2
    assert grown["heap"] == 0
    assert grown["objects"] < 200


@pytest.mark.parametrize("learner", ["numpy", "ridge", "sgd", "mlp"])
def test_methods(pyodide: Pyodide, learner: str) -> None:
    run = pyodide.call("training", "learns_by", learner)
    assert run["learner"] == learner
    assert 0 < run["after"] < 1.2 * run["before"]
    if learner == "ridge":  # The first one that needs it.
        assert [text for text in run["said"] if text.startswith("Loading")]
