"""The listener's settings as this browser keeps them: the engine's preferences, and those of the page."""

import json

from sidflow_feedback.page.signal import Signal
from sidflow_feedback.preferences import PREFERENCES, Choice, Schema, Switch, WholeNumber, validated

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol, TypedDict

    class Values(TypedDict):
        """All settings."""

        training: bool
        iterations: int
        samples: int
        learner: str
        sync: bool
        cadence: int
        privacy: str
        budget: int
        alike: str
        ownFiles: bool
        analyze: bool
        exploration: int
        allSongs: bool
        order: str
        reversed: bool
        volume: int
        player: str
        clock: str
        chip: str
        filterBy: str
        filterCurve: int
        digiBoost: bool
        combined: str
        width: int
        waves: str
        shortcuts: bool
        theme: str

    class Storage(Protocol):
        """What the settings need of localStorage."""

        def getItem(self, key: str) -> str | None:  # noqa: N802  JavaScript's name.
            """Return a stored text."""

        def setItem(self, key: str, value: str) -> object:  # noqa: N802
            """Store a text."""

        def removeItem(self, key: str) -> object:  # noqa: N802
            """Delete a text."""


KEY = "sidflow.preferences"


PAGE_SETTINGS = Schema(
    {
        "analyze": Switch(True),
        "exploration": WholeNumber(3, 0, 50),  # Surprises among 100 tunes.
        "allSongs": Switch(False),
        "order": Choice("catalog", "title", "author", "year", "length", "for-you"),
        "reversed": Switch(False),
        "volume": WholeNumber(80, 0, 100),
        "player": Choice("wasm", "stream", "cli", "u64"),
        "clock": Choice("file", "PAL", "NTSC"),
        "chip": Choice("file", "6581", "8580"),
        "filterBy": Choice("author", "hand"),
        "filterCurve": WholeNumber(50, 0, 100),  # Percent; 0 is bright.
        "digiBoost": Switch(False),
        "combined": Choice("average", "weak", "strong"),
        "width": WholeNumber(50, 0, 100),  # Percent; 0 is mono.
        "waves": Choice("auto", "on", "off"),  # Auto: on, unless the system asks for reduced motion.
        "shortcuts": Switch(True),
        "theme": Choice("auto", "light", "dark"),
    }
)


class Settings:
    """Settings in localStorage; if the browser denies that, they last as long as the page.

    Parameters
    ----------
    storage
        The JavaScript module ``local.js``.

    Attributes
    ----------
    changed
        Emitted with all values after each change, in this tab or another.
    values
        All settings, always valid.
    """

    def __init__(self, storage: "Storage") -> None:
        self._storage = storage
        self._values = _stored(storage)
        self.values: Values = self._values
        self.changed: Signal[[Values]] = Signal()

    def follow(self, listener: "Callable[[Values], None]") -> None:
        """Call ``listener(values)`` now and after each change."""
        self.changed.connect(listener)
        listener(self.values)

    def change(self, name: str, value: object) -> str | None:
        """Change one setting; return what is wrong with the value, None if it was accepted."""
        schema = PREFERENCES if name in PREFERENCES.rules else PAGE_SETTINGS
        problem = schema.problem(name, value)
        if problem is not None:
            return problem
        self._values[name] = value
        self._storage.setItem(KEY, json.dumps(self._values))
        self.changed.emit(self.values)
        return None

    @property
    def preferences(self) -> "dict[str, object]":
        """The settings that are the engine's."""
        return {name: self._values[name] for name in PREFERENCES.rules}

    def on_storage(self, key: str | None) -> None:
        """Follow another tab, which has changed this key of localStorage."""
        if key == KEY:
            self._values = self.values = _stored(self._storage)
            self.changed.emit(self.values)


def _stored(storage: "Storage") -> "Any":
    try:
        values = json.loads(storage.getItem(KEY) or "{}")
    except ValueError:  # Edited by hand: the defaults apply.
        values = {}
    if not isinstance(values, dict):
        values = {}
    settings = validated(values)
    settings.update(PAGE_SETTINGS.validated(values))
    return settings
