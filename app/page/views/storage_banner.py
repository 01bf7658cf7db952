"""The banner that warns when data is not safe, and the status text beside the tabs."""

from pyscript import window

from app.page.core.tasks import spawn
from app.page.views.dom import by_id, on, show_text
from sidflow_feedback.vocabulary import NO_MODEL

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Protocol

    from sidflow_feedback.types import EngineState

    class Outbox(Protocol):
        """The page's outbox."""

        size: int
        """Number of events that are not in the database yet."""

        unsaved: int
        """Number of events that a crash of the page would lose."""

    class Storage(Protocol):
        """The JavaScript module ``storage.js``."""

        def persist(self) -> Awaitable[bool]:
            """Ask the browser to keep the data; return whether it will."""

    class Memory(Protocol):
        """What the banner needs of localStorage."""

        def getItem(self, key: str) -> str | None:  # noqa: N802  JavaScript's name.
            """Return a stored text."""

        def setItem(self, key: str, value: str) -> object:  # noqa: N802
            """Store a text."""


NOT_PERSISTENT = (
    "The browser may delete your data when disk space is short. Export it from time to time to keep a copy."
)

CLOSED = "sidflow.storage-hint"
"""localStorage's note that the listener has closed the hint above, which then never comes back."""

WORTH_KEEPING = {"ratings": 20, "implicit": 200}
"""Stored events from which on the browser is asked to keep them. Earlier, the question would only disturb."""


class StorageBanner:
    """Shows the most serious problem of the storage."""

    def __init__(self, outbox: "Outbox", storage: "Storage", memory: "Memory") -> None:
        self._outbox = outbox
        self._storage = storage
        self._memory = memory
        self._asked = False
        self._off = ""
        self._problem: str | None = None
        self._pruned = 0
        self._persisted: bool | None = None
        self._closed = ""
        on(by_id("storage-banner-close"), "click", lambda _event: self._close())

    def off(self, problem: str) -> None:
        """Show why there is no engine; an empty text if there is one."""
        self._off = problem
        self._show()

    def show(self, state: "EngineState") -> None:
        """Show the engine's state."""
        self._problem, self._pruned = state["problem"], state["pruned"]
        counts = state["counts"]
        kept = {"ratings": sum(counts["ratings"].values()), "implicit": sum(counts["implicit"].values())}
        if not self._asked and any(kept[kind] >= WORTH_KEEPING[kind] for kind in kept):
            self._asked = True
            spawn(self._persist())
        self._show()

    def tick(self) -> None:
        """Follow the outbox; called a few times each second."""
        size = self._outbox.size
        show_text(by_id("saved-state"), "All saved" if size == 0 else str(size) + " not saved yet")
        if self._outbox.unsaved or self._problem:  # One that is hidden while offline
            self._show()

    async def _persist(self) -> None:
        """Ask the browser to keep the data."""
        self._persisted = bool(await self._storage.persist())
        by_id("storage-status").textContent = (
            "The browser keeps this data even when disk space is short."
            if self._persisted
            else NOT_PERSISTENT
        )
        self._show()

    def _show(self) -> None:
        text = self._text()
        show_text(by_id("storage-banner").querySelector("span"), text)
        by_id("storage-banner").dataset.level = "hint" if text == NOT_PERSISTENT else "alarm"
        by_id("storage-banner").hidden = not text or text == self._closed

    def _text(self) -> str:
        if self._off:
            return self._off
        is_said = not window.navigator.onLine  # By the line that says so.
        if self._problem and not (is_said and self._problem.startswith(NO_MODEL)):
            return self._problem
        if self._outbox.unsaved:
            return "The browser's storage is full or blocked. Unsaved events are lost when this page closes."
        if self._pruned:
            return (
                "The disk is full. The " + str(self._pruned) + " oldest plays were deleted; ratings are kept."
            )
        unsafe = self._persisted is False and self._memory.getItem(CLOSED) is None
        return NOT_PERSISTENT if unsafe else ""

    def _close(self) -> None:
        self._closed = self._text()
        if self._closed == NOT_PERSISTENT:
            self._memory.setItem(CLOSED, "closed")
        self._show()
