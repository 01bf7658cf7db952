"""Measuring tunes: the audio features of a song, and where it ends, from its beginning as it sounds.

Everything it costs counts for the same share of the processor as training, also what other threads do for it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from sidflow_feedback.analysis.features import EXCERPT_SECONDS, MIN_SECONDS, Samples, extraction
from sidflow_feedback.errors import TrainingError

if TYPE_CHECKING:
    from sidflow_feedback.idle.slots import Slots
    from sidflow_feedback.types import Milliseconds, Record

PIECE: Final[Milliseconds] = 50.0
"""Rendered at a time, before the budget is looked at again."""

RESERVE: Final[Milliseconds] = 600.0
"""Of each minute's budget, kept for the tune that plays: measuring in the background leaves it alone."""

_START: Milliseconds = 100.0
"""What starting a tune may cost, as long as none was started."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an excerpt is.

    Attributes
    ----------
    busy
        What getting there has cost, in the thread that renders; without loading what it renders with.
    done
        Whether it is as long as was asked for, or the song has ended.
    heard
        Whether it has sounded yet.
    end
        Seconds until the song fell silent for good; None as long as it may go on.
    problem
        What is wrong with the file; then there is nothing to go on with.
    """

    busy: Milliseconds
    done: bool = False
    heard: bool = False
    end: float | None = None
    problem: str | None = None


class Excerpts(Protocol):
    """Renders the beginnings of songs, one at a time, in pieces; each call may raise `PlayerError`."""

    async def begin(self, tune: object, song: int, seconds: float) -> Progress:
        """Begin with a song of a .sid file, given as its bytes; what was under way is given up."""

    async def advance(self, milliseconds: Milliseconds) -> Progress:
        """Render on for about so long."""

    async def take(self) -> tuple[Samples, int]:
        """Return the samples, in [-1, 1], and their rate in Hz."""


class Analyzer:
    """Measures one song at a time, in idle slots; the tune that plays comes first.

    Parameters
    ----------
    slots
        Where the time comes from.
    excerpts
        Where the sound comes from.
    """

    def __init__(self, slots: Slots, excerpts: Excerpts) -> None:
        self._slots = slots
        self._excerpts = excerpts
        self._costs = {"start": _START, "piece": PIECE}
        self._turn = asyncio.Lock()
        self._work: asyncio.Task[Record] | None = None

    async def measure(
        self, tune: object, *, song: int, duration: float, urgent: bool = False
    ) -> Record | None:
        """Return the ``features`` of a song, its ``length``, and the ``problem`` if there are no features.

        The length is None where the song does not end within the excerpt. None is returned when another song,
        which is `urgent`, has taken the turn of this one.

        Parameters
        ----------
        tune
            The .sid file as `Excerpts` takes it.
        song
            From 1; 0 is the start song.
        duration
            Of the whole song in seconds, as far as it is known.
        urgent
            It plays now: it comes first, and may use the reserve.

        Raises
        ------
        PlayerError
            The tune can't be rendered now, for a reason that is not the file's.
        """
        if urgent and self._work is not None:
            self._work.cancel()
        async with self._turn:
            work = self._work = asyncio.ensure_future(self._measured(tune, song, duration, urgent))
            try:
                await asyncio.wait([work])
            finally:
                self._work = None
                work.cancel()
        return None if work.cancelled() else work.result()

    async def _measured(self, tune: object, song: int, duration: float, urgent: bool) -> Record:
        reserve = 0.0 if urgent else RESERVE
        await self._slots.turn(self._costs["start"] + reserve)
        progress = self._charged("start", await self._excerpts.begin(tune, song, EXCERPT_SECONDS))
        while not progress.done and progress.problem is None:
            await self._slots.turn(self._costs["piece"] + reserve)
            progress = self._charged("piece", await self._excerpts.advance(PIECE))
        if progress.problem is None and not progress.heard:
            return _found(problem=f"Its first {EXCERPT_SECONDS} s are silent.")
        if progress.problem is not None:
            return _found(problem=progress.problem)
        return await self._described(duration if progress.end is None else progress.end, progress.end)

    def _charged(self, kind: str, progress: Progress) -> Progress:
        self._slots.charge(progress.busy)
        self._costs[kind] = progress.busy
        return progress

    async def _described(self, duration: float, end: float | None) -> Record:
        samples, rate = await self._excerpts.take()
        if end is not None:
            samples = samples[: round(max(end, MIN_SECONDS) * rate)]
        try:
            features = await self._slots.run(extraction(samples, rate, duration))
        except TrainingError as exc:
            return _found(end, problem=str(exc))
        return _found(end, features)


def _found(
    length: float | None = None, features: dict[str, float] | None = None, problem: str | None = None
) -> Record:
    return {"length": length, "features": features, "problem": problem}
