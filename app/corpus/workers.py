"""Workers that analyze parts: processes of this machine, or a Dask cluster."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from pebble import ProcessExpired, ProcessPool

from sidflow_feedback.analysis.analysis_file import AnalyzedSong, Problem

from ..cluster import connect
from ..process_limits import limit_memory, limit_processor_time
from .errors import CorpusError
from .part import Part, analyze_part

Analyze = Callable[[Part], list[AnalyzedSong]]

CLUSTER_PARTS: Final = 1_000
"""Parts that are sent to a cluster ahead of time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may use.

    Attributes
    ----------
    seconds
        Processor time of a song: a few hundred times what one takes.
    waiting
        Time of a song by the clock, on a machine that has other things to do.
    memory
        Bytes, several times what a song takes.
    """

    seconds: float = 60
    waiting: float = 600
    memory: int = 1_500_000_000


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Workers:
    """Workers to which parts can be sent.

    Attributes
    ----------
    submit
        Sends a part.
    ahead
        Number of parts that may be under way.
    fail_together
        Whether a worker that dies takes others of them with it than the one that is to blame.
    """

    submit: Callable[[Part], Future[list[AnalyzedSong]]]
    ahead: int
    fail_together: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a part.

    Attributes
    ----------
    songs
        One for each song of the part.
    failure
        Why a part of one song was given up; empty if it wasn't.
    """

    part: Part
    songs: list[AnalyzedSong]
    failure: str = ""


@contextmanager
def processes(
    count: int, limits: Limits = DEFAULT_LIMITS, analyze: Analyze = analyze_part
) -> Iterator[Workers]:
    """Start processes, each with limits. One that dies is replaced, and its part fails.

    Parameters
    ----------
    count
        Number of processes.
    limits
        Of each process; where the system has no such limits, only the time by the clock counts.
    analyze
        Analyzes a part; a function of a module.
    """
    # A forked process would inherit locks of this one's threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPool(count, initializer=limit_memory, initargs=(limits.memory,), context=context)

    def submit(part: Part) -> Future[list[AnalyzedSong]]:
        songs = len(part.songs)
        return pool.schedule(
            _analyze_limited, (analyze, part, limits.seconds), timeout=limits.waiting * songs
        )

    try:
        yield Workers(submit, 2 * count)
    finally:
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()


@contextmanager
def cluster(address: str, analyze: Analyze = analyze_part) -> Iterator[Workers]:
    """Connect to a Dask cluster, whose workers have limits of their own.

    Raises
    ------
    ClusterError
        It can't be reached.
    """
    with connect(address) as client, client.get_executor(pure=False) as executor:
        # Not `pure`: a part that is tried again must not get the failure of the first try.
        # Dask blames a death on all parts that were assigned to the worker.
        yield Workers(partial(executor.submit, analyze), CLUSTER_PARTS, fail_together=True)


def analyze_parts(workers: Workers, parts: Iterable[Part]) -> Iterator[Outcome]:
    """Analyze parts as workers become free, and return what came of them in the order in which they are done.

    A part that kills its worker, or takes too long, is tried again song by song: only the song that is
    to blame is given up. Where parts fail together, that is the one that fails while no other is under way.

    Raises
    ------
    CorpusError
        There are no workers any more.
    """
    waiting, again, suspects = iter(parts), deque[Part](), deque[Part]()
    running: dict[Future[list[AnalyzedSong]], Part] = {}
    while True:
        while len(running) < workers.ahead:
            part = again.popleft() if again else next(waiting, None)
            if part is None:
                break
            running[_submit(workers, part)] = part
        alone = not running
        if alone and not suspects:
            return
        if alone:
            suspect = suspects.popleft()
            running[_submit(workers, suspect)] = suspect
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            part, failure = running.pop(future), _failure(future)
            if not failure:
                yield Outcome(part, future.result())
            elif len(part.songs) > 1:
                again.extend(part.split())
            elif workers.fail_together and not alone:
                suspects.append(part)
            else:
                yield Outcome(part, [AnalyzedSong(problem=Problem.OTHER)], failure)


def _submit(workers: Workers, part: Part) -> Future[list[AnalyzedSong]]:
    try:
        return workers.submit(part)
    except RuntimeError as error:
        raise _no_workers(error) from error


def _failure(future: Future[list[AnalyzedSong]]) -> str:
    """Return why a part failed, whatever it is: a file must not stop the others. Empty if it didn't."""
    try:
        future.result()
    except (BrokenExecutor, CancelledError) as error:
        raise _no_workers(error) from error
    except TimeoutError:
        return "took too long"
    except ProcessExpired as error:
        return f"ended its process ({error.exitcode}), perhaps for too much time or memory"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _no_workers(error: Exception) -> CorpusError:
    return CorpusError(
        f"There are no workers any more ({error}). Run the command again: it goes on where it was."
    )


def _analyze_limited(analyze: Analyze, part: Part, seconds: float) -> list[AnalyzedSong]:
    """Analyze a part; the system ends this process if that takes too much processor time."""
    limit_processor_time(seconds * len(part.songs))
    return analyze(part)
