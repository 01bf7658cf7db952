"""The page's copy of the engine's predictions and of the queue."""

from pyscript.js_modules import local

from app.page.core.tasks import error_message, spawn
from sidflow_feedback.page import wire_format
from sidflow_feedback.page.signal import Signal
from sidflow_feedback.vocabulary import Publication, Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.settings import Settings, Values
    from app.page.core.tune import Tune
    from app.page.core.tune_library import TuneLibrary
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import Explanations, Items, QueueQuestion

    Entry = tuple[Tune, bool]
    """A tune of the queue, and whether it is a surprise."""


QUEUE_OFFSET = "sidflow.queue-offset"
"""localStorage's count of the tunes that were taken from the queue: all tabs get the same surprises."""

QUEUE_PERIOD = 100
"""Number of taken tunes after which the surprises repeat."""

QUEUE_LENGTH = 20
"""Requested length of the queue; more are requested if another tab's own files are among them."""

BATCH = 200
"""Tunes that are handed to the engine at a time, so that the page stays responsive."""

MAX_RECENT = 50
"""Tunes played in this tab that are sent to the engine, whose store may not have them yet."""


class Recommendations:
    """Keeps predictions and queue up to date with engine, model, library, and listener.

    Attributes
    ----------
    changed
        Emitted after each change of predictions or queue.
    model
        Version of the model that made the predictions; empty while there are none.
    scores
        The predictions of all rows, in the engine's wire format.
    levels
        How sure these are, in the engine's wire format.
    revision
        Grows with each change of the predictions, or of the tunes that they belong to.
    problem
        Why the queue is not up to date; empty if it is.
    exploration
        Number of surprises among 100 tunes.
    asked
        Tunes that the listener is to judge, and that come before the queue.
    asking
        That of them which was last taken; None after another tune.
    surprise
        The tune that was last taken from the queue, if it was a surprise.
    in_order
        Name of the folder or composer whose tunes play in the list's order; empty if predictions decide.
    incognito
        Whether taking tunes from the queue leaves no trace in this browser.
    """

    def __init__(self, library: "TuneLibrary", engine: "EngineClient", settings: "Settings") -> None:
        self._library = library
        self._engine = engine
        self._engine_id = self._wanted_model = ""
        self._tunes_by_row: dict[int, Tune] = {}
        self._unsent: list[Tune] = []
        self._scores = self._levels = b""
        self._scored: tuple[str, str] | None = None
        self._explanations: dict[int, Explanations | None] = {}
        self._queue: list[Entry] = []
        self.asked: list[Tune] = []
        self.asking: Tune | None = None
        self._recent: list[Tune] = []
        self._stale = self._updating = False
        self._engine_is_new = True
        self._taken_incognito = 0
        self.changed: Signal[[]] = Signal()
        self.scores = self.levels = ""
        self.revision = 0
        self.incognito = False
        self.in_order = ""
        self.exploration = -1
        self.model = self.problem = ""
        self.surprise: Tune | None = None
        engine.on(Publication.COMMITTED, lambda _uuids: self._refresh())
        settings.follow(self._on_settings)
        library.list_changed.connect(self.changed.emit)

    def use_engine(self, engine: str) -> None:
        """Send the library to this engine, which has no tunes yet."""
        self._engine_id = engine
        self._tunes_by_row = {}
        self._engine_is_new = True
        self._unsent = list(self._library.tunes)
        self._refresh()

    def use_model(self, version: str) -> None:
        """Request the predictions of the model that the engine uses now."""
        self._wanted_model = version
        self._refresh()

    def add(self, tunes: "list[Tune]") -> None:
        """Add tunes that are new, or have features now."""
        self._unsent += tunes
        self._refresh()

    def prediction(self, tune: "Tune", song: int) -> "dict[str, float] | None":
        """Return the predicted ``e, m, c, p`` of a song, None while there is none."""
        row = self._row(tune, song)
        return None if row is None else wire_format.score(self._scores, row)

    def sureness(self, tune: "Tune", song: int) -> "dict[str, int]":
        """Return how sure each prediction of a song is: see `views.sureness`."""
        row = self._row(tune, song)
        return wire_format.sureness(self._levels, -1 if row is None else row)

    async def why(self, tune: "Tune", song: int) -> "Explanations | None":
        """Return the engine's explanation of a song's prediction, None while there is none."""
        row = self._row(tune, song)
        if row is None or not self.model:
            return None
        if row not in self._explanations:
            scored = self._scored
            try:
                why = await self._engine.ask(Request.WHY, row)
            except Exception:  # Another engine has taken over; the next call asks that one.
                return None
            if scored != self._scored:
                return None  # Of the previous model: the listeners of `changed` ask again.
            self._explanations[row] = why
        return self._explanations[row]

    def upcoming(self, count: int) -> "list[Entry]":
        """Return the next tunes: those of the queue, or of the list if nothing is predicted."""
        asked = [(tune, False) for tune in self.asked]
        queue = [] if self.in_order else asked + self._suitable(self._queue)
        if queue:
            return queue[:count]
        following = [tune for tune in self._library.after(self._current) if self._library.is_playable(tune)]
        return [(tune, False) for tune in following[:count]]

    @property
    def predicted(self) -> bool:
        """Whether predictions decide which tune is next, rather than the order of the list."""
        return not self.in_order and bool(self._suitable(self._queue))

    def play_in_order(self, name: str) -> None:
        """Follow the list's order: the listener plays what has this name. Empty: follow predictions."""
        self.in_order = name
        self.changed.emit()

    def take(self) -> "Tune | None":
        """Return the tune to play next, and count it as taken."""
        self.asked = [tune for tune in self.asked if self._library.is_playable(tune)]
        upcoming = self.upcoming(1)
        if not upcoming:
            return None
        [(tune, surprise)] = upcoming
        if self.predicted and not self.asked:
            self._count_taken()
        self.on_playing(tune)
        self.surprise = tune if surprise else None
        return tune

    def on_playing(self, tune: "Tune | None") -> None:
        """Take the tune that plays out of the queue at once."""
        if tune is None or tune is self._current:
            return
        earlier = [other for other in self._recent if other is not tune]
        self._recent = ([tune] + earlier)[:MAX_RECENT]  # noqa: RUF005  MicroPython can't unpack into a list.
        self._queue = [entry for entry in self._queue if entry[0] is not tune]
        self.asking = tune if tune in self.asked else None
        self.asked = [other for other in self.asked if other is not tune]
        self.surprise = None
        self.changed.emit()
        self._refresh()

    async def introduce(self) -> int:
        """Put tunes that say most about the listener before the queue; return how many there are."""
        rows = await self._engine.ask(Request.INTRODUCE)
        self.asked = [self._tunes_by_row[row] for row in rows if row in self._tunes_by_row]
        self.changed.emit()
        return len(self.asked)

    def stop_asking(self) -> None:
        """Go on with the queue."""
        self.asked, self.asking = [], None
        self.changed.emit()

    def forget(self, path: str, playing: "Tune | None") -> None:
        """No longer count a tune as recently played, unless it is playing."""
        self._recent = [tune for tune in self._recent if tune.sid_path != path or tune is playing]
        self._refresh()

    @property
    def _current(self) -> "Tune | None":
        return self._recent[0] if self._recent else None

    def _suitable(self, queue: "list[Entry]") -> "list[Entry]":
        """Return the part of a queue that can be played and suits the current tune.

        Own music is followed by own music only.
        """
        queue = [entry for entry in queue if self._library.is_playable(entry[0])]
        if self._current and self._current.own:
            return [entry for entry in queue if entry[0].own]
        return queue

    def _count_taken(self) -> None:
        if self.incognito:
            self._taken_incognito += 1
        else:
            local.setItem(QUEUE_OFFSET, str((_queue_offset() + 1) % QUEUE_PERIOD))

    def _row(self, tune: "Tune", song: int) -> int | None:
        known = self._is_known(tune) and song <= tune.songs
        return tune.row + song - 1 if known and tune.row is not None else None

    def _is_known(self, tune: "Tune") -> bool:
        """Return whether the current engine knows the tune, and it was not removed."""
        return tune.row is not None and self._tunes_by_row.get(tune.row) is tune

    def _on_settings(self, values: "Values") -> None:
        if values["exploration"] != self.exploration:
            self.exploration = values["exploration"]
            self._refresh()

    def _refresh(self) -> None:
        self._stale = bool(self._engine_id)
        if self._stale and not self._updating:
            spawn(self._update())

    async def _update(self) -> None:
        """Bring everything up to date; repeat if something has changed meanwhile."""
        self._updating = True
        while self._stale:
            self._stale = False
            try:
                await self._send_tunes()
                if self._wanted_model:
                    await self._request_scores()
                    queue = await self._request_queue()
                    if not self._stale:  # Otherwise it may begin with the tune that plays by now.
                        self._queue = queue
                self.problem = ""
            except Exception as exc:
                self.problem = error_message(exc)
            self.changed.emit()
        self._updating = False

    async def _send_tunes(self) -> None:
        while self._unsent:
            tunes, self._unsent = self._unsent[:BATCH], self._unsent[BATCH:]
            await self._send_batch(tunes)

    async def _send_batch(self, tunes: "list[Tune]") -> None:
        songs = [tune.all_features() for tune in tunes]
        question: Items = {
            "itemIds": [tune.sid_path for tune in tunes],
            "songs": [len(features) for features in songs],
            "startSongs": [tune.start_song for tune in tunes],
            "features": wire_format.pack([song for features in songs for song in features]),
        }
        rows = await self._engine.ask(Request.LIBRARY, question)
        for tune, row in zip(tunes, rows):  # noqa: B905  MicroPython has no `strict`.
            self._tunes_by_row[row] = tune
        reset, self._engine_is_new = self._engine_is_new, False
        await self._library.assign_rows(tunes, rows, reset)
        self._scored = None

    async def _request_scores(self) -> None:
        wanted = (self._engine_id, self._wanted_model)
        if self._scored == wanted:
            return
        answer = await self._engine.ask(Request.SCORES)
        self.scores, self.levels = answer["scores"], answer["sureness"]
        self.revision += 1
        self._scores, self._levels = wire_format.unpack(self.scores), wire_format.unpack(self.levels)
        self.model = answer["model"]
        self._scored, self._explanations = wanted, {}

    async def _request_queue(self) -> "list[Entry]":
        length = QUEUE_LENGTH
        while True:
            rows = await self._engine.ask(Request.QUEUE, self._question(length))
            queue = [
                (self._tunes_by_row[row], surprise) for row, surprise in rows if row in self._tunes_by_row
            ]
            queue = self._suitable([entry for entry in queue if self._is_known(entry[0])])
            if len(queue) >= QUEUE_LENGTH // 2 or len(rows) < length:
                return queue
            length *= 4

    def _question(self, limit: int) -> "QueueQuestion":
        return {
            "limit": limit,
            "exploration": self.exploration,
            "offset": (_queue_offset() + self._taken_incognito) % QUEUE_PERIOD,
            "recent": [tune.row for tune in self._recent if tune.row is not None and self._is_known(tune)],
        }


def _queue_offset() -> int:
    text = local.getItem(QUEUE_OFFSET) or ""
    return int(text) % QUEUE_PERIOD if text.isdigit() else 0
