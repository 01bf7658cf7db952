"""Measuring tunes: what plays at once, other music in the background. Knows no browser."""

import asyncio

from app.page.core.track import track_of
from sidflow_feedback.vocabulary import ANALYSIS_VERSION, LengthSource, Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any, Protocol

    from app.page.core.playback import Playback
    from sidflow_feedback.types import Question, SongAnalysis, SongToAnalyze

    Tune = dict[str, Any]

    class Tunes(Protocol):
        """What measuring needs of the library."""

        def data(self, tune: Tune, may_ask: bool) -> Awaitable[Any]:
            """Return the bytes of a tune."""

        def unmeasured(self, limit: int) -> Awaitable[list[Tune]]:
            """Return tunes that are not measured, those first that the listener is likely to meet."""

        def learn(self, tune: Tune, row: dict[str, Any]) -> Coroutine[Any, Any, None]:
            """Keep what was measured of a tune, and bring it up to date."""

        def progress(self) -> Awaitable[dict[str, int]]:
            """Return how many tunes are ``measured``, how many ``failed``, of how many in ``all``."""

    class Engine(Protocol):
        """Who does the work."""

        @property
        def ready(self) -> bool:
            """Whether there is one."""

        def ask(
            self,
            kind: Question[SongToAnalyze, SongAnalysis | None],
            value: SongToAnalyze,
            binary: object = None,
        ) -> Awaitable[SongAnalysis | None]:
            """Return its answer."""


AHEAD = 20
"""Unmeasured tunes that the library is asked for at a time."""

REST = 10.0
"""Seconds between two questions when there was nothing to measure."""

GATHER = 5.0
"""Seconds between two times that the engine is told of newly measured tunes: it scores all tunes again."""


class Measuring:
    """Asks the engine for features and lengths that are not known yet, one tune at a time.

    The engine does the work within the share of the processor that training has, too. In the background it is
    the start song of a tune, in the tab that runs the engine, and not while the page is hidden and silent.

    Parameters
    ----------
    wanted
        Whether the listener wants it in the background.
    hidden
        Whether nobody sees the page.
    on_learned
        Called with tunes whose features are known now.
    show
        Shows how far it is.
    tell
        Shows a message to the listener: ``tell(text, exc)``, with the exception behind it or None.
    now
        A steady clock in seconds.

    Attributes
    ----------
    hosting
        Whether this tab runs the engine.
    """

    def __init__(
        self,
        library: "Tunes",
        playback: "Playback",
        engine: "Engine",
        *,
        wanted: "Callable[[], bool]",
        hidden: "Callable[[], bool]",
        on_learned: "Callable[[list[Tune]], None]",
        show: "Callable[[str], None]",
        tell: "Callable[[str, Exception | None], None]",
        now: "Callable[[], float]",
    ) -> None:
        self._library = library
        self._playback = playback
        self._engine = engine
        self._wanted = wanted
        self._hidden = hidden
        self._on_learned = on_learned
        self._show_text = show
        self._tell = tell
        self._now = now
        self._playing: tuple[str, int] | None = None
        self._tried: set[tuple[str, int]] = set()
        self._failed = 0
        self._busy = False
        self._under_way: tuple[str, int] | None = None
        self._rest_until = 0.0
        self._learned: list[Tune] = []
        self._told = 0.0
        self.hosting = False

    def tick(self) -> None:
        """Follow what plays, and go on in the background; called a few times each second."""
        self._hand_over()
        if not self._engine.ready:
            return
        tune, song = self._playback.tune, self._playback.song
        playing = (tune["sidPath"], song) if tune else None
        if playing != self._playing:
            self._playing = playing
            if tune and not self._private():
                self._hurry(tune, song)
        if not self._busy and self._may_go_on() and self._now() >= self._rest_until:
            self._busy = True
            asyncio.create_task(self._go_on())

    def _hurry(self, tune: "Tune", song: int) -> None:
        if (tune["sidPath"], song) == self._under_way or self._lacks(tune, song):
            asyncio.create_task(self._measure_playing(tune, song))

    def heard(self) -> None:
        """Hear of each change of what plays: where the song has turned out to end is kept."""
        tune, song, track = self._playback.tune, self._playback.song, self._playback.track
        if not tune or not track or self._private():
            return
        if track["length_source"] == LengthSource.MEASURED and not _item(tune, "lengths", song):
            lengths = [_item(tune, "lengths", one) for one in range(1, max(tune["songs"], song) + 1)]
            lengths[song - 1] = track["length"]
            tune["lengths"], tune["lengthSource"] = lengths, LengthSource.MEASURED
            asyncio.create_task(self._library.learn(tune, {"lengths": lengths}))

    def changed(self) -> None:
        """Hear that there are other tunes now, or that the listener has changed their mind."""
        self._rest_until = 0.0
        asyncio.create_task(self._show())

    def _private(self) -> bool:
        """Return whether what plays must leave no trace."""
        return bool(self._playback.track and self._playback.track.get("private"))

    def _may_go_on(self) -> bool:
        heard = self._playback.status == "playing"
        return self.hosting and self._wanted() and (heard or not self._hidden())

    def _lacks(self, tune: "Tune", song: int) -> bool:
        known = _item(tune, "features", song) or _item(tune, "problems", song)
        return not known and (tune["sidPath"], song) not in self._tried

    async def _measure_playing(self, tune: "Tune", song: int) -> None:
        message = "This tune plays, but nothing can be learned from it. "
        try:
            problem = await self._measure(tune, song, True)
        except Exception as exc:
            self._tell(message, exc)
        else:
            if problem:
                self._tell(message + problem, None)

    async def _go_on(self) -> None:
        try:
            for tune in await self._library.unmeasured(AHEAD + self._failed):
                song = tune.get("startSong") or 1
                if self._lacks(tune, song):
                    self._under_way = (tune["sidPath"], song)
                    await self._measure(tune, song, False)
                    return
            self._rest_until = self._now() + REST
        except Exception:
            self._failed += 1  # Its file can't be read, say: another time, perhaps.
        finally:
            self._busy, self._under_way = False, None

    async def _measure(self, tune: "Tune", song: int, urgent: bool) -> str | None:
        """Measure a song; return why it can't be."""
        key = (tune["sidPath"], song)
        self._tried.add(key)
        found = await self._asked(tune, song, urgent)
        if found is None:  # Another one came first.
            if urgent or key != self._playing:
                self._tried.discard(key)
            return None
        await self._library.learn(tune, _row(tune, song, found))
        self._playback.learn(tune)
        if found["features"]:
            self._learned.append(tune)
        await self._show()
        problem: str | None = found["problem"]
        return problem

    async def _asked(self, tune: "Tune", song: int, urgent: bool) -> "SongAnalysis | None":
        duration = track_of(tune, song).get("length") or 0.0
        data = await self._library.data(tune, urgent)
        question: SongToAnalyze = {"song": song, "duration": duration, "urgent": urgent}
        return await self._engine.ask(Request.ANALYZE, question, data)

    def _hand_over(self) -> None:
        if self._learned and self._now() >= self._told + GATHER:
            self._told = self._now()
            learned, self._learned = self._learned, []
            self._on_learned(learned)

    async def _show(self) -> None:
        counts = await self._library.progress()
        text = f"{counts['measured']:,} of {counts['all']:,} tunes measured."
        if counts["failed"]:
            text += f" {counts['failed']:,} can't be."
        if counts["measured"] + counts["failed"] < counts["all"] and not self._wanted():
            text += " The others will be when they play."
        self._show_text(text)


def _item(tune: "Tune", name: str, song: int) -> "Any":
    """Return what is known of a song by this version, None otherwise."""
    items = tune.get(name) if tune.get("version") in (ANALYSIS_VERSION, None) else None
    return items[song - 1] if items and song <= len(items) else None


def _row(tune: "Tune", song: int, found: "Any") -> "dict[str, Any]":
    """Return what is known of a tune by this version, with what was found of a song."""
    songs = range(1, max(tune["songs"], song) + 1)
    row: dict[str, Any] = {"version": ANALYSIS_VERSION}
    names = [("features", "features"), ("problems", "problem")]
    if tune["lengthSource"] in (LengthSource.DEFAULT, LengthSource.MEASURED):
        names.append(("lengths", "length"))
    for items, item in names:
        row[items] = [_item(tune, items, one) for one in songs]
        row[items][song - 1] = found[item]
    return row
