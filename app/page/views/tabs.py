"""The tab list, for mouse and keyboard (WAI-ARIA tabs pattern)."""

from pyscript import document

from app.page.views.dom import aria, by_id, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable

    from app.page.views.elements import Element, Event

STEPS = {"ArrowRight": 1, "ArrowLeft": -1}


class Tabs:
    """Shows one panel at a time."""

    def __init__(self) -> None:
        self._on_open: dict[str, Callable[[], None]] = {}
        self._tabs: list[Element] = list(document.querySelectorAll("[role=tab]"))
        for tab in self._tabs:
            on(tab, "click", lambda event: self._select(event.currentTarget))
            on(tab, "keydown", self._on_key)

    def on_open(self, panel: str, listener: "Callable[[], None]") -> None:
        """Call `listener` each time the panel with this id is shown."""
        self._on_open[panel] = listener

    def _select(self, chosen: "Element") -> None:
        for tab in self._tabs:
            selected = tab.id == chosen.id
            tab.setAttribute("aria-selected", aria(selected))
            tab.tabIndex = 0 if selected else -1
            by_id(tab.getAttribute("aria-controls")).hidden = not selected
        listener = self._on_open.get(chosen.getAttribute("aria-controls"))
        if listener:
            listener()

    def _on_key(self, event: "Event") -> None:
        step = STEPS.get(event.key)
        if step is None:
            return
        ids = [tab.id for tab in self._tabs]
        tab = self._tabs[(ids.index(event.currentTarget.id) + step) % len(ids)]
        self._select(tab)
        tab.focus()
