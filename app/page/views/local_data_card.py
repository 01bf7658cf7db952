"""The card of the data in this browser: counts, unsent events, export, import, delete."""

import json

from pyscript import window

from app.page.core.tasks import Refresher, error_message, spawn
from app.page.views.dom import by_id, count, create, describe, on, one_decimal
from app.page.views.event_text import describe_event
from sidflow_feedback.vocabulary import Post, Publication, Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Protocol

    from app.page.core.tune_library import TuneLibrary
    from app.page.views.elements import Element
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import (
        Books,
        Counts,
        EngineState,
        EventRow,
        Standing,
        TransferPhase,
        TransferProgress,
    )

    class Files(Protocol):
        """The JavaScript module ``files.js``."""

        def saveFile(self, name: str, content: object) -> None:  # noqa: N802
            """Offer a ``Blob`` as a download."""

    class Storage(Protocol):
        """The JavaScript module ``storage.js``."""

        def estimate(self) -> Awaitable[str]:
            """Return in JSON the bytes ``used``, the ``quota``, and whether data is ``persisted``."""

    class Outbox(Protocol):
        """The page's outbox."""

        refused: int
        """Number of events that the database refused."""
        size: int
        """Number of events that aren't in the database yet."""

        def resend(self) -> None:
            """Hand over what isn't in the database yet."""


STANDINGS: "tuple[tuple[Standing, str], ...]" = (
    ("pending", "stored here"),
    ("processing", "being uploaded"),
    ("synced", "uploaded"),
    ("failed", "refused"),
    ("local", "kept here only"),
)
PHASES: "dict[TransferPhase, str]" = {
    "export": "Exported",
    "read": "Read",
    "check": "Checked",
    "store": "Imported",
}
PERSISTENCE = {True: "yes", False: "not guaranteed", None: "unknown"}

LISTED = 50
"""Maximum number of events in the list."""


class LocalDataCard:
    """Shows the listener's data, and lets the listener export, import, or delete it."""

    def __init__(
        self,
        engine: "EngineClient",
        library: "TuneLibrary",
        outbox: "Outbox",
        files: "Files",
        storage: "Storage",
        on_wipe: "Callable[[], None]",
    ) -> None:
        self._on_wipe = on_wipe
        self._engine = engine
        self._library = library
        self._outbox = outbox
        self._files = files
        self._storage = storage
        self._listing = Refresher(self._list)
        on(by_id("waiting"), "toggle", lambda _event: self._listing.refresh())
        on(by_id("export"), "click", lambda _event: spawn(self._do(self._export())))
        on(by_id("import"), "change", lambda event: spawn(self._do(self._import(event.target))))
        on(by_id("wipe"), "click", lambda _event: spawn(self._do(self._wipe())))
        on(
            by_id("transfer-cancel"),
            "click",
            lambda _event: engine.channel.post(Post.CANCEL_TRANSFER, "null"),
        )
        engine.on(Publication.TRANSFER, _show_transfer)

    def show(self, state: "EngineState") -> None:
        """Show the engine's state."""
        _show_counts(state["counts"])
        self._listing.refresh()
        spawn(self._show_storage())

    async def _show_storage(self) -> None:
        figures = json.loads(await self._storage.estimate())
        describe(
            by_id("storage-figures"),
            [
                ("Space used", _bytes(figures["used"]) + " of " + _bytes(figures["quota"])),
                ("Kept when disk space is short", PERSISTENCE[figures["persisted"]]),
                ("Events that could not be stored", str(self._outbox.refused)),
            ],
        )

    async def _list(self) -> None:
        if not by_id("waiting").open:
            return
        events: list[EventRow] = await self._engine.ask(Request.UNSYNCED, LISTED)
        items = []
        for event in events:
            await self._library.find(event["sidPath"])  # Afterwards, the library knows its title.
            item = create("li", describe_event(event, self._library.title_of(event["sidPath"])))
            item.dataset.uuid = event["uuid"]
            items.append(item)
        by_id("waiting").querySelector("ul").replaceChildren(*items)

    async def _do(self, work: "Awaitable[str]") -> None:
        try:
            by_id("local-data-result").textContent = await work
        except Exception as exc:
            by_id("local-data-result").textContent = error_message(exc)

    async def _export(self) -> str:
        self._outbox.resend()
        # This Python must never read the archive: that could take minutes.
        file = await self._engine.ask(Request.EXPORT)
        self._files.saveFile("sidflow-feedback.json", file)
        text, unsaved = "Exported to sidflow-feedback.json.", self._outbox.size
        return text + " It lacks " + str(unsaved) + " events that are not saved yet." if unsaved else text

    async def _import(self, chooser: "Element") -> str:
        file = chooser.files[0]
        chooser.value = ""
        return await self._engine.ask(Request.IMPORT, None, file)

    async def _wipe(self) -> str:
        question = (
            "Delete all ratings, plays, and what was learned from them, remove your music from the list, "
            "and delete your favorites, your playlists, and the C64 ROMs that you added? "
            "To keep a copy, export your data and save your playlists first. "
            "Your music files are not deleted."
        )
        if not window.confirm(question):
            return "Nothing was deleted."
        self._on_wipe()
        await self._library.wipe()
        return await self._engine.ask(Request.WIPE)


def _show_transfer(progress: "TransferProgress | None") -> None:
    """Show how far an export or import has come, in whichever tab it was started."""
    by_id("transfer").hidden = progress is None
    for name in ("export", "import", "wipe"):
        by_id(name).disabled = progress is not None
    if progress is None:
        return
    bar, done, total = by_id("transfer").querySelector("progress"), progress["done"], progress["total"]
    if total:
        bar.max, bar.value = total, done
    else:
        bar.removeAttribute("value")
    text = PHASES[progress["phase"]] + " " + str(done) + (" of " + str(total) if total else "") + " events."
    by_id("transfer").querySelector("span").textContent = text


def _show_counts(counts: "Counts") -> None:
    body = by_id("counts").querySelector("tbody")
    body.replaceChildren()
    for standing, text in STANDINGS:
        row = create("tr")
        row.dataset.status = standing
        ratings, plays = counts["ratings"][standing], counts["implicit"][standing]
        row.append(create("th", text), create("td", str(ratings)), create("td", str(plays)))
        body.append(row)
    by_id("books").textContent = _describe_books(counts["books"])


def _describe_books(books: "Books") -> str:
    """Return in words what became of all events."""
    text = "{} recorded: {:,} stored, {:,} undone or deleted, {:,} not storable, {:,} removed to save space."
    stored, undone, refused, pruned = books["stored"], books["undone"], books["refused"], books["pruned"]
    missing = books["recorded"] - stored - undone - refused - pruned
    text = text.format(count(books["recorded"], "event"), stored, undone, refused, pruned)
    return text + " These numbers don't add up: " + str(missing) + " are missing." if missing else text


def _bytes(number: "float | None") -> str:
    if number is None:
        return "unknown"
    for unit in ("bytes", "KB", "MB"):
        if number < 1000:
            return one_decimal(number) + " " + unit
        number = number / 1000
    return one_decimal(number) + " GB"
