"""The listener's preferences as this browser keeps them."""

import json

from pyscript import window
from pyscript.js_modules import local

from app.page.views.dom import on
from sidflow_feedback.page.signal import Signal
from sidflow_feedback.preferences import problem, validated

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

KEY = "sidflow.preferences"


class Settings:
    """Preferences in localStorage; where that is refused, they last as long as the page."""

    def __init__(self) -> None:
        self.values = validated(_stored())
        self.changed: Signal[[dict[str, Any]]] = Signal()
        on(window, "storage", self._changed_elsewhere)

    def follow(self, listener: "Callable[[dict[str, Any]], None]") -> None:
        """Call ``listener(values)`` now and after each change."""
        self.changed.connect(listener)
        listener(self.values)

    def change(self, name: str, value: "Any") -> str | None:
        """Set one preference; return what is wrong with the value, None when it was taken."""
        wrong = problem(name, value)
        if wrong is not None:
            return wrong
        self.values[name] = value
        local.setItem(KEY, json.dumps(self.values))
        self.changed.emit(self.values)
        return None

    def _changed_elsewhere(self, event: "Any") -> None:
        """Follow another tab."""
        if event.key == KEY:
            self.values = validated(_stored())
            self.changed.emit(self.values)


def _stored() -> "dict[str, Any]":
    try:
        values = json.loads(local.getItem(KEY) or "{}")
    except ValueError:  # A hand has edited it: the defaults hold.
        return {}
    return values if isinstance(values, dict) else {}
