"""Feature analysis: the features of a song, its embedding, and where it ends, from its beginning.

All of its work counts toward the processor share that training has, including the work of other threads.
"""

from __future__ import annotations

import asyncio
import base64
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from sidflow_feedback.analysis.excerpt import Excerpt, Findings, study
from sidflow_feedback.analysis.features import EXCERPT_SECONDS
from sidflow_feedback.idle import finish

if TYPE_CHECKING:
    from sidflow_feedback.analysis.features import Samples
    from sidflow_feedback.idle.slots import Slots
    from sidflow_feedback.types import Milliseconds, SongAnalysis

PIECE: Final[Milliseconds] = 50.0
"""Work on rendering before the budget is checked again."""

RESERVE: Final[Milliseconds] = 600.0
"""Part of each minute's budget that is reserved for the song that plays: analysis in the background doesn't
use it."""

_START: Milliseconds = 100.0
"""Expected cost of starting a song before any song was started."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of an excerpt.

    Attributes
    ----------
    busy
        Cost of the call in the thread that renders, without the loading of the emulator.
    done
        Whether the excerpt has the requested length, or the song has ended.
    has_sound
        Whether the song has been audible.
    end
        Seconds until the song fell silent for good; None if it may go on.
    problem
        Why the file can't be rendered; None if it can.
    """

    busy: Milliseconds
    done: bool = False
    has_sound: bool = False
    end: float | None = None
    problem: str | None = None


class Excerpts(Protocol):
    """Renders the beginnings of songs, one at a time, in pieces. Each call may raise `PlayerError`."""

    async def begin(self, tune: object, song: int, seconds: float) -> Progress:
        """Start a song of a .sid file, given as its bytes. Abandons the previous song."""

    async def advance(self, milliseconds: Milliseconds) -> Progress:
        """Render for about this time."""

    async def take(self) -> tuple[Samples, int, bytes, int]:
        """Return the samples, the sample rate in Hz, the trace, and the clock; as of `Excerpt`."""


class Analyzer:
    """Analyzes one song at a time, in idle slots. The song that plays has priority.

    Parameters
    ----------
    slots
        Grants the time.
    excerpts
        Renders the sound.
    """

    def __init__(self, slots: Slots, excerpts: Excerpts) -> None:
        self._slots = slots
        self._excerpts = excerpts
        self._costs = {"start": _START, "piece": PIECE}
        self._turn = asyncio.Lock()
        self._task: asyncio.Task[SongAnalysis] | None = None

    async def analyze(
        self, tune: object, *, song: int, duration: float, urgent: bool = False
    ) -> SongAnalysis | None:
        """Return what is found out about a song; None if an urgent song has taken its place.

        Parameters
        ----------
        tune
            The .sid file, as `Excerpts` takes it.
        song
            From 1; 0 is the start song.
        duration
            Length of the whole song in seconds, as far as it is known.
        urgent
            If true, the song plays now: it comes first, and may use the reserve.

        Raises
        ------
        PlayerError
            The song can't be rendered now, and the file isn't the reason.
        """
        if urgent and self._task is not None:
            self._task.cancel()
        async with self._turn:
            task = self._task = asyncio.ensure_future(self._analyze(tune, song, duration, urgent))
            try:
                await asyncio.wait([task])
            finally:
                self._task = None
                task.cancel()
        return None if task.cancelled() else task.result()

    async def _analyze(self, tune: object, song: int, duration: float, urgent: bool) -> SongAnalysis:
        reserve = 0.0 if urgent else RESERVE
        await self._slots.turn(self._costs["start"] + reserve)
        progress = self._charge("start", await self._excerpts.begin(tune, song, EXCERPT_SECONDS))
        while not progress.done and progress.problem is None:
            await self._slots.turn(self._costs["piece"] + reserve)
            progress = self._charge("piece", await self._excerpts.advance(PIECE))
        if progress.problem is not None:
            return _unplayable(progress.problem)
        return _answer(await self._slots.run(study(await _taken(self._excerpts, progress), duration)))

    def _charge(self, kind: str, progress: Progress) -> Progress:
        self._slots.charge(progress.busy)
        self._costs[kind] = progress.busy
        return progress


async def analyze_at_once(excerpts: Excerpts, tune: object, song: int, duration: float) -> SongAnalysis:
    """Return what `Analyzer.analyze` finds out about a song, without regard to the processor's share."""
    progress = await excerpts.begin(tune, song, EXCERPT_SECONDS)
    if not progress.done and progress.problem is None:
        progress = await excerpts.advance(math.inf)
    if progress.problem is not None:
        return _unplayable(progress.problem)
    return _answer(finish(study(await _taken(excerpts, progress), duration)))


async def _taken(excerpts: Excerpts, progress: Progress) -> Excerpt:
    return Excerpt(*await excerpts.take(), progress.has_sound, progress.end)


def _answer(found: Findings) -> SongAnalysis:
    return {
        "length": found.length,
        "features": found.features,
        "problem": found.problem,
        "embedding": base64.b64encode(found.embedding).decode() if found.embedding else None,
    }


def _unplayable(problem: str) -> SongAnalysis:
    return _answer(Findings(None, problem, None))
