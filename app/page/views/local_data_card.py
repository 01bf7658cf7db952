"""The card of what is kept in this browser: counts, what is not shared yet, export, import, delete."""

import json

from pyscript import document, window

from app.page.core.tune_library import title_of
from app.page.views.dom import by_id, describe, on, one_decimal, reason, spawn
from app.page.views.event_text import describe_event
from sidflow_feedback.vocabulary import Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from app.page.core.tune_library import TuneLibrary
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import Counts, EngineState, SyncStatus

STATUSES: "tuple[tuple[SyncStatus, str], ...]" = (
    ("pending", "kept here"),
    ("processing", "being sent"),
    ("synced", "sent"),
    ("failed", "refused"),
)
PROMISES = {True: "promised by the browser", False: "not promised", None: "the browser does not say"}

LISTED = 50
"""Most events that the list shows."""


class LocalDataCard:
    """Shows the listener their data, and lets them take or delete it.

    Parameters
    ----------
    files, storage
        The JavaScript modules ``files.js`` and ``storage.js``.
    outbox
        Says how many events were ``refused`` by the database.
    """

    def __init__(
        self, engine: "EngineClient", library: "TuneLibrary", outbox: "Any", files: "Any", storage: "Any"
    ) -> None:
        self._outbox = outbox
        self._storage = storage
        self._engine = engine
        self._library = library
        self._files = files
        on(by_id("waiting"), "toggle", lambda _event: spawn(self._list()))
        on(by_id("export"), "click", lambda _event: spawn(self._do(self._export())))
        on(by_id("import"), "change", lambda event: spawn(self._do(self._import(event.target))))
        on(by_id("wipe"), "click", lambda _event: spawn(self._do(self._wipe())))

    def show(self, state: "EngineState") -> None:
        """Show the engine's state."""
        _show_counts(state["counts"])
        spawn(self._list())
        spawn(self._show_storage())

    async def _show_storage(self) -> None:
        figures = json.loads(await self._storage.estimate())
        describe(
            by_id("storage-figures"),
            [
                ("Space used", _bytes(figures["used"]) + " of " + _bytes(figures["quota"])),
                ("Kept when the disk is full", PROMISES[figures["persisted"]]),
                ("Set aside, as they could not be stored", str(self._outbox.refused)),
            ],
        )

    async def _list(self) -> None:
        if not by_id("waiting").open:
            return
        records = await self._engine.ask(Request.UNSYNCED, LISTED)
        items = by_id("waiting").querySelector("ul")
        items.replaceChildren()
        for record in records:
            await self._library.find(record["sidPath"])  # Its title is known now.
            item = document.createElement("li")
            item.dataset.uuid = record["uuid"]
            item.textContent = describe_event(record, title_of(self._library, record["sidPath"]))
            items.append(item)

    async def _do(self, work: "Any") -> None:
        try:
            by_id("kept-result").textContent = await work
        except Exception as exc:
            by_id("kept-result").textContent = reason(exc)

    async def _export(self) -> str:
        self._files.save("sidflow-feedback.json", await self._engine.ask(Request.EXPORT))
        return "Exported to sidflow-feedback.json."

    async def _import(self, chooser: "Any") -> str:
        text = await chooser.files[0].text()
        chooser.value = ""
        return await self._engine.ask(Request.IMPORT, str(text))

    async def _wipe(self) -> str:
        question = (
            "Delete all ratings, plays, what was learned from them, and the list of your own music? "
            "Export them first to keep a copy. The music files themselves stay where they are."
        )
        if not window.confirm(question):
            return "Nothing was deleted."
        await self._library.wipe()
        return await self._engine.ask(Request.WIPE)


def _show_counts(counts: "Counts") -> None:
    body = by_id("counts").querySelector("tbody")
    body.replaceChildren()
    for status, text in STATUSES:
        row = document.createElement("tr")
        row.dataset.status = status
        values = [text, str(counts["ratings"][status]), str(counts["implicit"][status])]
        for tag, value in zip(("th", "td", "td"), values):  # noqa: B905  MicroPython has no `strict`.
            cell = document.createElement(tag)
            cell.textContent = value
            row.append(cell)
        body.append(row)


def _bytes(number: "float | None") -> str:
    if number is None:
        return "unknown"
    for unit in ("bytes", "KB", "MB"):
        if number < 1000:
            return one_decimal(number) + " " + unit
        number = number / 1000
    return one_decimal(number) + " GB"
