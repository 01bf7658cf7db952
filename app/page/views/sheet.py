"""The sheet of a narrow window: the hero and the queue over the list, opened by a press on the title."""

from pyscript import document

from app.page.views.dom import aria, by_id, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.views.covers import Covers
    from app.page.views.elements import Event

NAME = "sheet"
OVER_IT = "dialog[open], :popover-open"
"""What Escape closes before the sheet."""


class Sheet:
    """Opens and closes the sheet. In a wide window, its style is as if there were none."""

    def __init__(self, covers: "Covers") -> None:
        self._covers = covers
        self._is_open = False
        on(by_id("open-sheet"), "click", lambda _event: self._toggle())
        on(by_id("close-sheet"), "click", lambda _event: self._close())
        on(document.querySelector("[role=tablist]"), "click", lambda _event: covers.close(NAME))
        on(document, "keydown", self._on_key)

    def _toggle(self) -> None:
        """Open the sheet, from any tab; close it if it is what the listener sees."""
        if self._is_open:
            self._close()
            return
        by_id("tab-play").click()
        self._covers.open(NAME, lambda: self._show(False))
        self._show(True)
        by_id("close-sheet").focus()

    def _show(self, is_open: bool) -> None:
        self._is_open = is_open
        document.documentElement.dataset.sheet = "open" if is_open else "closed"
        by_id("open-sheet").setAttribute("aria-expanded", aria(is_open))

    def _close(self) -> None:
        self._covers.close(NAME)
        by_id("open-sheet").focus()

    def _on_key(self, event: "Event") -> None:
        if event.key == "Escape" and self._is_open and not document.querySelector(OVER_IT):
            self._close()
