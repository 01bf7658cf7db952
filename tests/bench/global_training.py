"""`make bench-global`: the cost of global training with 10^5 and 10^7 events. The last line is JSON.

The events are those of simulated listeners, copied as separate uploads. Each training runs in a separate
process; memory is the peak of its resident set.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.training.conftest import training_settings
from tests.training.crowd import Crowd, store
from tests.training.memory import multiply, peak_of_training

SIZES: Final = (100_000, 10_000_000)
TUNES: Final = 5_000


def main() -> None:
    """Measure, and print one JSON object."""
    peaks, seconds = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        settings = training_settings(Path(folder))
        store(settings.database_url, Crowd.of(TUNES).shared(SIZES[0] // 20))
        for size in SIZES:
            multiply(Path(folder, "feedback.sqlite3"), size)
            began = time.perf_counter()
            peaks[size] = peak_of_training(Path(folder))
            seconds[size] = time.perf_counter() - began
            settings.model_path.unlink()
    small, large = SIZES
    figures = {
        **{f"peak_mb_{size}": round(peaks[size]) for size in SIZES},
        "peak_ratio": round(peaks[large] / peaks[small], 2),
        **{f"seconds_{size}": round(seconds[size], 1) for size in SIZES},
        "events_s": round((large - small) / (seconds[large] - seconds[small])),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
