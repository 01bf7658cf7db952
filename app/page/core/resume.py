"""Where the listener was: kept in the browser, so that a later visit can go on there."""

import json

from app.page.core.playback_state import State

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypedDict

    from app.page.core.playback import Playback
    from app.page.core.recommendations import Recommendations
    from app.page.core.settings import Storage
    from app.page.core.tune import Tune

    class Left(TypedDict):
        """A tune that the listener left: its path, the song, and the position in seconds.

        And what was to follow: a station's name, what played in order (`Recommendations.in_order`), and the
        paths of the tunes that the listener had put next.
        """

        path: str
        song: int
        position: float
        station: str
        order: str
        next: list[str]


KEY = "sidflow.resume"
STEP = 5
"""Seconds of playing after which the position is written again."""


class Resume:
    """Writes down what plays, where it is, and what was to follow, unless that is incognito.

    Parameters
    ----------
    storage
        The JavaScript module ``local.js``.
    station
        Returns the name of the station that plays; empty if there is none, or if it has no name.
    """

    def __init__(
        self,
        playback: "Playback",
        recommendations: "Recommendations",
        storage: "Storage",
        station: "Callable[[], str]",
    ) -> None:
        self._playback = playback
        self._recommendations = recommendations
        self._storage = storage
        self._station = station
        self._kept: Left | None = None
        self._position = 0.0
        self._forgotten: object = None
        self._arranged: list[Tune] = []
        self._private: list[Tune] = []
        """Tunes that the listener has put next while incognito was on."""
        playback.changed.connect(self.keep)
        recommendations.changed.connect(self._on_queue)

    def left(self) -> "Left | None":
        """Return what the listener left, None if there is nothing."""
        try:
            found = json.loads(self._storage.getItem(KEY) or "null")
            path, song, position = str(found["path"]), int(found["song"]), float(found["position"])
            station, order = str(found["station"]), str(found["order"])
            following = [str(path) for path in found["next"]]
        except (ValueError, KeyError, TypeError):  # Nothing, or edited by hand.
            return None
        position = max(position, 0.0)
        return {
            "path": path,
            "song": song,
            "position": position,
            "station": station,
            "order": order,
            "next": following,
        }

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
        left: Left = {
            "path": track.sid_path,
            "song": track.song,
            "position": playback.elapsed,
            "station": self._station(),
            "order": self._recommendations.in_order,
            "next": [tune.sid_path for tune in self._recommendations.arranged if tune not in self._private],
        }
        if left != self._kept:
            self._kept, self._position = left, left["position"]
            self._storage.setItem(KEY, json.dumps(left))

    def _on_queue(self) -> None:
        arranged = self._recommendations.arranged
        if self._playback.incognito:
            self._private += [tune for tune in arranged if tune not in self._arranged]
        self._arranged = arranged
        self.keep()

    def forget(self) -> None:
        """Delete what was written down, and write nothing more of the song that plays."""
        self._forgotten = self._playback.track
        self._storage.removeItem(KEY)
