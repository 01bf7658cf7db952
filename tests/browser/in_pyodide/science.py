"""scikit-learn, loaded on demand."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import pyodide_js

from sidflow_feedback.engine.start import load_scikit
from sidflow_feedback.errors import TrainingError


def state() -> dict[str, Any]:
    return {
        "imported": [name for name in ("sklearn", "scipy", "joblib") if name in sys.modules],
        "installed": [
            name for name in ("sklearn", "scipy", "joblib") if importlib.util.find_spec(name) is not None
        ],
    }


async def load() -> str:
    await pyodide_js.loadPackage("scikit-learn")
    sklearn = importlib.import_module("sklearn")
    return str(sklearn.__version__)


async def error_without() -> str:
    """Return what a listener reads if the site doesn't serve scikit-learn."""
    try:
        await load_scikit(lambda _message: None)
    except TrainingError as exc:
        return str(exc)
    return "loaded"


def learn() -> float:
    """Fit a line with a small network step by step; return the training error."""
    import numpy as np
    from sklearn.neural_network import MLPRegressor

    inputs = np.random.default_rng(64).uniform(-1, 1, (256, 8))
    labels = inputs @ np.arange(8.0) / 8
    network = MLPRegressor(hidden_layer_sizes=(16,), learning_rate_init=0.01, random_state=64)
    for _ in range(200):
        network.partial_fit(inputs, labels)
    return float(np.mean((network.predict(inputs) - labels) ** 2))
