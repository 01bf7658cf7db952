"""What covers the page has an entry in the browser's history: Back closes it, and does nothing else."""

from pyscript import window
from pyscript.ffi import create_proxy, is_none

from app.page.views.dom import by_id, on
from sidflow_feedback.page.signal import Signal

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable

    from app.page.views.elements import Element, Event

DIALOGS = ("map-dialog", "keys", "playlist-dialog")


class Covers:
    """The covers that are open, the newest last: the sheet, dialogs, and full screen.

    The state of an entry of the history is the number of covers over it. An entry without a state is a link
    that the listener followed: it covers nothing.

    Attributes
    ----------
    moved
        Emitted after each move through the history that changes more than covers: ``link`` for a link,
        ``step`` for Back and Forward, ``cover`` for a step that has also closed a cover.
    """

    def __init__(self) -> None:
        self._open: list[tuple[str, Callable[[], object]]] = []
        self._depth = 0
        self.moved: Signal[[str]] = Signal()
        # Not `addEventListener`: see `Page`.
        window.onpopstate = create_proxy(lambda _event: self._on_move())
        window.history.replaceState(0, "")
        for name in DIALOGS:
            self._watch(by_id(name))

    def open(self, name: str, close: "Callable[[], object]") -> None:
        """Take note that this covers the page now; `close` uncovers it."""
        self._open.append((name, close))
        self._depth = len(self._open)
        window.history.pushState(self._depth, "")

    def close(self, name: str) -> None:
        """Take note that this no longer covers the page."""
        names = [other for other, _ in self._open]
        if name in names:
            self._uncover(names.index(name))
            self._leave()

    def visit(self, address: str) -> None:
        """Add an address to the history, in the place of what covers the page."""
        if self._depth:
            window.history.replaceState(0, "", address)
        else:
            window.history.pushState(0, "", address)
        self._depth = 0
        self._uncover(0)

    def _watch(self, dialog: "Element") -> None:
        def on_toggle(event: "Event") -> None:
            if event.newState == "open":
                self.open(dialog.id, dialog.close)

        on(dialog, "toggle", on_toggle)
        on(dialog, "close", lambda _event: self.close(dialog.id))

    def _uncover(self, count: int) -> None:
        """Close all but so many covers."""
        while len(self._open) > count:
            _, close = self._open.pop()
            close()

    def _leave(self) -> None:
        """Leave the entries of what is closed."""
        if self._depth > len(self._open):
            window.history.go(len(self._open) - self._depth)

    def _on_move(self) -> None:
        before, state = self._depth, window.history.state
        is_link = is_none(state)
        if is_link:
            window.history.replaceState(0, "")
        self._depth = 0 if is_link else int(state)
        self._uncover(self._depth)
        if self._depth:
            self._leave()
        else:
            self.moved.emit("link" if is_link else "cover" if before else "step")
