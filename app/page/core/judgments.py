"""What the listener thinks of tunes, and the events that say so: kept in the browser, for all tabs."""

import json

from sidflow_feedback.page.signal import Signal

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    from app.page.core.settings import Storage
    from app.page.core.tune import Tune

    Judgment: TypeAlias = Literal["like", "dislike"]

    Kept = tuple[Judgment, str]
    """A judgment, and the UUID of its event."""

KEY = "sidflow.judgments"

MOST = 1000
"""Judgments that are kept: of an older one, the page no longer knows that it can be taken back."""


class Judgments:
    """Remembers the listener's judgment of each tune's start song until it is taken back.

    Parameters
    ----------
    storage
        The JavaScript module ``local.js``.

    Attributes
    ----------
    changed
        Emitted when other judgments are kept.
    """

    def __init__(self, storage: "Storage") -> None:
        self._storage = storage
        self._kept: dict[str, Kept] | None = None
        self.changed: Signal[[]] = Signal()

    def paths(self, wanted: "Judgment") -> "list[str]":
        """Return the paths of the tunes that the listener likes, or dislikes."""
        return [path for path, (judgment, _) in self._all().items() if judgment == wanted]

    def of(self, tune: "Tune") -> "Kept | None":
        """Return the judgment of a tune, and the UUID of its event; None if there is none."""
        return self._all().get(tune.sid_path)

    def is_liked(self, tune: "Tune") -> bool:
        """Return whether the listener likes a tune."""
        kept = self.of(tune)
        return kept is not None and kept[0] == "like"

    def add(self, tune: "Tune", judgment: "Judgment", uuid: str) -> None:
        """Keep a judgment in place of an earlier one."""
        others = [item for item in self._all().items() if item[0] != tune.sid_path]
        self._write(others[1 - MOST :] + [(tune.sid_path, (judgment, uuid))])  # noqa: RUF005  MicroPython can't unpack here.

    def forget(self, uuids: list[str]) -> None:
        """Note that these events are deleted."""
        self._write([item for item in self._all().items() if item[1][1] not in uuids])

    def clear(self) -> None:
        """Delete what is kept: so are the events."""
        self._storage.removeItem(KEY)
        self._kept = None
        self.changed.emit()

    def on_storage(self, key: str | None) -> None:
        """Take over what another tab has changed: one key, or None for all."""
        if key in (KEY, None):
            self._kept = None
            self.changed.emit()

    def _all(self) -> "dict[str, Kept]":
        if self._kept is None:
            self._kept = self._read()
        return self._kept

    def _read(self) -> "dict[str, Kept]":
        try:
            found = json.loads(self._storage.getItem(KEY) or "[]")
            return {str(path): (judgment, str(uuid)) for path, judgment, uuid in found}
        except (ValueError, TypeError):  # Edited by hand.
            return {}

    def _write(self, items: "list[tuple[str, Kept]]") -> None:
        if dict(items) != self._all():
            rows = [(path, judgment, uuid) for path, (judgment, uuid) in items]
            self._storage.setItem(KEY, json.dumps(rows))
            self._kept = dict(items)
            self.changed.emit()
