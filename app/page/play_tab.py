"""The Play tab: the library, with what the model thinks of each tune."""

from app.page.dom import by_id, minutes, notice, on, one_decimal, reason, spawn
from app.page.library import prediction_of
from sidflow_feedback.recorder import DIMENSIONS

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from app.page.library import Library
    from app.page.playback import Playback


class PlayTab:
    """A row for each tune; a click plays it.

    Parameters
    ----------
    on_own_file
        Called with a tune that the listener has opened, to compute its features.
    """

    def __init__(
        self,
        library: "Library",
        playback: "Playback",
        on_own_file: "Callable[[dict[str, Any]], Coroutine[Any, Any, None]]",
    ) -> None:
        self._library = library
        self._playback = playback
        self._on_own_file = on_own_file
        self._rows: dict[str, Any] = {}
        self._current: Any = None
        on(by_id("tunes"), "click", self._clicked)
        on(by_id("search"), "input", lambda _event: self._filter())
        on(by_id("own-file"), "change", lambda event: spawn(self._open_own(event.target)))
        playback.subscribe(self._mark_current)

    def show(self) -> None:
        """Show the library as it is now."""
        body = by_id("tunes").querySelector("tbody")
        template = by_id("tune-row").content
        rows = {}
        for tune in self._library.tunes:
            path = tune["sidPath"]
            row = self._rows.get(path)
            if row is None:
                row = template.cloneNode(True).querySelector("tr")
                row.dataset.path = path
            body.append(row)  # Moves a row that is there already: the order is the library's.
            rows[path] = row
            _fill(row, tune)
        for path, row in self._rows.items():
            if path not in rows:
                row.remove()
        self._rows = rows
        by_id("no-tunes").hidden = bool(rows)

    def show_predictions(self) -> None:
        """Show what the model says now."""
        for tune in self._library.tunes:
            row = self._rows.get(tune["sidPath"])
            if row:
                _fill_prediction(row, tune)

    def _clicked(self, event: "Any") -> None:
        row = event.target.closest("tr")
        path = row.dataset.path if row else None
        for tune in self._library.tunes:
            if tune["sidPath"] == path:
                notice("")
                spawn(self._playback.open(tune))

    def _filter(self) -> None:
        words = by_id("search").value.lower().split()
        for tune in self._library.tunes:
            text = (tune["title"] + " " + tune["author"]).lower()
            self._rows[tune["sidPath"]].hidden = not all(word in text for word in words)

    async def _open_own(self, chooser: "Any") -> None:
        file = chooser.files[0]
        chooser.value = ""
        notice("")
        try:
            tune = await self._library.add_own(file)
        except Exception as exc:
            notice("The file can't be read. " + reason(exc))
            return
        await self._playback.open(tune)
        self.show()
        if tune in self._library.tunes:
            await self._on_own_file(tune)
            self.show_predictions()

    def _mark_current(self) -> None:
        tune = self._playback.tune
        row = self._rows.get(tune["sidPath"]) if tune else None
        if self._current:
            self._current.removeAttribute("aria-current")
        if row:
            row.setAttribute("aria-current", "true")
        self._current = row


def _fill(row: "Any", tune: "dict[str, Any]") -> None:
    row.querySelector(".name").textContent = tune["title"]
    row.querySelector(".author").textContent = tune["author"]
    row.querySelector(".length").textContent = minutes(tune["lengths"][0] if tune["lengths"] else None)
    _fill_prediction(row, tune)


def _fill_prediction(row: "Any", tune: "dict[str, Any]") -> None:
    prediction = prediction_of(tune, 1)
    if prediction is None:
        return
    for name in DIMENSIONS:
        cell = row.querySelector("td." + name)
        cell.textContent = one_decimal(prediction[name])
        cell.style.setProperty("--level", str((prediction[name] - 1) / 4))
