"""What the engine expects of the library, and what comes next: the page's copy of both."""

from pyscript.js_modules import local

from app.page.views.dom import reason, spawn
from sidflow_feedback.page import wire_format
from sidflow_feedback.page.signal import Signal
from sidflow_feedback.vocabulary import Publication, Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from app.page.core.settings import Settings
    from app.page.core.tune_library import TuneLibrary
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import Items, QueueQuestion

    Tune = dict[str, Any]

PLACE = "sidflow.queue-place"
"""Where localStorage counts the tunes that were taken from the queue: all tabs see the same surprises."""

PLACES = 100
"""After so many the surprises begin anew."""

ASKED = 20
"""Tunes of the queue that are asked for; more, if another tab's own files are among them."""

HANDED = 200
"""Tunes that are handed to the engine at a time, lest the page stand still."""

REMEMBERED = 50
"""Tunes played in this tab that are named to the engine, whose store may not know of them yet."""


class Recommendations:
    """Keeps scores and queue up to date with engine, model, library and listener.

    Attributes
    ----------
    changed
        Emitted after each change of scores or queue.
    model
        Version of the model that the scores are from; empty while there are none.
    scores
        The predictions of all rows of the engine, as the engine wrote them.
    revision
        Grows when there are new scores, or other tunes that they are of.
    problem
        Why the queue is not up to date; empty when it is.
    exploration
        How many of 100 tunes are surprises.
    surprise
        The tune that was taken from the queue last, if it was a surprise.
    incognito
        Whether what is taken from the queue leaves no trace in this browser.
    """

    def __init__(self, library: "TuneLibrary", engine: "EngineClient", settings: "Settings") -> None:
        self._library = library
        self._engine = engine
        self._settings = settings
        self._engine_id = self._wanted_model = ""
        self._at_row: dict[int, Tune] = {}
        self._to_hand: list[Tune] = []
        self._scores = b""
        self._scored: Any = None
        self._reasons: dict[int, Any] = {}
        self._queue: list[tuple[Tune, bool]] = []
        self._heard: list[Tune] = []
        self._stale = self._following = False
        self._anew = True
        self.changed: Signal[[]] = Signal()
        self.scores = ""
        self.revision = 0
        self._taken = 0
        self.incognito = False
        self.exploration = -1
        self.model = self.problem = ""
        self.surprise: Tune | None = None
        engine.on(Publication.COMMITTED, lambda _uuids: self._refresh())
        settings.follow(self._settings_changed)
        library.list_changed.connect(self.changed.emit)

    def use_engine(self, engine: str) -> None:
        """Hand the library to this engine, which knows nothing of it yet."""
        self._engine_id = engine
        self._at_row = {}
        self._anew = True
        self._to_hand = list(self._library.tunes)
        self._refresh()

    def use_model(self, version: str) -> None:
        """Ask for the scores of the model that the engine uses now."""
        self._wanted_model = version
        self._refresh()

    def add(self, tunes: "list[Tune]") -> None:
        """Take new tunes, or such whose features are known now."""
        self._to_hand += tunes
        self._refresh()

    def prediction(self, tune: "Tune", song: int) -> "dict[str, float] | None":
        """Return the predicted ``e, m, c, p`` of a song, None while there is none."""
        row = self._row(tune, song)
        return None if row is None else wire_format.score(self._scores, row)

    async def why(self, tune: "Tune", song: int) -> "Any":
        """Return the engine's reasons for the prediction of a song, None while there is none."""
        row = self._row(tune, song)
        if row is None or not self.model:
            return None
        if row not in self._reasons:
            scored = self._scored
            try:
                why = await self._engine.ask(Request.WHY, row)
            except Exception:  # Another engine has taken over; when it has the library, it is asked again.
                return None
            if scored != self._scored:
                return None  # Of the model before: the new scores ask again.
            self._reasons[row] = why
        return self._reasons[row]

    def upcoming(self, count: int) -> "list[tuple[Tune, bool]]":
        """Return the next tunes, and whether each is a surprise; the list's where nothing is predicted."""
        queue = self._suitable(self._queue)
        if queue:
            return queue[:count]
        return [(tune, False) for tune in self._library.after(self._playing)[:count]]

    @property
    def predicted(self) -> bool:
        """Whether predictions decide what comes next, rather than the order of the list."""
        return bool(self._suitable(self._queue))

    def take(self) -> "Tune | None":
        """Return the tune to play next, and count it as taken."""
        coming = self.upcoming(1)
        if not coming:
            return None
        [(tune, surprise)] = coming
        if self.predicted:
            self._count_taken()
        self.heard(tune)
        self.surprise = tune if surprise else None
        return tune

    def heard(self, tune: "Tune | None") -> None:
        """Note what plays: it is out of the queue at once."""
        if tune is None or (self._heard and self._heard[0] is tune):
            return
        earlier = [other for other in self._heard if other is not tune]
        self._heard = ([tune] + earlier)[:REMEMBERED]  # noqa: RUF005  MicroPython can't unpack into a list.
        self._queue = [entry for entry in self._queue if entry[0] is not tune]
        self.surprise = None
        self.changed.emit()
        self._refresh()

    @property
    def _playing(self) -> "Tune | None":
        return self._heard[0] if self._heard else None

    def _suitable(self, queue: "list[tuple[Tune, bool]]") -> "list[tuple[Tune, bool]]":
        """Return what of a queue goes with what plays: with the listener's own music only their own."""
        if self._playing and "own" in self._playing:
            return [entry for entry in queue if "own" in entry[0]]
        return queue

    def forget(self, path: str, playing: "Tune | None") -> None:
        """No longer count a tune as heard lately, unless it is what plays."""
        self._heard = [tune for tune in self._heard if tune["sidPath"] != path or tune is playing]
        self._refresh()

    def _count_taken(self) -> None:
        if self.incognito:
            self._taken += 1
        else:
            local.setItem(PLACE, str((_place() + 1) % PLACES))

    def _row(self, tune: "Tune", song: int) -> int | None:
        known = self._here(tune) and song <= len(tune["features"])
        return tune["row"] + song - 1 if known else None

    def _here(self, tune: "Tune") -> bool:
        """Whether the present engine knows the tune, and it was not removed."""
        return "row" in tune and self._at_row.get(tune["row"]) is tune

    def _settings_changed(self, values: "dict[str, Any]") -> None:
        if values["exploration"] != self.exploration:
            self.exploration = values["exploration"]
            self._refresh()

    def _refresh(self) -> None:
        self._stale = bool(self._engine_id)
        if self._stale and not self._following:
            spawn(self._follow())

    async def _follow(self) -> None:
        """Bring everything up to date, and once more if something has changed meanwhile."""
        self._following = True
        while self._stale:
            self._stale = False
            try:
                await self._hand_over()
                if self._wanted_model:
                    await self._ask_scores()
                    queue = await self._asked_queue()
                    if not self._stale:  # Else it may begin with what plays by now.
                        self._queue = queue
                self.problem = ""
            except Exception as exc:
                self.problem = reason(exc)
            self.changed.emit()
        self._following = False

    async def _hand_over(self) -> None:
        while self._to_hand:
            tunes, self._to_hand = self._to_hand[:HANDED], self._to_hand[HANDED:]
            await self._hand(tunes)

    async def _hand(self, tunes: "list[Tune]") -> None:
        songs = [tune["features"] or [None] for tune in tunes]
        question: Items = {
            "itemIds": [tune["sidPath"] for tune in tunes],
            "songs": [len(features) for features in songs],
            "features": wire_format.pack([song for features in songs for song in features]),
        }
        found = await self._engine.ask(Request.LIBRARY, question)
        for tune, row in zip(tunes, found):  # noqa: B905  MicroPython has no `strict`.
            tune["row"] = row
            self._at_row[row] = tune
        anew, self._anew = self._anew, False
        await self._library.place(tunes, found, anew)
        self._scored = None

    async def _ask_scores(self) -> None:
        wanted = (self._engine_id, self._wanted_model)
        if self._scored == wanted:
            return
        answer = await self._engine.ask(Request.SCORES)
        self.scores = answer["scores"]
        self.revision += 1
        self._scores, self.model = wire_format.unpack(self.scores), answer["model"]
        self._scored, self._reasons = wanted, {}

    async def _asked_queue(self) -> "list[tuple[Tune, bool]]":
        asked = ASKED
        while True:
            entries = await self._engine.ask(Request.QUEUE, self._question(asked))
            mine = [(self._at_row[row], surprise) for row, surprise in entries if row in self._at_row]
            mine = self._suitable([entry for entry in mine if self._here(entry[0])])
            if len(mine) >= ASKED // 2 or len(entries) < asked:
                return mine
            asked *= 4

    def _question(self, limit: int) -> "QueueQuestion":
        return {
            "limit": limit,
            "exploration": self.exploration,
            "offset": (_place() + self._taken) % PLACES,
            "recent": [tune["row"] for tune in self._heard if self._here(tune)],
        }


def _place() -> int:
    text = local.getItem(PLACE) or ""
    return int(text) % PLACES if text.isdigit() else 0
