"""The banner that says when what the listener does is not safe, and the mark that says when it is."""

from app.page.views.dom import by_id, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from sidflow_feedback.types import EngineState

OFF = "Feedback is off: "
NOT_PERSISTENT = (
    "The browser may delete what is kept here when disk space is short: export it from time to time."
)


class StorageBanner:
    """Tells the worst that is known of the storage.

    Parameters
    ----------
    outbox
        The page's ``Outbox``: its ``size`` says what is not in the database yet, ``unsaved`` what is not even
        safe from a crash.
    storage
        The JavaScript module ``storage.js``.
    """

    def __init__(self, outbox: "Any", storage: "Any") -> None:
        self._outbox = outbox
        self._storage = storage
        self._off: str | None = None
        self._problem: str | None = None
        self._pruned = 0
        self._persisted: bool | None = None
        self._closed = ""
        on(by_id("storage-banner-close"), "click", lambda _event: self._close())

    def off(self, problem: str) -> None:
        """Say that there is no database."""
        self._off = problem
        self._show()

    def show(self, state: "EngineState") -> None:
        """Show the engine's state."""
        self._problem, self._pruned = state["problem"], state["pruned"]
        self._show()

    def tick(self) -> None:
        """Follow the outbox; called a few times each second."""
        size = self._outbox.size
        by_id("saved-state").textContent = "All saved" if size == 0 else str(size) + " not saved yet"
        if self._outbox.unsaved:
            self._show()

    async def persist(self) -> None:
        """Ask the browser to keep the data, once there is something worth keeping."""
        if self._persisted is not None:
            return
        self._persisted = bool(await self._storage.persist())
        by_id("storage-status").textContent = (
            "The browser has promised to keep this." if self._persisted else NOT_PERSISTENT
        )
        self._show()

    def _show(self) -> None:
        text = self._text()
        by_id("storage-banner").querySelector("span").textContent = text
        by_id("storage-banner").dataset.level = "hint" if text == NOT_PERSISTENT else "alarm"
        by_id("storage-banner").hidden = not text or text == self._closed

    def _text(self) -> str:
        if self._off:
            return OFF + self._off
        if self._problem:
            return self._problem
        if self._outbox.unsaved:
            return "The browser's storage is full or forbidden: what is not saved is lost with this page."
        if self._pruned:
            return "The disk is full: the " + str(self._pruned) + " oldest plays were deleted. Ratings stay."
        return NOT_PERSISTENT if self._persisted is False else ""

    def _close(self) -> None:
        self._closed = self._text()
        self._show()
