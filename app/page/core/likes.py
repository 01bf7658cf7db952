"""The tunes that the listener likes, and the events that say so: kept in the browser, for all tabs."""

import json

from sidflow_feedback.page.signal import Signal

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.settings import Storage
    from app.page.core.tune import Tune

KEY = "sidflow.liked"

MOST = 500
"""Likes that are kept: of an older one, the page no longer knows that it can be taken back."""


class Likes:
    """Remembers the like of each tune's start song until it is taken back.

    Parameters
    ----------
    storage
        The JavaScript module ``local.js``.

    Attributes
    ----------
    changed
        Emitted when other tunes are liked.
    """

    def __init__(self, storage: "Storage") -> None:
        self._storage = storage
        self._events: dict[str, str] | None = None
        self.changed: Signal[[]] = Signal()

    @property
    def events(self) -> "dict[str, str]":
        """The UUID of the event for each path."""
        if self._events is None:
            self._events = self._read()
        return self._events

    def _read(self) -> "dict[str, str]":
        try:
            return {str(path): str(uuid) for path, uuid in json.loads(self._storage.getItem(KEY) or "[]")}
        except (ValueError, TypeError):  # Edited by hand.
            return {}

    def event_of(self, tune: "Tune") -> str | None:
        """Return the UUID of the event; None if the tune isn't liked."""
        return self.events.get(tune.sid_path)

    def add(self, tune: "Tune", uuid: str) -> None:
        """Note that the listener likes a tune."""
        others = [item for item in self.events.items() if item[0] != tune.sid_path]
        self._write(others[1 - MOST :] + [(tune.sid_path, uuid)])  # noqa: RUF005  MicroPython can't unpack here.

    def remove(self, tune: "Tune") -> None:
        """Note that the listener no longer likes a tune."""
        self._write([item for item in self.events.items() if item[0] != tune.sid_path])

    def forget(self, uuids: list[str]) -> None:
        """Note that these events are deleted."""
        self._write([item for item in self.events.items() if item[1] not in uuids])

    def clear(self) -> None:
        """Delete what is kept: so are the events."""
        self._storage.removeItem(KEY)
        self._events = None
        self.changed.emit()

    def on_storage(self, key: str | None) -> None:
        """Take over what another tab has changed: one key, or None for all."""
        if key in (KEY, None):
            self._events = None
            self.changed.emit()

    def _write(self, items: "list[tuple[str, str]]") -> None:
        if dict(items) != self.events:
            self._storage.setItem(KEY, json.dumps(items))
            self._events = None
            self.changed.emit()
