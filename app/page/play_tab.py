"""The Play tab: the library, with what the model thinks of each tune."""

from pyscript import document

from app.page.dom import by_id, minutes, notice, on, one_decimal, reason, spawn
from app.page.reasons import show_reasons

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from app.page.library import Library
    from app.page.playback import Playback
    from app.page.recommendations import Recommendations
    from app.page.settings import Settings

MOST_REASONS = 8


class PlayTab:
    """A row for each tune; a click plays it, and a click on its preference says why.

    Parameters
    ----------
    on_own_file
        Called with a tune that the listener has opened, to compute its features.
    """

    def __init__(
        self,
        library: "Library",
        playback: "Playback",
        recommendations: "Recommendations",
        settings: "Settings",
        on_own_file: "Callable[[dict[str, Any]], Coroutine[Any, Any, None]]",
    ) -> None:
        self._library = library
        self._playback = playback
        self._recommendations = recommendations
        self._settings = settings
        self._on_own_file = on_own_file
        self._rows: dict[str, Any] = {}
        self._current: Any = None
        self._model = ""
        on(by_id("tunes"), "click", self._clicked)
        on(by_id("search"), "input", lambda _event: self._filter())
        on(by_id("order"), "change", lambda event: settings.change("order", event.target.value))
        on(by_id("own-file"), "change", lambda event: spawn(self._open_own(event.target)))
        playback.subscribe(self._mark_current)
        recommendations.subscribe(self._show_predictions)
        settings.subscribe(self._settings_changed)

    def show(self) -> None:
        """Show the library as it is now."""
        rows = {}
        for tune in self._library.tunes:
            row = self._rows.get(tune["sidPath"]) or _new_row(tune)
            rows[tune["sidPath"]] = row
            _fill(row, tune)
        for path, row in self._rows.items():
            if path not in rows:
                row.remove()
        self._rows = rows
        self._sort()
        by_id("no-tunes").hidden = bool(rows)

    def _show_predictions(self) -> None:
        """Show what the model says now; only a new one changes the order, lest it jump under the hand."""
        for tune in self._library.tunes:
            row = self._rows.get(tune["sidPath"])
            if row:
                _fill_prediction(row, tune, self._recommendations.prediction(tune, 1))
        if self._model != self._recommendations.model:
            self._model = self._recommendations.model
            self._sort()

    def _settings_changed(self, values: "dict[str, Any]") -> None:
        by_id("order").value = values["order"]
        self._sort()

    def _sort(self) -> None:
        """Put the rows in the order that the listener has chosen."""
        tunes = [tune for tune in self._library.tunes if tune["sidPath"] in self._rows]
        numbers = list(range(len(tunes)))
        if self._settings.values["order"] == "for-you":
            numbers.sort(key=lambda i: (self._preference(tunes[i]), i))
        paths = [tunes[i]["sidPath"] for i in numbers]
        body = by_id("tunes").querySelector("tbody")
        if paths == [row.dataset.path for row in body.children]:
            return
        self._close_reasons()
        focused = document.activeElement
        for path in paths:
            body.append(self._rows[path])
        if body.contains(focused):
            focused.focus()

    def _preference(self, tune: "dict[str, Any]") -> float:
        prediction = self._recommendations.prediction(tune, 1)
        return -prediction["p"] if prediction else 0.0

    def _clicked(self, event: "Any") -> None:
        row = event.target.closest("tr")
        path = row.dataset.path if row else None
        for tune in self._library.tunes:
            if tune["sidPath"] == path:
                if event.target.closest("button.why"):
                    spawn(self._toggle_reasons(row, tune))
                    return
                notice("")
                spawn(self._playback.open(tune))

    async def _toggle_reasons(self, row: "Any", tune: "dict[str, Any]") -> None:
        button = row.querySelector("button.why")
        opening = button.getAttribute("aria-expanded") == "false"
        self._close_reasons()
        if not opening:
            return
        why = await self._recommendations.why(tune, 1)
        reasons = by_id("why-row").content.cloneNode(True).querySelector("tr")
        show_reasons(reasons.querySelector("td"), why, MOST_REASONS)
        row.after(reasons)
        button.setAttribute("aria-expanded", "true")

    def _close_reasons(self) -> None:
        for row in document.querySelectorAll("#tunes .why-row"):
            row.remove()
        for button in document.querySelectorAll("#tunes .why[aria-expanded=true]"):
            button.setAttribute("aria-expanded", "false")

    def _filter(self) -> None:
        self._close_reasons()
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

    def _mark_current(self) -> None:
        tune = self._playback.tune
        row = self._rows.get(tune["sidPath"]) if tune else None
        if self._current:
            self._current.removeAttribute("aria-current")
        if row:
            row.setAttribute("aria-current", "true")
        self._current = row


def _new_row(tune: "dict[str, Any]") -> "Any":
    row = by_id("tune-row").content.cloneNode(True).querySelector("tr")
    row.dataset.path = tune["sidPath"]
    return row


def _fill(row: "Any", tune: "dict[str, Any]") -> None:
    row.querySelector(".name").textContent = tune["title"]
    row.querySelector(".author").textContent = tune["author"]
    row.querySelector(".length").textContent = minutes(tune["lengths"][0] if tune["lengths"] else None)


def _fill_prediction(row: "Any", tune: "dict[str, Any]", prediction: "dict[str, float] | None") -> None:
    if prediction is None:
        return
    for name in ("e", "m", "c"):
        cell = row.querySelector("td." + name)
        cell.textContent = one_decimal(prediction[name])
        _show_level(cell, prediction[name])
    _show_level(row.querySelector("td.p"), prediction["p"])
    button = row.querySelector("button.why")
    button.textContent = one_decimal(prediction["p"])
    button.setAttribute("aria-label", "Why " + button.textContent + " for " + tune["title"] + "?")
    button.hidden = False


def _show_level(cell: "Any", value: float) -> None:
    cell.style.setProperty("--level", str((value - 1) / 4))
