"""`make bench-fidelity`: whether tunes sound as in the native player sidplayfp. The last line is JSON.

Compares the start song of each .sid file of a folder: the one given, else the one that SIDFLOW_TUNES
names, else ../shared/hvsc, else the demo tunes. A temporary folder keeps the native player's measures and all
results: a stopped run goes on where it was, and a run with a changed emulator takes half the time.

Selections: all, psid, rsid, many-sids, many-songs (32 or more), own-interrupt (PSIDs without a play address).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.fidelity_render import Result, compare_tune, versions
from tests.bench.fidelity_tunes import Tune, find_tunes, folder_of_tunes
from tests.bench.harness import Figures, percentile, run

LIMITS: Final = {"PSID": 1.0, "RSID": 2.0}
"""A tune sounds as in the native player if its third-octave levels differ by less, in dB."""


def measure(
    *,
    folder: str = "",
    roms: str = "",
    selection: str = "all",
    sample: int = 0,
    seed: int = 74,
    seconds: int = 15,
    workers: int = 0,
    worst: int = 25,
    cache: str = "",
) -> Figures:
    """Compare tunes, print a table of the worst, and return the shares of those that sound alike.

    Parameters
    ----------
    folder
        Empty: see `folder_of_tunes`.
    roms
        Folder of the native player's ROMs, see `compare_tune`; empty: that of SIDFLOW_ROMS, if any.
    selection, sample, seed
        See `find_tunes`.
    seconds
        Of each song, at least 3.
    workers
        Number of processes; 0: one on each core.
    worst
        Rows of the table.
    cache
        Folder of what is kept; empty: one in the system's folder for temporary files.
    """
    if not shutil.which("sidplayfp"):
        raise SystemExit("There is nothing to compare with: install the native player sidplayfp.")
    tunes = find_tunes(folder_of_tunes(folder), selection, sample, seed)
    kept = Path(cache or Path(tempfile.gettempdir()) / "sidflow-fidelity")
    kept.mkdir(parents=True, exist_ok=True)
    given = roms or os.environ.get("SIDFLOW_ROMS", "")
    results = list(_results(tunes, seconds, workers or os.cpu_count() or 1, kept, given))
    _print_table(results, worst)
    return figures_of(results)


def _results(tunes: Sequence[Tune], seconds: int, workers: int, kept: Path, roms: str) -> Iterator[Result]:
    """Yield results, those of earlier runs first; keep the new ones."""
    log = kept / f"{versions(roms)}-{seconds}.jsonl"
    known = {result.name: result for result in _read(log)}
    missing = [tune for tune in tunes if tune.name not in known]
    yield from (known[tune.name] for tune in tunes if tune.name in known)
    with log.open("a", encoding="utf-8") as file, ProcessPoolExecutor(workers) as pool:
        jobs = [pool.submit(compare_tune, tune, seconds, kept, roms) for tune in missing]
        for done, job in enumerate(as_completed(jobs), 1):
            result = job.result()
            print(json.dumps(result.record()), file=file, flush=True)
            if done % 25 == 0 or done == len(missing):
                print(f"{done} of {len(missing)}", file=sys.stderr, flush=True)
            yield result


def _read(log: Path) -> Iterator[Result]:
    if log.exists():
        for line in log.read_text("utf-8").splitlines():
            yield Result(**json.loads(line))


def figures_of(results: Sequence[Result]) -> Figures:
    """Return shares of the tunes that the native player plays; a tune that we refuse doesn't sound alike."""
    heard = [result for result in results if result.outcome in {"compared", "refused"}]
    compared = [result for result in heard if result.outcome == "compared"]
    distances = sorted(result.spectrum for result in compared)
    levels = sorted(abs(result.level) for result in compared)
    return {
        "psid_under_1db": _alike([result for result in heard if result.kind == "PSID"]),
        "rsid_under_2db": _alike([result for result in heard if result.kind == "RSID"]),
        "alike": _alike(heard),
        "refused": len(heard) - len(compared),
        "compared": len(compared),
        "native_failed": sum(result.outcome == "native failed" for result in results),
        "native_silent": sum(result.outcome == "native silent" for result in results),
        "spectrum_median_db": median(distances) if distances else None,
        "spectrum_p99_db": percentile(distances, 0.99) if distances else None,
        "level_p99_db": percentile(levels, 0.99) if levels else None,
        "pitch_over_5_cents": sum(result.pitch > 5 for result in compared),
        "onsets_under_0_9": sum(result.onsets < 0.9 for result in compared),
    }


def _alike(results: Sequence[Result]) -> float | None:
    return sum(_is_alike(result) for result in results) / len(results) if results else None


def _is_alike(result: Result) -> bool:
    return result.outcome == "compared" and result.spectrum < LIMITS[result.kind]


def _print_table(results: Sequence[Result], rows: int) -> None:
    """Print the tunes that the emulator refuses, then those that sound least alike."""
    heard = [result for result in results if result.outcome in {"compared", "refused"}]
    heard.sort(key=lambda result: (result.outcome == "compared", -result.spectrum / LIMITS[result.kind]))
    print("  dB  level  cents onsets  tune")
    for result in heard[:rows]:
        measures = f"{result.spectrum:5.2f} {result.level:+6.1f} {result.pitch:6.0f} {result.onsets:6.3f}"
        print(f"{measures}  {result.kind} {result.name} {result.message}".rstrip())


if __name__ == "__main__":
    run(measure)
