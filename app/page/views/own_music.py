"""The listener's own music: adding files and folders, watching them being indexed, removing them."""

import json

from pyscript import document
from pyscript.ffi import create_proxy

from app.page.views.dom import by_id, notice, on, reason, spawn

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any

    from app.page.core.playback import Playback
    from app.page.core.tune_library import TuneLibrary

EVERYTHING = (("", "everything"), ("site", "the demo tunes"))


class OwnMusic:
    """Adds music that the listener chooses or drops on the page; nothing of it is uploaded.

    Parameters
    ----------
    collection
        ``Collection`` of ``static/js/tunes/collection.js``.
    on_changed
        Called when the list has other tunes now.
    """

    def __init__(
        self,
        library: "TuneLibrary",
        collection: "Any",
        playback: "Playback",
        on_changed: "Callable[[], Coroutine[Any, Any, None]]",
    ) -> None:
        self._library = library
        self._collection = collection
        self._playback = playback
        self._on_changed = on_changed
        self._problem = ""
        self._folders: list[dict[str, Any]] = []
        self._listen()

    def _listen(self) -> None:
        collection = self._collection
        for chooser in ("own-file", "own-folder"):
            on(by_id(chooser), "change", lambda event: spawn(self._add_chosen(event.target)))
        on(by_id("add-folder"), "click", lambda _event: self._choose_folder())
        on(by_id("stop-indexing"), "click", lambda _event: spawn(self._ask("cancel")))
        on(by_id("folders"), "click", self._folder_clicked)
        collection.watchDrops(by_id("drop-hint"), create_proxy(lambda adding: spawn(self._add(adding))))
        collection.on("progress", create_proxy(lambda text: _show_progress(json.loads(text))))
        collection.on("changed", create_proxy(lambda _text: spawn(self._changed())))
        collection.on("problem", create_proxy(lambda text: self._fail(json.loads(text)["problem"])))

    def _choose_folder(self) -> None:
        if self._collection.canPick:
            spawn(self._add(self._collection.pickFolder()))
        else:
            by_id("own-folder").click()

    async def _add_chosen(self, chooser: "Any") -> None:
        await self._add(self._collection.addFiles(chooser.files))
        chooser.value = (
            ""  # Not before: that would empty the list of files. Else the same choice is no change.
        )

    async def _add(self, adding: "Awaitable[str]") -> None:
        """Wait until music is indexed, and say what came of it; a single file is played."""
        notice("")
        by_id("collection-result").textContent = ""
        try:
            result = json.loads(await adding or "null")
        except Exception as exc:
            notice("The music can't be added. " + reason(exc))
            result = None
        by_id("indexing").hidden = True
        if result:
            await self._added(result)

    async def _added(self, result: "dict[str, Any]") -> None:
        by_id("collection-result").textContent = _said(result)
        _show_skipped(result)
        await self._changed()
        if result["found"] != 1:
            return
        for path, why in result["reasons"]:
            notice(path + " can't be played. " + why)
        for path in result["tunes"]:
            await self._open(path)

    async def _open(self, path: str) -> None:
        tune = await self._library.find(path)
        if tune:
            await self._playback.open(tune)

    async def _changed(self) -> None:
        await self._on_changed()
        found = await self._ask("folders")
        if found["folders"] != self._folders:
            self._folders = found["folders"]
            _show_folders(self._folders)

    async def _ask(self, command: str, value: "Any" = None) -> "Any":
        return json.loads(await self._collection.ask(command, json.dumps(value or {})))

    def _fail(self, problem: str) -> None:
        if not self._problem:
            notice(
                "Your own music is not kept: "
                + problem
                + ". It stays in the list as long as this page is open."
            )
        self._problem = problem

    def _folder_clicked(self, event: "Any") -> None:
        button = event.target.closest("button")
        folder = button.closest("li").dataset.folder if button else ""
        if button and button.className == "again":
            spawn(self._add(self._collection.again(folder)))
        elif button:
            spawn(self._ask("removeFolder", {"id": folder}))


def _show_progress(progress: "dict[str, Any]") -> None:
    by_id("indexing").hidden = False
    text = "Looking through your music: " + _tunes(progress["indexed"])
    if progress["skipped"]:
        text += ", " + _files(progress["skipped"]) + " skipped"
    by_id("indexing").querySelector("span").textContent = text + "."


def _said(result: "dict[str, Any]") -> str:
    parts = [_tunes(result["indexed"]) + ", " + _number(result["fresh"]) + " of them new."]
    if result["canceled"]:
        parts = ["Stopped after " + _tunes(result["indexed"]) + "; add the folder again to go on."]
    elif not result["found"] and result["lengths"]:
        parts = []
    elif not result["found"]:
        parts = ["No .sid files were found."]
    if result["lengths"]:
        parts.append("The lengths of " + _tunes(result["lengths"]) + " are known now.")
    return " ".join(parts)


def _show_skipped(result: "dict[str, Any]") -> None:
    details = by_id("skipped")
    details.hidden = not result["skipped"]
    count = result["skipped"]
    details.querySelector("summary").textContent = _files(count) + " skipped"
    items = details.querySelector("ul")
    items.replaceChildren()
    for path, why in result["reasons"]:
        _item(items, path + ": " + why)
    if count > len(result["reasons"]):
        _item(items, "and " + _number(count - len(result["reasons"])) + " more")


def _show_folders(folders: "list[dict[str, Any]]") -> None:
    by_id("own-music").hidden = by_id("from").hidden = not folders
    total = sum(folder["tunes"] for folder in folders)
    by_id("own-music").querySelector("summary").textContent = "Your music: " + _tunes(total)
    items = by_id("folders")
    if items.contains(document.activeElement):
        by_id("own-music").querySelector("summary").focus()
    items.replaceChildren()
    for folder in folders:
        _add_folder(items, folder)
    _show_choice(list(EVERYTHING) + [(folder["id"], folder["name"]) for folder in folders])


def _add_folder(items: "Any", folder: "dict[str, Any]") -> None:
    item = by_id("folder-item").content.cloneNode(True).querySelector("li")
    item.dataset.folder = folder["id"]
    item.querySelector(".name").textContent = folder["name"]
    item.querySelector(".count").textContent = _tunes(folder["tunes"])
    item.querySelector(".again").hidden = not folder["again"]
    for button in item.querySelectorAll("button"):
        button.setAttribute("aria-label", button.textContent + ": " + folder["name"])
    items.append(item)


def _show_choice(choices: "list[tuple[str, str]]") -> None:
    select = by_id("folder")
    chosen = select.value
    select.replaceChildren()
    for value, text in choices:
        option = document.createElement("option")
        option.value, option.textContent = value, text
        select.append(option)
    select.value = chosen if chosen in [value for value, _ in choices] else ""


def _item(items: "Any", text: str) -> None:
    item = document.createElement("li")
    item.textContent = text
    items.append(item)


def _tunes(count: int) -> str:
    return "1 tune" if count == 1 else _number(count) + " tunes"


def _files(count: int) -> str:
    return "1 file" if count == 1 else _number(count) + " files"


def _number(count: int) -> str:
    """Write a count with a thin space between thousands."""
    text = str(count)
    return text if len(text) < 5 else text[:-3] + "\u2009" + text[-3:]
