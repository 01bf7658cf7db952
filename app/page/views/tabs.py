"""The tab list, by mouse and by keyboard (WAI-ARIA tabs pattern)."""

from pyscript import document

from app.page.views.dom import by_id, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

STEPS = {"ArrowRight": 1, "ArrowLeft": -1}


class Tabs:
    """Shows one panel at a time."""

    def __init__(self) -> None:
        self._openers: dict[str, Callable[[], None]] = {}
        self._tabs = list(document.querySelectorAll("[role=tab]"))
        for tab in self._tabs:
            on(tab, "click", lambda event: self.select(event.currentTarget))
            on(tab, "keydown", self._key)

    def when_opened(self, panel: str, opener: "Callable[[], None]") -> None:
        """Call `opener` each time this panel is shown."""
        self._openers[panel] = opener

    def select(self, chosen: "Any") -> None:
        """Show the panel of this tab."""
        for tab in self._tabs:
            selected = tab.id == chosen.id
            tab.setAttribute("aria-selected", "true" if selected else "false")
            tab.tabIndex = 0 if selected else -1
            by_id(tab.getAttribute("aria-controls")).hidden = not selected
        opener = self._openers.get(chosen.getAttribute("aria-controls"))
        if opener:
            opener()

    def _key(self, event: "Any") -> None:
        step = STEPS.get(event.key)
        if step is None:
            return
        names = [tab.id for tab in self._tabs]
        tab = self._tabs[(names.index(event.currentTarget.id) + step) % len(names)]
        self.select(tab)
        tab.focus()
