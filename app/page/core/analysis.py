"""Feature analysis: the current song first, other music in the background. Needs no browser."""

from app.page.core.playback_state import State
from app.page.core.tasks import spawn
from sidflow_feedback.vocabulary import LengthSource, Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Protocol

    from app.page.core.payloads import AnalysisCounts
    from app.page.core.playback import Playback
    from app.page.core.tune import Tune
    from sidflow_feedback.types import Question, SongAnalysis, SongToAnalyze

    Key = tuple[str, int]
    """A song: the tune's path, and the song's number."""

    class Library(Protocol):
        """What the analysis needs of the library."""

        def data(self, tune: Tune, may_ask: bool) -> Awaitable[object]:
            """Return the bytes of a tune."""

        def unanalyzed(self, limit: int) -> Awaitable[list[Tune]]:
            """Return tunes that are not analyzed, in the order in which the listener may meet them."""

        async def save_song(self, tune: Tune, song: int, found: SongAnalysis) -> bool:
            """Save what was found out about a song; return False if the tune was deleted."""

        async def save_lengths(self, tune: Tune) -> None:
            """Save the measured lengths of a tune's songs."""

        def analysis_counts(self) -> Awaitable[AnalysisCounts]:
            """Return how many tunes are analyzed."""

    class Engine(Protocol):
        """Where the analysis runs."""

        @property
        def ready(self) -> bool:
            """Whether the engine runs."""

        def ask(
            self,
            kind: Question[SongToAnalyze, SongAnalysis | None],
            value: SongToAnalyze,
            binary: object = None,
        ) -> Awaitable[SongAnalysis | None]:
            """Return the engine's answer."""


AHEAD = 20
"""Number of tunes that are requested from the library at a time."""

REST_SECONDS = 10.0
"""Pause between two requests when there was nothing to analyze."""

BATCH_SECONDS = 5.0
"""Pause between two batches of new features for the engine, which then predicts all tunes again."""


class FeatureAnalysis:
    """Asks the engine for unknown features and lengths, one tune at a time.

    Analysis and training share the same part of the processor. In the background, only the start song of a
    tune is analyzed, only in the tab that runs the engine, and not while the page is hidden and silent.

    Parameters
    ----------
    enabled
        Returns whether the listener wants analysis in the background.
    hidden
        Returns whether the page is hidden.
    on_analyzed
        Called with tunes that have features now.
    show
        Shows the progress: ``show(text, missing)``, with the number of tunes that are not analyzed.
    notify
        Shows a message to the listener: ``notify(text, exc)``, with the exception that caused it or None.
    now
        A monotonic clock in seconds.

    Attributes
    ----------
    hosting
        Whether this tab runs the engine.
    is_full
        Whether workers of this tab analyze all tunes, so that nothing is left for the background.
    """

    def __init__(
        self,
        library: "Library",
        playback: "Playback",
        engine: "Engine",
        *,
        enabled: "Callable[[], bool]",
        hidden: "Callable[[], bool]",
        on_analyzed: "Callable[[list[Tune]], None]",
        show: "Callable[[str, int], None]",
        notify: "Callable[[str, Exception | None], None]",
        now: "Callable[[], float]",
    ) -> None:
        self._library = library
        self._playback = playback
        self._engine = engine
        self._enabled = enabled
        self._hidden = hidden
        self._on_analyzed = on_analyzed
        self._show = show
        self._notify = notify
        self._now = now
        self._current: Key | None = None
        self._tried: set[Key] = set()
        self._failures = 0
        self._background: Key | None = None
        self._busy = False
        self._rest_until = 0.0
        self._analyzed: list[Tune] = []
        self._last_batch = 0.0
        self.hosting = self.is_full = False

    def tick(self) -> None:
        """Follow the playback, and continue in the background; called a few times each second."""
        self._emit_batch()
        if not self._engine.ready:
            return
        tune, song = self._playback.tune, self._playback.song
        current = (tune.sid_path, song) if tune else None
        if current != self._current:
            self._current = current
            if tune and not self._is_private():
                self._analyze_soon(tune, song)
        if not self._busy and self._may_continue() and self._now() >= self._rest_until:
            self._busy = True
            spawn(self._continue())

    def on_playback(self) -> None:
        """Save where the current song was found to end, if its length is not known."""
        tune, song, track = self._playback.tune, self._playback.song, self._playback.track
        if not tune or not track or self._is_private():
            return
        if track.length_source == LengthSource.MEASURED and not tune.length_of(song):
            tune.set_measured_length(song, track.length)
            spawn(self._library.save_lengths(tune))

    def restart(self) -> None:
        """Look for tunes at once: there are other tunes, or the listener has changed the setting."""
        self._rest_until = 0.0
        spawn(self._show_counts())

    def retry(self) -> None:
        """Analyze what failed so far, too: the listener's ROMs of the C64 have changed."""
        self._tried.clear()
        self._failures = 0
        self.restart()

    def _analyze_soon(self, tune: "Tune", song: int) -> None:
        if (tune.sid_path, song) == self._background or self._is_missing(tune, song):
            spawn(self._analyze_current(tune, song))

    def _is_private(self) -> bool:
        """Return whether the current song must leave no trace."""
        return self._playback.track is not None and self._playback.track.private

    def _may_continue(self) -> bool:
        audible = self._playback.state == State.PLAYING
        return self.hosting and not self.is_full and self._enabled() and (audible or not self._hidden())

    def _is_missing(self, tune: "Tune", song: int) -> bool:
        known = tune.features_of(song) or tune.problem_of(song)
        return not known and (tune.sid_path, song) not in self._tried

    async def _analyze_current(self, tune: "Tune", song: int) -> None:
        message = "This tune plays, but the model can't learn from it. "
        try:
            problem = await self._analyze(tune, song, True)
        except Exception as exc:
            self._notify(message, exc)
        else:
            if problem:
                self._notify(message + problem, None)

    async def _continue(self) -> None:
        """Analyze one tune in the background."""
        try:
            for tune in await self._library.unanalyzed(AHEAD + self._failures):
                song = tune.start_song
                if self._is_missing(tune, song):
                    self._background = (tune.sid_path, song)
                    await self._analyze(tune, song, False)
                    return
            self._rest_until = self._now() + REST_SECONDS
        except Exception:
            self._failures += 1  # For example, its file can't be read. It may succeed on the next visit.
        finally:
            self._busy, self._background = False, None

    async def _analyze(self, tune: "Tune", song: int, urgent: bool) -> str | None:
        """Analyze a song and save the result; return the reason if it can't be analyzed."""
        key = (tune.sid_path, song)
        self._tried.add(key)
        found = await self._request(tune, song, urgent)
        if found is None:  # An urgent request took precedence.
            if urgent or key != self._current:
                self._tried.discard(key)
            return None
        if not await self._library.save_song(tune, song, found):
            return None
        self._playback.refresh_track(tune)
        if found["features"]:
            self._analyzed.append(tune)
        await self._show_counts()
        return found["problem"]

    async def _request(self, tune: "Tune", song: int, urgent: bool) -> "SongAnalysis | None":
        data = await self._library.data(tune, urgent)
        question: SongToAnalyze = {"song": song, "duration": tune.play_length(song), "urgent": urgent}
        return await self._engine.ask(Request.ANALYZE, question, data)

    def _emit_batch(self) -> None:
        if self._analyzed and self._now() >= self._last_batch + BATCH_SECONDS:
            self._last_batch = self._now()
            analyzed, self._analyzed = self._analyzed, []
            self._on_analyzed(analyzed)

    async def _show_counts(self) -> None:
        counts = await self._library.analysis_counts()
        text = f"{counts['analyzed']:,} of {counts['all']:,} tunes analyzed."
        if counts["failed"]:
            text += f" {counts['failed']:,} can't be analyzed."
        missing = counts["all"] - counts["analyzed"] - counts["failed"]
        if missing and not self._enabled():
            text += " The others are analyzed when you play them."
        self._show(text, missing)
