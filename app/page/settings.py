"""The listener's preferences as this browser keeps them."""

import json

from pyscript import window

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
        self._listeners: list[Callable[[dict[str, Any]], None]] = []

    def subscribe(self, listener: "Callable[[dict[str, Any]], None]") -> None:
        """Call ``listener(values)`` now and after each change."""
        self._listeners.append(listener)
        listener(self.values)

    def change(self, name: str, value: "Any") -> str | None:
        """Set one preference; return what is wrong with the value, None when it was taken."""
        wrong = problem(name, value)
        if wrong is not None:
            return wrong
        self.values[name] = value
        try:
            window.localStorage.setItem(KEY, json.dumps(self.values))
        except Exception as exc:  # Refused storage must not keep the change from being applied.
            print("preferences are not kept:", exc)  # noqa: T201
        for listener in self._listeners:
            listener(self.values)
        return None


def _stored() -> "dict[str, Any]":
    try:
        values = json.loads(window.localStorage.getItem(KEY) or "{}")
    except Exception:  # Refused storage or a hand-edited text: the defaults hold.
        return {}
    return values if isinstance(values, dict) else {}
