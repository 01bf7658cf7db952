"""A run of `analyze`: finds what isn't analyzed yet, has it analyzed, and writes the analysis file."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sidflow_feedback.analysis.analysis_file import AnalysisFile, AnalyzedSong, Problem
from sidflow_feedback.errors import AnalysisFileError
from sidflow_feedback.vocabulary import ANALYSIS_VERSION, EMBEDDING_VERSION

from ..files import write_bytes
from ..roms import NO_ROMS, Roms
from .errors import CorpusError
from .journal import Journal
from .music import Music, Tune, md5_of, read_music, read_tune
from .part import Part, parts_of
from .summary import Summary
from .workers import Workers, analyze_parts, cluster, processes

if TYPE_CHECKING:
    from pathlib import Path

    from .progress import Bar

Analyses = dict[bytes, dict[int, AnalyzedSong]]
"""By the MD5 of the file and the number of the song."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of a run.

    Attributes
    ----------
    folder
        Where the music is.
    out
        The analysis file to write. What it knows already isn't analyzed again.
    workers
        Number of processes. None: one per core.
    scheduler
        Address of a Dask scheduler. None: processes of this machine.
    release
        Of the HVSC. None: what its documents in the folder say.
    roms
        ROMs of the C64, for the songs that need them.
    """

    folder: Path
    out: Path
    workers: int | None = None
    scheduler: str | None = None
    release: str | None = None
    roms: Roms = NO_ROMS


def analyze(options: Options, bar: Bar) -> tuple[Music, AnalysisFile, Summary]:
    """Analyze the music of a folder, and write the analysis file.

    Returns
    -------
    tuple
        The music, its analyses, and what was done.

    Raises
    ------
    CorpusError
        There is no music, or the file can't be read or written.
    ClusterError
        The cluster can't be reached.
    """
    music = read_music(options.folder, bar)
    before = _read(options.out)
    with Journal(options.out.with_name(f"{options.out.name}.journal")) as journal:
        analyses = _merged(before, journal.read())
        missing = _missing(music, analyses, options.roms)
        summary = _summary(music, missing)
        if missing:
            with _workers(options) as workers:
                _analyze(workers, _Work(music, missing, options.roms, summary), journal, bar)
            analyses = _merged(before, journal.read())
        release = music.release if options.release is None else options.release
        file = _file(music, analyses, release)
        size = _write(options.out, file)
        summary.written.append(f"{options.out} ({len(file.md5):,} files, {size / 1e6:.1f} MB)")
        journal.remove()
    _count_problems(summary, music, analyses)
    return music, file, summary


def _read(path: Path) -> Analyses:
    """Return what an analysis file knows; nothing if there is none, or if other versions made it.

    Raises
    ------
    CorpusError
        It isn't an analysis file, or can't be replaced.
    """
    if not os.access(path if path.exists() else path.parent, os.W_OK) or path.is_dir():
        raise CorpusError(f"{path} can't be written. Choose another file with --out.")
    if not path.exists():
        return {}
    try:
        file = AnalysisFile.read(path.read_bytes())
    except (OSError, AnalysisFileError) as error:
        raise CorpusError(
            f"{path} can't be continued. {error} Remove it to start again, or choose another file with --out."
        ) from error
    if (file.analysis_version, file.embedding_version) != (ANALYSIS_VERSION, EMBEDDING_VERSION):
        return {}
    md5s = [row.tobytes() for row in file.md5]
    return {md5: dict(enumerate(file.songs_of(md5), 1)) for md5 in md5s}


def _merged(before: Analyses, found: Analyses) -> Analyses:
    return before | {md5: before.get(md5, {}) | songs for md5, songs in found.items()}


def _missing(music: Music, analyses: Analyses, roms: Roms) -> list[tuple[Tune, list[int]]]:
    """Return the tunes with songs that are to be analyzed, and their numbers; equal files once."""
    retried = {Problem.NOT_ANALYZED, *([Problem.NEEDS_ROMS] if roms.images else [])}
    tunes = {tune.md5: tune for tune in music.tunes}
    missing = []
    for md5, tune in tunes.items():
        known = {number for number, song in analyses.get(md5, {}).items() if song.problem not in retried}
        if numbers := [number for number in range(1, tune.songs + 1) if number not in known]:
            missing.append((tune, numbers))
    return missing


def _summary(music: Music, missing: list[tuple[Tune, list[int]]]) -> Summary:
    songs = {tune.md5: tune.songs for tune in music.tunes}
    total = sum(songs.values())
    return Summary(
        files=len(music.tunes) + len(music.unreadable),
        songs=total,
        known=total - sum(len(numbers) for _, numbers in missing),
        failures=[f"{path}: {reason}" for path, reason in music.unreadable],
    )


def _workers(options: Options) -> AbstractContextManager[Workers]:
    if options.scheduler is not None:
        return cluster(options.scheduler)
    return processes(options.workers or _cores())


def _cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be analyzed, and the summary that counts it."""

    music: Music
    missing: list[tuple[Tune, list[int]]]
    roms: Roms
    summary: Summary

    @property
    def songs(self) -> int:
        return sum(len(numbers) for _, numbers in self.missing)

    def parts(self) -> Iterator[Part]:
        for tune, numbers in self.missing:
            try:
                data = read_tune(self.music.folder / tune.path)
            except OSError as error:
                self.summary.failures.append(f"{tune.path}: {error.strerror}")
                continue
            if md5_of(data) == tune.md5:
                yield from parts_of(tune.md5, data, numbers, self.roms)
            else:
                self.summary.failures.append(f"{tune.path}: changed during this run; run it again")


def _analyze(workers: Workers, work: _Work, journal: Journal, bar: Bar) -> None:
    """Analyze what is missing, and keep each result at once."""
    summary, started = work.summary, time.monotonic()
    paths = {tune.md5: tune.path for tune, _ in work.missing}
    bar.begin("Analyzing", work.songs, "songs")
    for outcome in analyze_parts(workers, work.parts()):
        part = outcome.part
        journal.add(part.md5, dict(zip(part.songs, outcome.songs, strict=True)))
        summary.analyzed += len(part.songs)
        if outcome.failure:
            summary.failures.append(f"{paths[part.md5]}, song {part.songs[0]}: {outcome.failure}")
        bar.advance(len(part.songs))
    summary.seconds = time.monotonic() - started


def _file(music: Music, analyses: Analyses, release: str) -> AnalysisFile:
    """Return the file with all analyses, those of other folders, too."""
    songs = {md5: _songs(found, music.lengths.get(md5, ())) for md5, found in analyses.items()}
    try:
        return AnalysisFile.of(songs, embedding_version=EMBEDDING_VERSION, hvsc_release=release)
    except AnalysisFileError as error:
        raise CorpusError(f"The analysis file can't be made. {error}") from error


def _songs(found: Mapping[int, AnalyzedSong], lengths: tuple[float, ...]) -> list[AnalyzedSong]:
    """Return the songs of a file in order, each with the duration that Songlengths.md5 names."""
    songs = [
        found.get(number, AnalyzedSong(problem=Problem.NOT_ANALYZED)) for number in range(1, max(found) + 1)
    ]
    for index, length in enumerate(lengths[: len(songs)]):
        features = songs[index].features
        if features is not None and songs[index].length is None:
            songs[index] = replace(songs[index], features={**features, "duration": length})
    return songs


def _write(path: Path, file: AnalysisFile) -> int:
    data = file.to_bytes()
    try:
        write_bytes(path, data)
    except OSError as error:
        raise CorpusError(
            f"{path} can't be written: {error.strerror}. Make room, and run the command again: nothing is "
            "lost."
        ) from error
    return len(data)


def _count_problems(summary: Summary, music: Music, analyses: Analyses) -> None:
    for md5 in {tune.md5 for tune in music.tunes}:
        problems = (song.problem for song in analyses.get(md5, {}).values())
        summary.problems.update(problem for problem in problems if problem is not None)
