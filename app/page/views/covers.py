"""What covers the page has an entry in the browser's history: Back closes it, and does nothing else."""

from pyscript import document, window
from pyscript.ffi import create_proxy, is_none

from app.page.views.dom import by_id, on
from sidflow_feedback.page.signal import Signal

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable

    from app.page.views.elements import Element, Event

DIALOGS = ("map-dialog", "keys", "playlist-dialog")
MENUS = ("row-menu", "list-menu", "share-menu")
PANEL = "filter-panel"


class Covers:
    """The covers that are open, the newest last: the sheet, dialogs, menus, the filters, and full screen.

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
        self._leaving = False
        """Whether the browser is on its way back from the entries of covers that are closed."""
        self._waiting: list[Callable[[], object]] = []
        self.moved: Signal[[str]] = Signal()
        # Not `addEventListener`: see `Page`.
        window.onpopstate = create_proxy(lambda _event: self._on_move())
        window.history.replaceState(0, "")
        for name in DIALOGS:
            self._watch_dialog(by_id(name))
        for name in MENUS:
            self._watch_menu(by_id(name))
        on(by_id(PANEL), "toggle", lambda _event: self._on_panel(by_id(PANEL)))

    def open(self, name: str, close: "Callable[[], object]") -> None:
        """Take note that this covers the page now; `close` uncovers it."""
        self._open.append((name, close))
        self._adapt_history()

    def close(self, name: str) -> None:
        """Uncover the page of this, and of what is over it."""
        names = [other for other, _ in self._open]
        if name in names:
            self._uncover(names.index(name))
            self._adapt_history()

    def closed(self, name: str) -> None:
        """Take note that this closes by itself; what is over it must close, too."""
        names = [other for other, _ in self._open]
        if name in names:
            self._uncover(names.index(name) + 1)
            self._open.pop()
            self._adapt_history()

    def visit(self, address: str) -> None:
        """Add an address to the history, in the place of what covers the page."""
        self.do_next(lambda: self._visit(address))

    def do_next(self, action: "Callable[[], object]") -> None:
        """Do what changes the address, once the entries of closed covers are left."""
        if self._leaving:
            self._waiting.append(action)
        else:
            action()

    def _visit(self, address: str) -> None:
        if self._depth:
            window.history.replaceState(0, "", address)
        else:
            window.history.pushState(0, "", address)
        self._depth = 0
        self._uncover(0)

    def _watch_dialog(self, dialog: "Element") -> None:
        def on_toggle(event: "Event") -> None:
            if event.newState == "open":
                self.open(dialog.id, dialog.close)

        on(dialog, "toggle", on_toggle)
        on(dialog, "close", lambda _event: self.closed(dialog.id))

    def _watch_menu(self, menu: "Element") -> None:
        def on_toggle(event: "Event") -> None:
            if event.newState == "open":
                self.open(menu.id, menu.hidePopover)
            else:
                self.closed(menu.id)

        on(menu, "beforetoggle", on_toggle)  # Not `toggle`, which comes after what the menu does.

    def _on_panel(self, panel: "Element") -> None:
        if not panel.open:
            self.closed(PANEL)
        elif PANEL not in [name for name, _ in self._open]:
            self.open(PANEL, lambda: _fold(panel))

    def _uncover(self, count: int) -> None:
        """Close all but so many covers."""
        while len(self._open) > count:
            _, close = self._open.pop()
            close()

    def _adapt_history(self) -> None:
        """Let the history have an entry for each cover, and none for what is closed."""
        if self._leaving:
            return
        while self._depth < len(self._open):
            self._depth += 1
            window.history.pushState(self._depth, "")
        if self._depth > len(self._open):
            self._leaving = True
            window.history.go(len(self._open) - self._depth)

    def _on_move(self) -> None:
        before, state = self._depth, window.history.state
        is_link = is_none(state)
        if is_link:
            window.history.replaceState(0, "")
        self._depth = 0 if is_link else int(state)
        if is_link or not self._leaving:  # Else what was opened meanwhile stays open.
            self._uncover(self._depth)
        self._leaving = False
        self._adapt_history()
        if self._leaving:
            return
        waiting, self._waiting = self._waiting, []
        for action in waiting:
            action()
        if not self._depth and not waiting:
            self.moved.emit("link" if is_link else "cover" if before else "step")


def _fold(panel: "Element") -> None:
    had_focus = panel.contains(document.activeElement)
    panel.open = False
    if had_focus:
        panel.querySelector("summary").focus()
