"""A sound whose features are compared between CPython and Pyodide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def tone(frequency: float, seconds: float, sample_rate: int) -> NDArray[np.float32]:
    """Return a tone with overtones that swells twice a second."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    pulse = (time % 0.5) < 0.2
    sound: NDArray[np.float32] = (pulse * 0.4 * np.sin(2 * np.pi * frequency * time) ** 3).astype(np.float32)
    return sound
