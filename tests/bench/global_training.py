"""`make bench-global`: the cost of global training with 10^5 and 10^7 events. The last line is JSON.

The events are those of simulated listeners, copied as separate uploads. Each training runs in a separate
process; memory is the peak of its resident set.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.bench.harness import Figures, run
from tests.training.conftest import training_settings
from tests.training.crowd import Crowd, store
from tests.training.memory import multiply, peak_of_training


def measure(*, few: int = 100_000, many: int = 10_000_000, tunes: int = 5_000) -> Figures:
    """Return memory and time of training with few and with many events on `tunes` tunes."""
    peaks, seconds = [], []
    with tempfile.TemporaryDirectory() as folder:
        settings = training_settings(Path(folder))
        store(settings.database_url, Crowd.of(tunes).shared(few // 20))
        for size in (few, many):
            multiply(Path(folder, "feedback.sqlite3"), size)
            began = time.perf_counter()
            peaks.append(peak_of_training(Path(folder)))
            seconds.append(time.perf_counter() - began)
            settings.model_path.unlink()
    return {
        "events_few": few,
        "events_many": many,
        "peak_mb_few": peaks[0],
        "peak_mb_many": peaks[1],
        "peak_ratio": peaks[1] / peaks[0],
        "seconds_few": seconds[0],
        "seconds_many": seconds[1],
        "events_s": (many - few) / (seconds[1] - seconds[0]),
    }


if __name__ == "__main__":
    run(measure)
