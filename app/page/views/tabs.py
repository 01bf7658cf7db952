"""The tab list, for mouse and keyboard (WAI-ARIA tabs pattern)."""

from pyscript import document

from app.page.views.dom import aria, by_id, on
from sidflow_feedback.page.signal import Signal

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable

    from app.page.views.elements import Element, Event

STEPS = {"ArrowRight": 1, "ArrowLeft": -1}


class Tabs:
    """Shows one panel at a time.

    Attributes
    ----------
    changed
        Emitted with the panel's id each time a tab is chosen.
    """

    def __init__(self) -> None:
        self._on_open: dict[str, list[Callable[[], None]]] = {}
        self.changed: Signal[[str]] = Signal()
        self._tabs: list[Element] = list(document.querySelectorAll("[role=tab]"))
        for tab in self._tabs:
            on(tab, "click", lambda event: self._select(event.currentTarget))
            on(tab, "keydown", self._on_key)

    def on_open(self, panel: str, listener: "Callable[[], None]") -> None:
        """Call `listener` each time the panel with this id is shown, and now if it is already."""
        self._on_open.setdefault(panel, []).append(listener)
        if not by_id(panel).hidden:
            listener()

    def open(self, panel: str) -> None:
        """Show the panel with this id."""
        if by_id(panel).hidden:
            self._select(by_id("tab-" + panel))

    def _select(self, chosen: "Element") -> None:
        for tab in self._tabs:
            selected = tab.id == chosen.id
            tab.setAttribute("aria-selected", aria(selected))
            tab.tabIndex = 0 if selected else -1
            by_id(tab.getAttribute("aria-controls")).hidden = not selected
        panel = chosen.getAttribute("aria-controls")
        for listener in self._on_open.get(panel, ()):
            listener()
        self.changed.emit(panel)

    def _on_key(self, event: "Event") -> None:
        step = STEPS.get(event.key)
        if step is None:
            return
        ids = [tab.id for tab in self._tabs]
        tab = self._tabs[(ids.index(event.currentTarget.id) + step) % len(ids)]
        self._select(tab)
        tab.focus()
