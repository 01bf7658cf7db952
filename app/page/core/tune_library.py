"""The tunes that can be played: the served catalog, and the listener's own music."""

import json

from pyscript import document, window

from sidflow_feedback.page.signal import Signal
from sidflow_feedback.vocabulary import ANALYSIS_VERSION, LengthSource

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    Tune = dict[str, Any]

PAGE = document.querySelector("script[type=mpy]").src
CATALOG = window.URL.new("../static/vendor/tunes/catalog.json", PAGE).href
"""Relative to the page's script, as all addresses of one release are."""

AHEAD = 20
"""Tunes of the list that are known in advance, so that Next need not wait for the worker."""

BATCH = 200
"""Tunes that are read at a time, lest the page stand still."""


class TuneLibrary:
    """Tunes as dicts; a worker has all of them (`static/js/tunes/`), the page those that it deals with.

    ``sidPath, title, author, released, songs, startSong``, and with one item for each song ``lengths``
    (seconds) and ``features``, None where not known; ``lengthSource``; ``own`` where it is the
    listener's; ``row`` once the engine has it. A tune is the same dict as long as the page lives.

    Parameters
    ----------
    collection
        ``Collection`` of ``static/js/tunes/collection.js``.

    Attributes
    ----------
    known
        The tunes that the page has met, by path.
    tunes
        Those that the engine can say something about: the catalog, and own tunes that were measured.
    list_changed
        Emitted when other tunes follow the current one in the list.
    analyzed
        Emitted with own tunes that were analyzed earlier, once they are read.
    """

    def __init__(self, collection: "Any") -> None:
        self._collection = collection
        self.known: dict[str, Tune] = {}
        self._measured_paths: set[str] = set()
        self._following: list[Tune] = []
        self._followed = ""
        self.tunes: list[Tune] = []
        self.list_changed: Signal[[]] = Signal()
        self.analyzed: Signal[[list[Tune]]] = Signal()

    async def load(self) -> None:
        """Fetch the catalog."""
        answer = await window.fetch(CATALOG)
        if not answer.ok:
            raise RuntimeError(
                "The tune library can't be loaded (the server answered "
                + str(answer.status)
                + "). Run the set-up again."
            )
        text = await answer.text()
        for tune in json.loads(text)["tunes"]:
            tune["lengthSource"] = LengthSource.CATALOG
            self.known[tune["sidPath"]] = tune
            self.tunes.append(tune)
        await self._collection.ask("site", text)

    async def load_measured(self) -> None:
        """Take all own tunes that were measured, some at a time."""
        after = 0
        while True:
            batch = await self._ask("measured", {"after": after, "limit": BATCH})
            if not batch:
                return
            tunes = [self._intern(tune) for tune in batch]
            self._add_measured(tunes)
            self.analyzed.emit(tunes)
            after += len(batch)

    async def view(self, text: str, order: str, folder: str) -> "dict[str, int]":
        """Choose what the list shows; return the ``count`` of its tunes, and of ``all``."""
        return dict(await self._ask("view", {"text": text, "order": order, "folder": folder}))

    def after(self, tune: "Tune | None") -> "list[Tune]":
        """Return tunes that follow this one in the list; the first ones for none, or one not in it."""
        for number in range(len(self._following)):
            if self._following[number] is tune:
                return self._following[number + 1 :]
        return self._following

    async def follow(self, tune: "Tune | None") -> None:
        """Find out what follows this tune in the list."""
        followed = self._followed = tune["sidPath"] if tune else ""
        found = await self._ask("following", {"sidPath": followed, "count": AHEAD})
        if followed != self._followed:
            return
        before, self._following = self._following, [self._intern(tune) for tune in found]
        if [tune["sidPath"] for tune in before] != [tune["sidPath"] for tune in self._following]:
            self.list_changed.emit()

    async def find(self, path: str) -> "Tune | None":
        """Return the tune at this path."""
        known = self.known.get(path)
        if known and "own" not in known:
            return known
        found = await self._ask("find", {"sidPath": path})
        return self._intern(found) if found else None

    async def data(self, tune: "Tune", may_ask: bool = True) -> "Any":
        """Return the bytes of a tune as an ArrayBuffer; the browser may ask the listener for the folder."""
        if "own" in tune:
            return await self._collection.read(tune["sidPath"], may_ask)
        answer = await window.fetch(window.URL.new(tune["url"], CATALOG))
        if not answer.ok:
            raise RuntimeError("The server has no such tune (it answered " + str(answer.status) + ").")
        return await answer.arrayBuffer()

    async def unmeasured(self, limit: int) -> "list[Tune]":
        """Return own tunes not measured by this version: first those in sight, then as the list goes on."""
        found = await self._ask("unmeasured", {"limit": limit, "version": ANALYSIS_VERSION})
        return [self._intern(tune) for tune in found]

    async def learn(self, tune: "Tune", row: "dict[str, Any]") -> None:
        """Keep what was measured of a tune: ``version``, and of each song ``features, problems, lengths``.

        A song of which nothing is known is None in each; lengths may be left out.
        """
        row["sidPath"] = tune["sidPath"]
        found = await self._ask("learn", row)
        if found:
            self._intern(found)
            if any(tune["features"]):
                self._add_measured([tune])

    async def progress(self) -> "dict[str, int]":
        """Return how many tunes are ``measured``, how many ``failed``, how many there are in ``all``."""
        return dict(await self._ask("progress", {"version": ANALYSIS_VERSION}))

    async def place(self, tunes: "list[Tune]", rows: "list[int]", anew: bool) -> None:
        """Tell the list what the engine calls these tunes; `anew` if it is another engine."""
        paths = [tune["sidPath"] for tune in tunes]
        await self._ask("place", {"sidPaths": paths, "rows": rows, "anew": anew})

    async def score(self, scores: str) -> None:
        """Give the list the predictions of all rows of the engine, as the engine wrote them."""
        await self._ask("score", {"scores": scores})

    async def wipe(self) -> None:
        """Delete all own music from the list and from the browser; the files themselves stay."""
        await self._ask("wipe")
        self.tunes = [tune for tune in self.tunes if "own" not in tune]
        self._measured_paths = set()
        for tune in list(self.known.values()):
            if "own" in tune:
                tune.pop("row", None)
                del self.known[tune["sidPath"]]

    async def _ask(self, command: str, value: "Any" = None) -> "Any":
        return json.loads(await self._collection.ask(command, json.dumps(value or {})))

    def _intern(self, found: "Tune") -> "Tune":
        """Return the one dict of this tune, with what is known by now."""
        tune = self.known.get(found["sidPath"])
        if tune is None:
            tune = self.known[found["sidPath"]] = found
        elif "own" in tune:
            tune.update(found)
        return tune

    def _add_measured(self, tunes: "list[Tune]") -> None:
        for tune in tunes:
            if tune["sidPath"] not in self._measured_paths:
                self._measured_paths.add(tune["sidPath"])
                self.tunes.append(tune)


def title_of(library: TuneLibrary, path: str) -> str:
    """Return the title of the tune at this path, the path where the page has not met it."""
    return str(library.known[path]["title"]) if path in library.known else path
