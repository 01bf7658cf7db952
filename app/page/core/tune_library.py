"""The tunes that can be played: the served catalog, and the listener's own music."""

import json

from pyscript import window
from pyscript.ffi import to_js

from app.page.core.release import RELEASE
from app.page.core.tune import DEFAULT_LENGTH, Tune
from sidflow_feedback.page.signal import Signal
from sidflow_feedback.vocabulary import ANALYSIS_VERSION, LengthSource

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from app.page.core.payloads import AnalysisCounts, TuneRecord, ViewCounts
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import SongAnalysis

CATALOG = RELEASE + "static/vendor/tunes/catalog.json"

AHEAD = 20
"""Tunes of the list that are known in advance, so that Next does not have to wait for the worker."""

SHORTAGE = (
    "You are offline, and this browser has kept no other tune that could follow: connect to the network, or "
    "add music of your own."
)

FETCH_TIMEOUT = 20_000
"""Milliseconds after which a server that doesn't answer counts as not having a tune."""


class TuneLibrary:
    """The page's tunes. A worker has all of them (``static/js/tunes/``), the page those that it has met.

    Parameters
    ----------
    collection
        ``Collection`` of ``static/js/tunes/collection.js``.

    Attributes
    ----------
    known
        The tunes that the page has met, by path.
    list_changed
        Emitted when other tunes follow the current one in the list, or others can be played.
    offline
        Whether only own music, and what this browser has kept of the site, may be played unasked.
    """

    def __init__(self, collection: "Any") -> None:
        self._collection = collection
        self.known: dict[str, Tune] = {}
        self._following: list[Tune] = []
        self._followed = ""
        self._unplayable: list[str] = []
        self._lost_folders: list[str] = []
        self._has_network = True
        self.offline = False
        self.list_changed: Signal[[]] = Signal()

    async def load(self) -> None:
        """Fetch the catalog.

        Raises
        ------
        RuntimeError
            If the server does not have it.
        """
        answer = await window.fetch(CATALOG)
        if not answer.ok:
            raise RuntimeError(
                "The tune library can't be loaded: the server answered "
                + str(answer.status)
                + ". Run the set-up again."
            )
        text = await answer.text()
        for record in json.loads(text)["tunes"]:
            record["lengthSource"] = LengthSource.CATALOG
            self._intern(record)
        await self._collection.ask("site", text)

    async def open_site(self, root: str) -> None:
        """Add the collection of this site, if it has one; `root` is the address of the page."""
        await self._ask("openSite", {"root": root})

    async def view(self, text: str, order: str, place: "dict[str, str]") -> "ViewCounts":
        """Choose what the list shows; a place is as in ``static/js/tunes/tune-index.js``."""
        query = {"text": text, "order": order}
        query.update(place)
        counts: ViewCounts = await self._ask("view", query)
        return counts

    async def play_view(self, tune: Tune | None = None) -> Tune | None:
        """Let the tunes of the list follow each other from now on, whatever it shows later.

        Return the tune to begin with, if there is one: the first of the list, unless another one is given.
        """
        first = await self._ask("playView")
        begin = tune or (self._intern(first) if first else None)
        await self.follow(begin)
        return begin

    async def end_program(self) -> None:
        """End `play_view`: what follows depends on what the list shows."""
        await self._ask("endProgram")
        await self.follow(self.known.get(self._followed))

    def after(self, tune: Tune | None) -> list[Tune]:
        """Return tunes that follow this one in the list; the first ones if it is None or not in the list."""
        for number in range(len(self._following)):
            if self._following[number] is tune:
                return self._following[number + 1 :]
        return self._following

    async def follow(self, tune: Tune | None) -> None:
        """Read which tunes follow this one in the list."""
        followed = self._followed = tune.sid_path if tune else ""
        question: dict[str, object] = {"sidPath": followed, "count": AHEAD}
        question.update(unplayable=self._unplayable, lost=self._lost_folders)
        found = await self._ask("following", question)
        if followed != self._followed:
            return
        before, self._following = self._following, [self._intern(record) for record in found]
        if [tune.sid_path for tune in before] != [tune.sid_path for tune in self._following]:
            self.list_changed.emit()

    @property
    def shortage(self) -> str:
        """Why nothing may follow although there are tunes; empty if there is no reason that holds for all."""
        return SHORTAGE if self.offline else ""

    async def use_network(self, has_network: bool) -> None:
        """Take note whether there is a network: without one, only what is here plays unasked."""
        self._has_network = has_network
        if has_network:
            self.accept_all()
            await self._collection.goOnline()
        else:
            await self._collection.goOffline(CATALOG)
        if has_network == self._has_network:  # It hasn't changed again meanwhile.
            self.offline = not has_network
            await self.follow(self.known.get(self._followed))
            self.list_changed.emit()

    async def kept_rows(self) -> str | None:
        """Return the engine's rows of the tunes that may be played, as `QueueQuestion.only`; None: of all."""
        rows: str | None = await self._ask("keptRows") if self.offline else None
        return rows

    def is_playable(self, tune: Tune) -> bool:
        """Return whether a tune may be played unasked: it is here, didn't fail, and its folder isn't lost."""
        if tune.sid_path in self._unplayable:
            return False
        if self.offline and not tune.own and not self._collection.isKept(tune.url):
            return False
        lost = [folder in self._lost_folders for folder in tune.folders]
        return not lost or not all(lost)

    async def reject(self, tune: Tune) -> None:
        """Note that a tune can't be played, and look whether it is because its folder is lost."""
        if tune.sid_path not in self._unplayable:
            self._unplayable.append(tune.sid_path)
        if tune.own:
            self._lost_folders = await self._ask("lostFolders")
        await self.follow(tune)

    def accept(self, tune: Tune) -> None:
        """Note that a tune plays, which may have failed before."""
        self._unplayable = [path for path in self._unplayable if path != tune.sid_path]
        self._lost_folders = [folder for folder in self._lost_folders if folder not in tune.folders]

    def accept_all(self) -> None:
        """Forget which tunes failed and which folders were lost: they are to be tried again."""
        self._unplayable, self._lost_folders = [], []

    async def find(self, path: str) -> Tune | None:
        """Return the tune at this path, None if there is none."""
        known = self.known.get(path)
        if known and not known.own and known.has_features():
            return known
        found = await self._ask("find", {"sidPath": path})
        return self._intern(found) if found else None

    async def data(self, tune: Tune, may_ask: bool = True) -> object:
        """Return the bytes of a tune as an ArrayBuffer.

        Parameters
        ----------
        tune
            The tune to read.
        may_ask
            Whether the browser may ask the listener for access to the tune's folder.

        Raises
        ------
        RuntimeError
            If the server does not have the tune, or can't be reached.
        """
        if tune.own:
            return await self._collection.read(tune.sid_path, may_ask)
        limit = to_js({"signal": window.AbortSignal.timeout(FETCH_TIMEOUT)})
        try:
            answer = await window.fetch(window.URL.new(tune.url, CATALOG), limit)
        except Exception:  # Each browser says it in its own words, none of which help.
            answer = None
        if answer is None:
            raise RuntimeError("The server can't be reached.")
        if not answer.ok:
            raise RuntimeError("The server does not have this tune: it answered " + str(answer.status) + ".")
        return await answer.arrayBuffer()

    async def unanalyzed(self, limit: int) -> list[Tune]:
        """Return tunes that this version has not analyzed.

        Visible ones come first, then the listener's, then the site's.
        """
        found = await self._ask("unanalyzed", {"limit": limit, "version": ANALYSIS_VERSION})
        return [self._intern(record) for record in found]

    async def save_song(self, tune: Tune, song: int, found: "SongAnalysis") -> bool:
        """Save what was found out about a song, and update the tune.

        Return False, and save nothing, if the listener has deleted the tune meanwhile.
        """
        saved = await self._ask("saveSong", {"sidPath": tune.sid_path, "song": song, "found": found})
        if not saved:
            return False
        self._intern(saved)
        return True

    async def save_lengths(self, tune: Tune) -> None:
        """Save the lengths of a tune's songs that were measured while they played."""
        await self._ask("saveLengths", {"sidPath": tune.sid_path, "lengths": tune.lengths})

    async def analyze_all(self) -> None:
        """Analyze all tunes that are not analyzed, on all cores, in workers that go on by themselves."""
        await self._collection.analyzeAll(DEFAULT_LENGTH)

    async def stop_analysis(self) -> None:
        """Stop `analyze_all`; what was analyzed is saved."""
        await self._ask("stopAnalysis")

    async def analysis_counts(self) -> "AnalysisCounts":
        """Return how many tunes this version has analyzed."""
        counts: AnalysisCounts = await self._ask("analysisCounts", {"version": ANALYSIS_VERSION})
        return counts

    async def feed(self, engine: "EngineClient") -> bool:
        """Send the engine the tunes that it doesn't know yet; return whether there were any."""
        return bool(await self._collection.feed(engine.channel))

    async def restart_feed(self) -> None:
        """Send all tunes next time: the engine is another one."""
        await self._ask("restartFeed")
        await self._update_predictions()

    async def fetch_scores(self, engine: "EngineClient") -> str:
        """Fetch the predictions of all tunes; return the version of the model that made them."""
        model = str(await self._collection.fetchScores(engine.channel))
        await self._update_predictions()
        return model

    async def at_rows(self, rows: list[int]) -> "list[Tune | None]":
        """Return the tunes whose song 1 is in these rows of the engine, None for those of another tab."""
        found = await self._ask("atRows", {"rows": rows})
        return [self._intern(record) if record else None for record in found]

    async def rows_of_composer(self, tune: Tune) -> list[int]:
        """Return the engine's rows of the start songs of some tunes of the same composer."""
        rows: list[int] = await self._ask("rowsOfComposer", {"sidPath": tune.sid_path})
        return rows

    async def rows_by_composer(self, key: str) -> list[int]:
        """Do the same for the composer with this key, as in ``static/js/tunes/hvsc.js``."""
        rows: list[int] = await self._ask("rowsOfComposer", {"composer": key})
        return rows

    async def _update_predictions(self) -> None:
        tunes = list(self.known.values())
        found = await self._ask("predictions", {"sidPaths": [tune.sid_path for tune in tunes]})
        for tune, predictions in zip(tunes, found):  # noqa: B905  MicroPython has no `strict`.
            tune.set_predictions(predictions)

    async def wipe(self) -> None:
        """Remove own music from the list, and delete it and the C64's ROMs from the browser; files stay."""
        await self._ask("wipe")
        await self._collection.removeRoms()
        for tune in list(self.known.values()):
            if tune.own:
                tune.set_predictions({"row": None, "predictions": [], "sureness": []})
                del self.known[tune.sid_path]

    async def playlist(self, tunes: "list[Tune] | None") -> str:
        """Return a playlist of these tunes in M3U format; None: of what the list shows."""
        paths = None if tunes is None else [tune.sid_path for tune in tunes]
        text: str = await self._ask("playlist", {"sidPaths": paths})
        return text

    def title_of(self, path: str) -> str:
        """Return the title of the tune at this path, or the path if the page has not met the tune."""
        return self.known[path].title if path in self.known else path

    async def _ask(self, command: str, value: object = None) -> "Any":
        return json.loads(await self._collection.ask(command, json.dumps(value or {})))

    def _intern(self, record: "TuneRecord") -> Tune:
        """Return the one object of this tune, up to date."""
        tune = self.known.get(record["sidPath"])
        if tune is None:
            tune = self.known[record["sidPath"]] = Tune(record)
        elif tune.own or "version" in record:
            tune.update(record)
        elif "row" in record:
            tune.set_predictions(record)
        return tune
