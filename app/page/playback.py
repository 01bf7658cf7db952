"""What is playing: ties library, player, telemetry and recorder together."""

from app.page.dom import notice, reason
from app.page.library import track_of
from sidflow_feedback.telemetry import Telemetry

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from app.page.library import Library
    from sidflow_feedback.recorder import Recorder


class Playback:
    """The one tune that plays, and what the listener does to it.

    Parameters
    ----------
    take_next
        Returns the tune to play next, None when there is none.

    Attributes
    ----------
    tune, song
        What is loaded; None and 0 at first.
    track
        The song that is loaded, as events describe it.
    status
        The player's status.
    judgement
        ``like``, ``dislike`` or None: what the listener has said of this listen.
    """

    def __init__(
        self,
        library: "Library",
        recorder: "Recorder",
        take_next: "Callable[[], dict[str, Any] | None]",
    ) -> None:
        self._library = library
        self._take_next = take_next
        self._recorder = recorder
        self._telemetry = Telemetry(recorder.action)
        self._player: Any = None
        self._opened = 0
        self._listeners: list[Callable[[], None]] = []
        self.tune: dict[str, Any] | None = None
        self.song = 0
        self.track: dict[str, Any] | None = None
        self.status = "idle"
        self.judgement: str | None = None

    def use(self, player: "Any") -> None:
        """Play through this player from now on."""
        self._player = player
        self._recorder.pipeline = player.pipeline

    def subscribe(self, listener: "Callable[[], None]") -> None:
        """Call `listener` after each change of tune, song, status or judgement."""
        self._listeners.append(listener)

    @property
    def begun(self) -> bool:
        """Whether something of the song was heard, so that it can be liked."""
        return self._telemetry.track is not None

    @property
    def position(self) -> float:
        """Seconds of the song that were heard."""
        return self._player.position or 0.0

    async def open(self, tune: "dict[str, Any]", song: int = 1) -> None:
        """Play a song. A newer call, or a click on pause, has the last word."""
        self._leave()
        self._opened += 1
        opened = self._opened
        self._choose(tune, song)
        self.status = "loading"
        self._changed()
        try:
            data = await self._library.data(tune)
            if opened != self._opened:
                return
            loading = self._player.load(data, song)
            self._player.play()
            info = await loading
        except Exception as exc:
            if opened == self._opened:
                self._fail(exc)
            return
        tune["songs"] = info["songs"]
        if tune.get("data"):
            tune["title"] = info["title"] or tune["title"]
            tune["author"] = info["author"] or tune["author"]
        self._changed()

    def toggle(self) -> None:
        """Pause, or play on."""
        if self.status in ("playing", "starting"):
            self._player.pause()
        else:
            self._player.play()

    async def next(self) -> None:
        """Go to the tune that comes next."""
        tune = self._take_next()
        if tune:
            await self.open(tune)

    def set_song(self, song: int) -> None:
        """Go to another song of the tune."""
        if self.tune is None:
            return
        self._leave()
        self._choose(self.tune, song)
        self._player.set_song(song)
        self._changed()

    def set_volume(self, per_cent: int) -> None:
        """Set the volume, 0 to 100."""
        self._player.set_volume(per_cent / 100)

    def judge(self, judgement: str) -> None:
        """Record ``like`` or ``dislike``, once for each listen."""
        if judgement == self.judgement or not self.begun:
            return
        self.judgement = judgement
        (self._telemetry.liked if judgement == "like" else self._telemetry.disliked)()
        self._changed()

    def learn(self, tune: "dict[str, Any]", features: "dict[str, float]") -> None:
        """Take the features of a tune's first song, which may be playing already."""
        tune["features"] = [features]
        if self.tune is tune and self.song == 1 and self.track:
            self.track["features"] = features

    async def tick(self) -> None:
        """Follow the player; called a few times each second."""
        if self.status != "playing" or self.track is None:
            return
        position = self.position
        self._telemetry.moved(position)
        if position >= self.track["length"]:
            self._telemetry.ended()
            await self.next()

    def hear(self, state: "dict[str, Any]") -> None:
        """Take the player's new state."""
        if self.status == "loading" and state["status"] in ("stopped", "paused", "idle"):
            return  # The states on the way from one tune to the next.
        self.status = state["status"]
        if self.status == "playing" and self._telemetry.track is None and self.track:
            self._telemetry.started(self.track)
        if self.status == "error":
            notice(state["error"])
        self._changed()

    def _choose(self, tune: "dict[str, Any]", song: int) -> None:
        self.tune, self.song, self.track = tune, song, track_of(tune, song)

    def _leave(self) -> None:
        self._telemetry.left()
        self.judgement = None

    def _fail(self, exc: Exception) -> None:
        tune = self.tune
        if tune and "data" in tune:
            self._library.remove(tune)
        notice(((tune or {}).get("title") or "This tune") + " can't be played. " + reason(exc))
        self.tune, self.song, self.track, self.status = None, 0, None, "error"
        self._changed()

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()
