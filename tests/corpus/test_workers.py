"""Workers that die, or hang: only the song that is to blame is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import pytest

from app.corpus.errors import CorpusError
from app.corpus.part import Part, parts_of
from app.corpus.workers import Limits, Outcome, Workers, analyze_parts, cluster, processes
from app.roms import NO_ROMS
from sidflow_feedback.analysis.analysis_file import AnalyzedSong, Problem
from tests.corpus.deadly import DEADLY_SONG, DEEDS, analyze

SONGS = 20
"""Of a file: two parts."""

NEVER = 10_000


def outcomes(workers: Workers, *contents: bytes) -> list[Outcome]:
    parts = [part for data in contents for part in parts_of(data, data, range(1, SONGS + 1), NO_ROMS)]
    return list(analyze_parts(workers, parts))


def assert_only_the_deadly_song_is_lost(found: list[Outcome], deed: bytes) -> None:
    """Every song is there, once, and all but the deadly one have what the analysis returned."""
    songs = {
        (outcome.part.data, number): (song, outcome.failure)
        for outcome in found
        for number, song in zip(outcome.part.songs, outcome.songs, strict=True)
    }
    assert len(songs) == sum(len(outcome.songs) for outcome in found) == 2 * SONGS
    lost, failure = songs.pop((deed, DEADLY_SONG))
    assert lost.problem == Problem.OTHER
    assert failure
    assert all(song.length == number for (_, number), (song, _) in songs.items())


@pytest.mark.parametrize("deed", DEEDS)
def test_song_that_ends_or_blocks_its_process_costs_itself_only(deed: bytes) -> None:
    limits = Limits(
        seconds=2 if deed == b"spins" else NEVER,
        waiting=2 if deed == b"sleeps" else NEVER,
        memory=1_000_000_000,
    )
    with processes(2, limits, analyze) as workers:
        assert_only_the_deadly_song_is_lost(outcomes(workers, deed, b"harmless"), deed)


@contextmanager
def dask() -> Iterator[str]:
    """Start a Dask cluster of two processes, which blames parts for the first worker that dies with them."""
    dask_config = pytest.importorskip("dask.config", reason="the extra `cluster` is not installed")
    distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with (
        dask_config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(host="127.0.0.1", protocol="tcp", **options) as found,
    ):
        yield found.scheduler_address


@pytest.mark.parametrize("deed", [b"dies", b"fails"])
def test_song_that_ends_workers_of_a_cluster_costs_itself_only(deed: bytes) -> None:
    with dask() as address, cluster(address, analyze) as workers:
        assert_only_the_deadly_song_is_lost(outcomes(workers, deed, b"harmless"), deed)


def worker_that_fails_as_a_whole() -> Workers:
    """Return one worker of a cluster, which loses all parts that were assigned to it when it dies."""
    assigned: list[tuple[Part, Future[list[AnalyzedSong]]]] = []
    lock = threading.Lock()

    def work() -> None:
        with lock:
            taken = assigned[:]
            assigned.clear()
        try:
            found = [analyze(part) for part, _ in taken]
        except ZeroDivisionError as death:
            for _, future in taken:
                future.set_exception(death)
        else:
            for (_, future), songs in zip(taken, found, strict=True):
                future.set_result(songs)

    def submit(part: Part) -> Future[list[AnalyzedSong]]:
        future: Future[list[AnalyzedSong]] = Future()
        with lock:
            if not assigned:
                threading.Timer(0.02, work).start()
            assigned.append((part, future))
        return future

    return Workers(submit, 4, fail_together=True)


def test_neighbors_of_a_deadly_song_are_not_blamed() -> None:
    found = outcomes(worker_that_fails_as_a_whole(), b"fails", b"harmless")
    assert_only_the_deadly_song_is_lost(found, b"fails")


def test_parts_are_taken_as_workers_become_free() -> None:
    """A corpus needn't fit into memory."""
    taken = []

    def parts() -> Iterator[Part]:
        for number in range(20):
            taken.append(number)
            yield Part(b"", b"harmless", (number,))

    with processes(1, analyze=analyze) as workers:
        found = analyze_parts(workers, parts())
        next(found)
        assert len(taken) <= workers.ahead
        assert len(list(found)) == 19


def test_pool_that_has_ended_is_a_clear_error() -> None:
    with processes(1, analyze=analyze) as workers:
        pass
    with pytest.raises(CorpusError, match="goes on where it was"):
        outcomes(workers, b"harmless")
