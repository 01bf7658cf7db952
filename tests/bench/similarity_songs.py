"""The songs that `make bench-similarity` compares: embedding dimensions, audio features, and player routine.

A song takes about 0.2 s of processor time, or 0.06 s without its features. Results are kept in a file: a
stopped run goes on where it was.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import md5, sha256
from pathlib import Path
from typing import Any, Final

from app.analysis import render_excerpt
from app.emulator import SAMPLE_RATE, SidEmulator, SidError
from app.paths import paths
from sidflow_feedback.analysis import features as features_module
from sidflow_feedback.analysis.embedding import measure
from sidflow_feedback.analysis.excerpt import study
from sidflow_feedback.analysis.features import vector
from sidflow_feedback.analysis.trace import CLOCKS, TRACE_SECONDS, Trace
from sidflow_feedback.idle import finish
from tests.bench.similarity_routines import fingerprint

TREES: Final = {"MUSICIANS", "GAMES", "DEMOS"}
"""Folders at the top of HVSC."""

USUAL_SECONDS: Final = 180.0
"""Duration of a song whose length isn't listed."""

_LENGTHS = re.compile(r"([0-9a-f]{32})=(.*)")


@dataclass(frozen=True, slots=True)
class Song:
    """The start song of a file.

    Attributes
    ----------
    name
        Path relative to the folder.
    dimensions
        See `sidflow_feedback.analysis.embedding.measure`; empty if the tune can't play or writes nothing.
    features
        The audio features; empty if it is silent, or if nobody has asked for them.
    routine
        See `fingerprint`.
    """

    name: str
    dimensions: tuple[float, ...]
    features: tuple[float, ...]
    routine: str

    @property
    def composer(self) -> str:
        """See `composer_of`."""
        return composer_of(self.name)


def composer_of(name: str) -> str:
    """Return the folder below which HVSC keeps all tunes of a composer; outside of HVSC the file's folder."""
    parts = name.split("/")
    start = next((i for i, part in enumerate(parts) if part in TREES), None)
    return "/".join(parts[:-1] if start is None else parts[start : start + 3])


def collect(
    folder: Path, names: Sequence[str], kept: Path, workers: int, *, with_features: bool = True
) -> list[Song]:
    """Return the songs of files, in the order of `names`; analyze those that `kept` doesn't have yet.

    Parameters
    ----------
    kept
        Folder for the results. They are used again as long as emulator and analysis are the same.
    workers
        Number of processes.
    with_features
        False: only traces are recorded, three times as fast, and also where a song has ended before 30 s.
    """
    kept.mkdir(parents=True, exist_ok=True)
    log = kept / f"{version()}{'' if with_features else '-traces'}.jsonl"
    known = {song.name: song for song in _read(log)}
    missing = [name for name in names if name not in known]
    task = analyze if with_features else trace
    with log.open("a", encoding="utf-8") as file, ProcessPoolExecutor(workers) as pool:
        jobs = [pool.submit(task, folder, name) for name in missing]
        for done, job in enumerate(as_completed(jobs), 1):
            song = job.result()
            print(json.dumps(asdict(song)), file=file, flush=True)
            known[song.name] = song
            if done % 100 == 0 or done == len(missing):
                print(f"{done} of {len(missing)}", file=sys.stderr, flush=True)
    return [known[name] for name in names]


def analyze(folder: Path, name: str) -> Song:
    """Return the start song of a file, as `sidflow-feedback analyze` and the page analyze it."""
    data = (folder / name).read_bytes()
    dimensions: tuple[float, ...] = ()
    features: tuple[float, ...] = ()
    emulator = _emulator()
    try:
        start_song = emulator.load(data).start_song
        duration = _durations(folder).get(f"{md5(data).hexdigest()} {start_song}", USUAL_SECONDS)
        excerpt = render_excerpt(emulator, data)
        dimensions = _dimensions(excerpt.trace, excerpt.clock)
        found = finish(study(excerpt, duration)).features
        features = tuple(vector(found).tolist()) if found else ()
    except SidError:
        pass
    return Song(name, dimensions, features, fingerprint(data))


def trace(folder: Path, name: str) -> Song:
    """Return the start song of a file without its features."""
    data = (folder / name).read_bytes()
    dimensions: tuple[float, ...] = ()
    emulator = _emulator()
    try:
        emulator.load(data)
        emulator.analyze()
        emulator.skip(TRACE_SECONDS * SAMPLE_RATE)
        dimensions = _dimensions(emulator.take_trace(), CLOCKS[emulator.info.clock])
    except SidError:
        pass
    return Song(name, dimensions, (), fingerprint(data))


def _dimensions(writes: bytes, clock: int) -> tuple[float, ...]:
    found = Trace.from_bytes(writes, clock)
    return tuple(measure(found).tolist()) if len(found) > 1 else ()


def version() -> str:
    """Return a digest of the emulator and of the analysis."""
    digest = sha256((paths().vendor / "sid" / "sid.wasm").read_bytes())
    for file in sorted(Path(features_module.__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _read(log: Path) -> Iterator[Song]:
    if not log.exists():
        return
    for line in log.read_text("utf-8").splitlines():
        record: dict[str, Any] = json.loads(line)
        dimensions, features = tuple(record["dimensions"]), tuple(record["features"])
        yield Song(record["name"], dimensions, features, record["routine"])


@cache
def _emulator() -> SidEmulator:
    return SidEmulator()


@cache
def _durations(folder: Path) -> Mapping[str, float]:
    """Return seconds by digest of the file and number of the song, as HVSC lists them."""
    found = {}
    for file in folder.rglob("Songlengths.md5"):
        for line in file.read_text("latin-1").splitlines():
            if match := _LENGTHS.fullmatch(line.strip().lower()):
                for song, length in enumerate(match[2].split(), 1):
                    minutes, seconds = length.split("(")[0].split(":")
                    found[f"{match[1]} {song}"] = 60 * int(minutes) + float(seconds)
    return found
