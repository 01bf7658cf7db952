"""A process that renders songs, which can be ended: a tune can't hold up or fill up the server."""

import asyncio
import multiprocessing
from typing import Final

from pebble import ProcessExpired, ProcessPool

from ...emulator import SAMPLE_RATE, SidError
from ...roms import NO_ROMS, Roms
from .errors import RenderingStoppedError, UnplayableTuneError
from .render_process import DEFAULT_LIMITS, Job, Limits, render, start_process

SKIPPED_PER_SECOND: Final = 10
"""Seconds of a song that can be skipped in a second, even by a slow processor."""


class Renderer:
    """A process that renders one job at a time. It starts when it is needed and ends when it is idle.

    Parameters
    ----------
    limits
        What it may use.
    roms
        The C64's ROMs.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, roms: Roms = NO_ROMS) -> None:
        self._limits = limits
        self._roms = roms
        self._turn = asyncio.Lock()
        self._pool: ProcessPool | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self.waiting = 0

    async def render(self, job: Job) -> bytes:
        """Return the samples of a job, 16 bits each, when it is this job's turn.

        Raises
        ------
        UnplayableTuneError
            If the tune can't be played.
        RenderingStoppedError
            If it takes too much time or memory. The process has ended then.
        """
        self.waiting += 1
        try:
            async with self._turn:
                return await self._render(job)
        finally:
            self.waiting -= 1

    async def aclose(self) -> None:
        """End the process."""
        self._end()
        await asyncio.gather(*self._ending)

    async def _render(self, job: Job) -> bytes:
        if self._idle is not None:
            self._idle.cancel()
        self._pool = self._pool or self._start()
        skipped = job.first / SAMPLE_RATE / SKIPPED_PER_SECOND
        seconds, waiting = self._limits.seconds + skipped, self._limits.waiting + skipped
        future = self._pool.schedule(render, (job, seconds), timeout=waiting)
        try:
            return await asyncio.wrap_future(future)
        except SidError as error:
            raise UnplayableTuneError(str(error)) from error
        except (ProcessExpired, TimeoutError, MemoryError, RuntimeError) as error:
            self._end()
            raise RenderingStoppedError from error
        except asyncio.CancelledError:
            self._end()  # A job that nobody waits for must not go on.
            raise
        finally:
            if self._pool is not None:
                self._idle = asyncio.get_running_loop().call_later(self._limits.idle, self._end)

    def _start(self) -> ProcessPool:
        # A forked process would inherit locks of this one's threads.
        context = multiprocessing.get_context("spawn")
        return ProcessPool(1, initializer=start_process, initargs=(self._limits, self._roms), context=context)

    def _end(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            task = asyncio.create_task(asyncio.to_thread(pool.join))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
