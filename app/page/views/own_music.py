"""The listener's own music: adding files and folders, the progress of indexing, and removing folders."""

import json

from pyscript import document
from pyscript.ffi import create_proxy

from app.page.core.tasks import error_message, spawn
from app.page.views.dom import by_id, count, create, from_template, notice, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any, NotRequired, TypedDict

    from app.page.core.playback import Playback
    from app.page.core.tune_library import TuneLibrary
    from app.page.views.elements import Element, Event

    class Progress(TypedDict):
        """How far indexing is; `reading`: the browser reads the folder before it hands it over."""

        indexed: int
        skipped: int
        total: NotRequired[int]
        received: NotRequired[int]
        reading: NotRequired[bool]

    class Playlist(TypedDict):
        """An imported playlist: how many tunes it names, and the lines that name none of the list's."""

        name: str
        total: int
        missing: list[str]

    class Result(Progress):
        """The outcome of indexing."""

        found: int
        fresh: int
        songlengths: int
        stil: int
        analyses: int
        similarity: int
        documents: list[str]
        reasons: list[tuple[str, str]]
        tunes: list[str]
        canceled: bool
        playlists: NotRequired[list[Playlist]]

    class Folder(TypedDict):
        """A folder that was added; `again` if the page can read it again; `site`: the site's collection."""

        id: str
        name: str
        again: bool
        site: bool
        tunes: int


MAX_NAMED = 10
"""Missing tunes of a playlist that are named."""

BUILT_IN_CHOICES = (("", "all tunes"), ("site", "the demo tunes"))


class OwnMusic:
    """Adds music that the listener chooses or drops on the page; none of it is uploaded.

    Parameters
    ----------
    collection
        ``Collection`` of ``static/js/tunes/collection.js``.
    on_changed
        Called when the tunes in the list have changed.
    """

    def __init__(
        self,
        library: "TuneLibrary",
        collection: "Any",
        playback: "Playback",
        on_changed: "Callable[[], Coroutine[object, object, None]]",
    ) -> None:
        self._library = library
        self._collection = collection
        self._playback = playback
        self._on_changed = on_changed
        self._problem = ""
        self._folders: list[Folder] = []
        for chooser in ("own-file", "own-folder"):
            on(by_id(chooser), "change", lambda event: spawn(self._add_chosen(event.target)))
        on(by_id("list-menu"), "change", lambda _event: by_id("list-menu").hidePopover())
        on(by_id("add-folder"), "click", lambda _event: self._choose_folder())
        on(by_id("stop-indexing"), "click", lambda _event: spawn(self._ask("cancel")))
        on(by_id("folders"), "click", self._on_folder_click)
        collection.watchChooser(by_id("own-folder"))
        collection.watchDrops(by_id("drop-hint"), create_proxy(lambda adding: spawn(self._add(adding))))
        collection.on("progress", create_proxy(lambda text: _show_progress(json.loads(text))))
        collection.on("roms", create_proxy(lambda text: notice(json.loads(text)["text"])))
        collection.on("changed", create_proxy(lambda _text: spawn(self._update())))
        collection.on("problem", create_proxy(lambda text: self._show_problem(json.loads(text)["problem"])))

    def _choose_folder(self) -> None:
        if self._collection.canPick:
            spawn(self._add(self._collection.pickFolder()))
        else:
            by_id("own-folder").click()

    async def _add_chosen(self, chooser: "Element") -> None:
        await self._add(self._collection.addFiles(chooser.files))
        # Must come last: it empties the list of files. Without it, the same choice would be no change.
        chooser.value = ""

    async def _add(self, adding: "Awaitable[str]") -> None:
        """Wait until music is indexed, and show the outcome; a single file is played."""
        notice("")
        by_id("collection-result").textContent = ""
        try:
            result = json.loads(await adding or "null")
        except Exception as exc:
            notice("The music can't be added. " + error_message(exc))
            result = None
        by_id("indexing").hidden = True
        if result:
            await self._show_result(result)

    async def _show_result(self, result: "Result") -> None:
        by_id("collection-result").textContent = _summary(result)
        _show_skipped(result)
        for path in result["tunes"] if result["found"] == 1 else []:
            tune = await self._library.find(path)
            if tune:
                await self._playback.open(tune)

    async def _update(self) -> None:
        await self._on_changed()
        folders: list[Folder] = (await self._ask("folders"))["folders"]
        if folders != self._folders:
            self._folders = folders
            _show_folders(folders)

    async def _ask(self, command: str, value: "dict[str, str] | None" = None) -> "Any":
        return json.loads(await self._collection.ask(command, json.dumps(value or {})))

    def _show_problem(self, problem: str) -> None:
        if not self._problem:
            notice(
                "Your music can't be stored: " + problem + ". It stays in the list until you leave this page."
            )
        self._problem = problem

    def _on_folder_click(self, event: "Event") -> None:
        button = event.target.closest("button")
        if not button:
            return
        folder = button.closest("li").dataset.folder
        if button.className == "again":
            spawn(self._add(self._collection.again(folder)))
        else:
            spawn(self._ask("removeFolder", {"id": folder}))


def _show_progress(progress: "Progress | None") -> None:
    by_id("indexing").hidden = progress is None
    if progress:
        by_id("indexing").querySelector("span").textContent = _progress_text(progress)
        _show_share(by_id("indexing").querySelector("progress"), progress)


def _show_share(bar: "Element", progress: "Progress") -> None:
    """Show how much is done; without a share, the browser would paint the bar 60 times a second."""
    total = progress.get("total")
    if total:
        bar.max = total
        bar.value = progress["indexed"] + progress["skipped"]
    else:
        bar.removeAttribute("value")


def _progress_text(progress: "Progress") -> str:
    if progress.get("reading"):
        return "The browser is reading the folder. A large one takes a while."
    indexed, total = progress["indexed"], progress.get("total")
    if indexed:
        text = "Indexing your music: " + count(indexed, "tune")
    elif "received" in progress:
        text = "Receiving your music: " + count(progress["received"], "file")
    else:
        return "Reading your music ..."
    if total:
        text += f" of {total:,} files" if indexed else f" of {total:,}"
    if progress["skipped"]:
        text += ", " + count(progress["skipped"], "file") + " skipped"
    return text + "."


def _summary(result: "Result") -> str:
    parts = _tunes_text(result)
    if result["songlengths"]:
        parts.append("The lengths of " + count(result["songlengths"], "tune") + " are known now.")
    if result["stil"]:
        parts.append("STIL.txt tells about " + count(result["stil"], "tune") + ".")
    if "analyses" in result["documents"]:
        parts.append("The analysis file knows " + count(result["analyses"], "tune") + " of yours.")
    if "similarity" in result["documents"]:
        parts.append("The similarity bundle knows " + count(result["similarity"], "tune") + " of yours.")
    elif "manifest" in result["documents"]:
        parts.append("The manifest is kept for its similarity bundle.")
    return " ".join(parts + [_playlist_text(playlist) for playlist in result.get("playlists") or []])


def _tunes_text(result: "Result") -> "list[str]":
    if result["canceled"]:
        return ["Stopped after " + count(result["indexed"], "tune") + ". To continue, add the folder again."]
    if result["indexed"]:
        return [count(result["indexed"], "tune") + f", {result['fresh']:,} of them new."]
    used, skipped = result["documents"] or result.get("playlists"), result["skipped"]
    if skipped > 1 and (result["found"] or not used):
        return [f"None of the {skipped:,} files can be " + _use(result)]
    return [] if used or skipped else ["No .sid files found."]


def _use(result: "Result") -> str:
    """Return what the skipped files can't be: played, unless none of them is a tune."""
    return "played." if result["found"] else "used."


def _playlist_text(playlist: "Playlist") -> str:
    missing, total = playlist["missing"], playlist["total"]
    if not total:
        return "The playlist “" + playlist["name"] + "” is empty."
    text = "Playlist “" + playlist["name"] + "”: " + count(total - len(missing), "tune") + "."
    if total == len(missing):
        text = "No playlist was made of “" + playlist["name"] + "”."
    if missing:
        named = ", ".join(missing[:MAX_NAMED]) + (" …" if len(missing) > MAX_NAMED else "")
        text += f" {len(missing):,} of {total:,} aren’t in your music: " + named
    return text


def _show_skipped(result: "Result") -> None:
    """Show which files were skipped and why: at once if nothing else came of it."""
    details, skipped = by_id("skipped"), result["skipped"]
    alone = skipped == 1 and not result["indexed"]
    for path, problem in result["reasons"] if alone else []:
        notice(path + " can't be " + _use(result) + " " + problem)
    details.hidden = alone or not skipped
    details.open = not result["indexed"]
    details.querySelector("summary").textContent = count(skipped, "file") + " skipped"
    lines = [path + ": " + problem for path, problem in result["reasons"]]
    if skipped > len(lines):
        lines.append(f"and {skipped - len(lines):,} more")
    details.querySelector("ul").replaceChildren(*[create("li", line) for line in lines])


def _show_folders(folders: "list[Folder]") -> None:
    _show_choices(list(BUILT_IN_CHOICES) + [(folder["id"], folder["name"]) for folder in folders])
    by_id("from").hidden = not folders
    folders = [folder for folder in folders if not folder["site"]]
    by_id("own-music").hidden = not folders
    summary = by_id("own-music").querySelector("summary")
    summary.textContent = "Your music: " + count(sum(folder["tunes"] for folder in folders), "tune")
    items = by_id("folders")
    if items.contains(document.activeElement):
        summary.focus()
    items.replaceChildren(*[_folder_item(folder) for folder in folders])


def _folder_item(folder: "Folder") -> "Element":
    item = from_template("folder-item")
    item.dataset.folder = folder["id"]
    item.querySelector(".name").textContent = folder["name"]
    item.querySelector(".count").textContent = count(folder["tunes"], "tune")
    item.querySelector(".again").hidden = not folder["again"]
    for button in item.querySelectorAll("button"):
        button.setAttribute("aria-label", button.textContent + ": " + folder["name"])
    return item


def _show_choices(choices: "list[tuple[str, str]]") -> None:
    select = by_id("folder")
    chosen = select.dataset.place
    select.replaceChildren()
    for value, text in choices:
        option = create("option", text)
        option.value = value
        select.append(option)
    select.value = chosen if chosen in [value for value, _ in choices] else ""
