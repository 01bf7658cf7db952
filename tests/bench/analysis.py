"""`make bench-analysis`: songs analyzed per second, on all cores and in the page, and the use of the results.

The features are compared with those of the sound that reSIDfp makes of the same songs. `SIDFLOW_TUNES` names
a folder of real tunes; without it, these are the demo tunes. The last line is JSON.
"""

from __future__ import annotations

import os
import random
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from playwright.sync_api import Browser

from app.analysis import analyze_song
from app.emulator import SAMPLE_RATE, SidEmulator, SidError
from app.paths import paths
from sidflow_feedback.analysis.features import EXCERPT_SECONDS, extract
from sidflow_feedback.errors import TrainingError
from sidflow_feedback.vocabulary import FEATURE_NAMES
from tests.bench import analysis_file
from tests.bench.harness import Figures, run
from tests.bench.sid_underruns import analysis_figures, full_analysis_figures

COMPARED = tuple(name for name in FEATURE_NAMES if name != "duration")


def measure(
    browser: Browser,
    url: str,
    *,
    songs: int = 300,
    compared: int = 60,
    page_seconds: int = 90,
    all_cores_seconds: int = 20,
    file_songs: int = 80_000,
    file_tunes: int = 60_000,
    rounds: int = 15,
) -> Figures:
    """Return rates of analysis, the agreement with reSIDfp, and the cost of analysis files and neighbors."""
    files = _files(songs)
    page = analysis_figures(browser, url, page_seconds)
    return {
        **_speed(files),
        **_agreement(files[:compared]),
        "page_tunes_per_minute": page["analyzed_per_minute"],
        "page_share_60s": page["analysis_share_60s"],
        **full_analysis_figures(browser, url, all_cores_seconds),
        **analysis_file.measure(browser, url, songs=file_songs, tunes=file_tunes, rounds=rounds),
    }


def _files(count: int) -> list[Path]:
    folder = Path(os.environ.get("SIDFLOW_TUNES") or paths().vendor / "tunes")
    files = sorted(folder.rglob("*.sid"))
    return random.Random(16).sample(files, min(count, len(files)))


def _speed(files: list[Path]) -> dict[str, float]:
    cores = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        list(pool.map(_seconds, files[:1] * 4 * cores))  # Processes start, and compile the emulator.
        begun = perf_counter()
        seconds = [cost for cost in pool.map(_seconds, files, chunksize=4) if cost is not None]
        took = perf_counter() - begun
    return {
        "songs_per_second": len(seconds) / took,
        "cores": cores,
        "core_ms_per_song": 1000 * float(np.mean(seconds)),
    }


@cache
def _emulator() -> SidEmulator:
    """Return the emulator of this process."""
    return SidEmulator()


def _seconds(file: Path) -> float | None:
    """Analyze a start song, and return the processor time; None if it can't be played."""
    begun = process_time()
    try:
        analyze_song(_emulator(), file.read_bytes())
    except SidError:
        return None
    return process_time() - begun


def _agreement(files: list[Path]) -> Figures:
    """Return the correlation of each feature over the songs that have features."""
    pairs = [pair for pair in map(_both, files) if pair is not None]
    ours, theirs = np.array(pairs).transpose(1, 2, 0)
    found = [float(np.corrcoef(rows)[0, 1]) for rows in zip(ours, theirs, strict=True)]
    return {
        "feature_correlation_min": min(found),
        "feature_correlations": dict(zip(COMPARED, found, strict=True)),
        "songs_compared": len(pairs),
    }


def _both(file: Path) -> tuple[list[float], list[float]] | None:
    """Return the features by analysis, and of reSIDfp's sound; None if the song has none."""
    emulator = _emulator()
    try:
        ours = analyze_song(emulator, file.read_bytes()).features
        emulator.start()
        theirs = extract(emulator.render_seconds(EXCERPT_SECONDS), SAMPLE_RATE, EXCERPT_SECONDS)
    except (SidError, TrainingError):
        return None
    if ours is None:
        return None
    return [ours[name] for name in COMPARED], [theirs[name] for name in COMPARED]


if __name__ == "__main__":
    run(measure, browser=True, high_priority=True)
