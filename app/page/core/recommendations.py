"""The page's copy of the engine's predictions and of the queue."""

from app.page.core.queue_offset import QueueOffset
from app.page.core.tasks import error_message, spawn
from sidflow_feedback.page.signal import Signal
from sidflow_feedback.vocabulary import DIMENSIONS, Publication, Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.settings import Settings, Values
    from app.page.core.tune import Tune
    from app.page.core.tune_library import TuneLibrary
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import Explanations, Feeling, QueueQuestion, Station

    Entry = tuple[Tune, bool]
    """A tune of the queue, and whether it is a surprise."""


QUEUE_LENGTH = 20
"""Requested length of the queue; more are requested if another tab's own files are among them."""

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
    revision
        Grows with each change of the predictions, or of the tunes that they belong to.
    problem
        Why the queue is not up to date; empty if it is.
    exploration
        Number of surprises among 100 tunes.
    arranged
        Tunes that the listener has put into an order of their own; they come before all others.
    asked
        Tunes that the listener is to judge, and that come before the queue.
    asking
        That of them which was last taken; None after another tune.
    surprise
        The tune that was last taken from the queue, if it was a surprise.
    in_order
        Name of what plays in the list's order, such as a folder; empty if nothing does.
    station
        Name of the station that plays; empty if there is none.
    incognito
        Whether taking tunes from the queue leaves no trace in this browser.
    """

    def __init__(self, library: "TuneLibrary", engine: "EngineClient", settings: "Settings") -> None:
        self._library = library
        self._engine = engine
        self._engine_id = self._wanted_model = ""
        self._scored: tuple[str, str] | None = None
        self._explanations: dict[int, Explanations | None] = {}
        self._queue: list[Entry] = []
        self.arranged: list[Tune] = []
        self._removed: list[Tune] = []
        self.asked: list[Tune] = []
        self.asking: Tune | None = None
        self._recent: list[Tune] = []
        self._stale = self._updating = False
        self._engine_is_new = False
        self._offset = QueueOffset()
        self._station: Station | None = None
        self._tuned: Station | None = None
        self.changed: Signal[[]] = Signal()
        self.station = ""
        self.revision = 0
        self.incognito = False
        self.in_order = ""
        self.exploration, self._alike = -1, ""
        self.model = self.problem = ""
        self.surprise: Tune | None = None
        engine.on(Publication.COMMITTED, lambda _uuids: self._refresh())
        settings.follow(self._on_settings)
        library.list_changed.connect(self.changed.emit)

    def use_engine(self, engine: str) -> None:
        """Send the library to this engine, which has no tunes yet."""
        self._engine_id = engine
        self._engine_is_new = True
        self._refresh()

    def use_model(self, version: str) -> None:
        """Request the predictions of the model that the engine uses now."""
        self._wanted_model = version
        self._refresh()

    def refresh(self) -> None:
        """Bring predictions and queue up to date: there are tunes that the engine doesn't know yet."""
        self._refresh()

    def prediction(self, tune: "Tune", song: int) -> "dict[str, float] | None":
        """Return the predicted ``e, m, c, p`` of a song, None while there is none."""
        values = tune.prediction_of(song)
        return dict(zip(DIMENSIONS, values)) if values else None  # noqa: B905

    def sureness(self, tune: "Tune", song: int) -> "dict[str, int]":
        """Return how sure each prediction of a song is: see `views.sureness`."""
        packed = tune.sureness_of(song)
        return {name: packed >> 2 * number & 3 for number, name in enumerate(DIMENSIONS)}

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
                return await self.why(tune, song)  # It was of the previous model.
            self._explanations[row] = why
        return self._explanations[row]

    def upcoming(self, count: int) -> "list[Entry]":
        """Return the next tunes: the listener's own, then the queue, or the list if nothing is predicted."""
        arranged = [(tune, False) for tune in self.arranged if self._library.is_playable(tune)]
        others = self._not_removed(self._proposed()) or self._not_removed(self._following())
        return (arranged + others)[:count]

    def _proposed(self) -> "list[Entry]":
        """Return what comes next if the listener changes nothing."""
        asked = [(tune, False) for tune in self.asked if self._library.is_playable(tune)]
        return [] if self.in_order else asked + self._suitable(self._queue)

    def _following(self) -> "list[Entry]":
        """Return the tunes that follow in the list."""
        tunes = self._library.after(self._current)
        return [(tune, False) for tune in tunes if self._library.is_playable(tune)]

    def _not_removed(self, entries: "list[Entry]") -> "list[Entry]":
        gone = self.arranged + self._removed
        return [entry for entry in entries if entry[0] not in gone]

    def play_next(self, tune: "Tune") -> None:
        """Put a tune before all others."""
        self._arrange([tune] + [other for other in self.arranged if other is not tune])

    def move(self, shown: "list[Tune]", position: int, target: int) -> None:
        """Move one of the next tunes, as the listener sees them; the order of those stays from now on."""
        if 0 <= position < len(shown) and 0 <= target < len(shown):
            tunes = list(shown)
            tunes.insert(target, tunes.pop(position))
            self._arrange([tune for tune in tunes if tune is not self._current])

    def remove(self, tune: "Tune") -> None:
        """Leave a tune out of the queue until the listener picks another one, or chooses it."""
        self._removed.append(tune)
        self.arranged = [other for other in self.arranged if other is not tune]
        self.asked = [other for other in self.asked if other is not tune]
        self.changed.emit()

    def forget_arrangement(self) -> None:
        """Let predictions, station, or list decide again: the listener has picked another tune."""
        if self.arranged or self._removed:
            self.arranged, self._removed = [], []
            self.changed.emit()

    def _arrange(self, tunes: "list[Tune]") -> None:
        self.arranged = tunes
        self._removed = [tune for tune in self._removed if tune not in tunes]
        self.changed.emit()

    @property
    def predicted(self) -> bool:
        """Whether predictions decide which tune is next, rather than the order of the list."""
        return not self.in_order and bool(self._suitable(self._queue))

    def play_in_order(self, name: str) -> None:
        """Follow the order of `TuneLibrary.play_view`: the listener plays what has this name."""
        self._play_station("", None)
        self.in_order = name
        self.changed.emit()

    def play_like(self, tune: "Tune", song: int) -> bool:
        """Play tunes that sound like a song; return whether the engine knows it."""
        row = self._row(tune, song)
        if row is not None:
            self._play_station("tunes like " + tune.title, {"rows": [row]})
        return row is not None

    def play_likes(self) -> None:
        """Play tunes that sound like those that the listener has liked."""
        self._play_station("tunes like those you liked", {"likes": True})

    def play_feeling(self, feeling: "Feeling") -> None:
        """Play tunes that feel like this."""
        self._play_station(feeling + " tunes", {"feeling": feeling})

    async def play_composer(self, tune: "Tune") -> bool:
        """Play tunes that sound like those of a tune's composer; return whether the engine knows any."""
        rows = await self._library.rows_of_composer(tune)
        if rows:
            self._play_station("tunes like those of " + tune.author, {"rows": rows})
        return bool(rows)

    async def play_composer_named(self, key: str, name: str) -> bool:
        """Do the same for the composer with this key."""
        rows = await self._library.rows_by_composer(key)
        if rows:
            self._play_station("tunes like those of " + name, {"rows": rows})
        return bool(rows)

    def play_place(self, energy: float, mood: float) -> None:
        """Play tunes whose predicted energy and mood are nearest to a place on the taste map."""
        name = f"tunes from the map, energy {energy:.1f} and mood {mood:.1f} of 5"
        self._play_station(name, {"place": [energy, mood]})

    @property
    def is_tuned(self) -> bool:
        """Whether the queue is that of the station, or of no station, as the listener wants it now."""
        has_tunes = (
            bool(self._suitable(self._queue)) or self._library.offline
        )  # Without a network, perhaps none.
        return self._tuned is self._station and has_tunes

    @property
    def shortage(self) -> str:
        """Why nothing may follow, as `TuneLibrary.shortage`."""
        return self._library.shortage

    def follow_predictions(self) -> None:
        """End the station, and what plays in order."""
        self._end_order()
        self._play_station("", None)

    def _end_order(self) -> None:
        if self.in_order:
            self.in_order = ""
            spawn(self._library.end_program())
            self.changed.emit()

    def _play_station(self, name: str, station: "Station | None") -> None:
        if name:
            self._end_order()
        if name != self.station:
            self.station, self._station = name, station
            self._queue, self.problem = [], ""  # That of the station before says nothing about this one.
            self._refresh()

    def take(self) -> "Tune | None":
        """Return the tune to play next, and count it as taken; if all were removed, go on with the list."""
        self.asked = [tune for tune in self.asked if self._library.is_playable(tune)]
        upcoming = self.upcoming(1) or self._following()
        if not upcoming:
            return None
        tune, surprise = upcoming[0]
        if self.predicted and not self.asked and not self.station and tune not in self.arranged:
            self._offset.count(self.incognito)
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
        self.arranged = [other for other in self.arranged if other is not tune]
        self.surprise = None
        self.changed.emit()
        self._refresh()

    async def introduce(self) -> int:
        """Put tunes that say most about the listener before the queue; return how many there are."""
        rows = await self._engine.ask(Request.INTRODUCE, await self._library.kept_rows())
        self.asked = [tune for tune in await self._library.at_rows(rows) if tune]
        self.changed.emit()
        return len(self.asked)

    def stop_asking(self) -> None:
        """Go on with the queue."""
        self.asked, self.asking = [], None
        self.changed.emit()

    def forget_all(self) -> None:
        """Forget what was played, also in this browser: the listener deletes everything."""
        self._offset.forget()
        self.forget_arrangement()
        self._recent = self._recent[:1]
        self._refresh()

    def forget(self, path: str, playing: "Tune | None") -> None:
        """No longer count a tune as recently played, unless it is playing."""
        self._recent = [tune for tune in self._recent if tune.sid_path != path or tune is playing]
        self._refresh()

    @property
    def _current(self) -> "Tune | None":
        return self._recent[0] if self._recent else None

    def _suitable(self, queue: "list[Entry]") -> "list[Entry]":
        """Return the part of a queue that can be played and suits the current tune.

        Own music is followed by own music only, unless the listener has chosen a station.
        """
        queue = [entry for entry in queue if self._library.is_playable(entry[0])]
        if self._current and self._current.own and not self._station:
            return [entry for entry in queue if entry[0].own]
        return queue

    def _row(self, tune: "Tune", song: int) -> int | None:
        return tune.row + song - 1 if tune.row is not None and song <= tune.songs else None

    def _on_settings(self, values: "Values") -> None:
        before = self.exploration, self._alike
        self.exploration, self._alike = values["exploration"], values["alike"]
        if before != (self.exploration, self._alike):
            self._refresh()

    def _refresh(self) -> None:
        self._stale = bool(self._engine_id)
        if self._stale and not self._updating:
            self._updating = True  # At once: several changes can come before the update begins.
            spawn(self._update())

    async def _update(self) -> None:
        """Bring everything up to date; repeat if something has changed meanwhile."""
        try:
            while self._stale:
                self._stale = False
                try:
                    await self._update_once()
                    self.problem = ""
                except Exception as exc:
                    self.problem = error_message(exc)
                self.changed.emit()
        finally:
            self._updating = False  # Whatever a listener raises, the next change must start this again.

    async def _update_once(self) -> None:
        if self._engine_is_new:
            self._engine_is_new = False
            await self._library.restart_feed()
        if await self._library.feed(self._engine):
            self._scored = None
        if not self._wanted_model:
            return
        model = await self._request_scores()
        try:
            station = self._station
            queue = await self._request_queue()
            if self._station is station and not (self._stale and self._queue):
                # It may begin with a tune that began to play meanwhile.
                self._queue = [entry for entry in queue if entry[0] is not self._current]
                self._tuned = station
        finally:
            # After the queue: without one, the music would seem not to be analyzed.
            if model:
                self.model, self.revision = model, self.revision + 1

    async def _request_scores(self) -> str:
        """Fetch new predictions; return their model's version, or an empty text if they are up to date."""
        wanted = (self._engine_id, self._wanted_model)
        if self._scored == wanted:
            return ""
        model = await self._library.fetch_scores(self._engine)
        self._scored, self._explanations = wanted, {}
        return model

    async def _request_queue(self) -> "list[Entry]":
        length = QUEUE_LENGTH
        only = await self._library.kept_rows()
        while True:
            rows = await self._engine.ask(Request.QUEUE, self._question(length, only))
            tunes = await self._library.at_rows([row for row, _ in rows])
            found = zip(tunes, rows)  # noqa: B905  MicroPython has no `strict`.
            queue = self._suitable([(tune, surprise) for tune, (_, surprise) in found if tune])
            if len(queue) >= QUEUE_LENGTH // 2 or len(rows) < length:
                return queue
            length *= 4

    def _question(self, limit: int, only: str | None) -> "QueueQuestion":
        return {
            "limit": limit,
            "exploration": self.exploration,
            "offset": self._offset.value,
            "recent": [tune.row for tune in self._recent if tune.row is not None],
            "station": self._station,
            "only": only,
        }
