"""Where the listener was: kept in the browser, so that a later visit can go on there."""

import json

from app.page.core.playback_state import State

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import TypedDict

    from app.page.core.playback import Playback
    from app.page.core.settings import Storage

    class Left(TypedDict):
        """A tune that the listener left: its path, the song, and the position in seconds."""

        path: str
        song: int
        position: float


KEY = "sidflow.resume"
STEP = 5
"""Seconds of playing after which the position is written again."""


class Resume:
    """Writes down what plays and where it is, unless it plays incognito.

    Parameters
    ----------
    storage
        The JavaScript module ``local.js``.
    """

    def __init__(self, playback: "Playback", storage: "Storage") -> None:
        self._playback = playback
        self._storage = storage
        self._kept: tuple[str, int] | None = None
        self._position = 0.0
        self._forgotten: object = None
        playback.changed.connect(self.keep)

    def left(self) -> "Left | None":
        """Return what the listener left, None if there is nothing."""
        try:
            found = json.loads(self._storage.getItem(KEY) or "null")
            path, song, position = str(found["path"]), int(found["song"]), float(found["position"])
        except (ValueError, KeyError, TypeError):  # Nothing, or edited by hand.
            return None
        return {"path": path, "song": song, "position": max(position, 0.0)}

    def tick(self) -> None:
        """Follow the position; called a few times each second."""
        if self._playback.state == State.PLAYING and abs(self._playback.elapsed - self._position) >= STEP:
            self.keep()

    def keep(self) -> None:
        """Write down where the song is, if it was audible, is not private, and wasn't there at `forget`."""
        playback, track = self._playback, self._playback.track
        if track is None or track is self._forgotten or not playback.can_judge:
            return
        if playback.state not in (State.PLAYING, State.PAUSED):
            return
        song, position = (track.sid_path, track.song), playback.elapsed
        if song == self._kept and position == self._position:
            return
        self._kept, self._position = song, position
        left: Left = {"path": track.sid_path, "song": track.song, "position": position}
        self._storage.setItem(KEY, json.dumps(left))

    def forget(self) -> None:
        """Delete what was written down, and write nothing more of the song that plays."""
        self._forgotten = self._playback.track
        self._storage.removeItem(KEY)
