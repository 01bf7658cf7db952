"""The player bar at the foot of the page."""

from pyscript import document

from app.page.views.dom import by_id, minutes, on, spawn

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from app.page.core.playback import Playback
    from app.page.core.settings import Settings


class PlayerBar:
    """Shows what plays and takes the listener's clicks."""

    def __init__(self, playback: "Playback", settings: "Settings") -> None:
        self._playback = playback
        self._settings = settings
        self._dragged = False
        self._seeking = False
        on(by_id("play-pause"), "click", lambda _event: playback.toggle())
        on(by_id("next"), "click", lambda event: spawn(playback.next(int(event.detail))))
        on(by_id("like"), "click", lambda _event: playback.judge("like"))
        on(by_id("dislike"), "click", lambda _event: playback.judge("dislike"))
        on(by_id("song"), "change", lambda event: playback.set_song(int(event.target.value)))
        on(by_id("volume"), "input", self._volume_moved)
        on(by_id("progress"), "input", self._position_dragged)
        on(by_id("progress"), "change", self._position_moved)
        settings.follow(lambda values: playback.set_volume(values["volume"]))
        by_id("volume").value = settings.values["volume"]
        playback.changed.connect(self.show)
        by_id("next").disabled = False

    def show(self) -> None:
        """Show the playback's state."""
        playback = self._playback
        tune = playback.tune
        playing = playback.status in ("playing", "starting", "loading")
        by_id("play-pause").textContent = "Pause" if playing else "Play"
        footer = document.querySelector("footer").dataset
        footer.status, footer.pipeline = playback.status, playback.pipeline
        by_id("play-pause").disabled = tune is None
        for name in ("like", "dislike"):
            by_id(name).disabled = not playback.begun
            by_id(name).setAttribute("aria-pressed", "true" if playback.judgment == name else "false")
        by_id("now-title").textContent = tune["title"] if tune else "Nothing is playing"
        by_id("now-detail").textContent = _detail(tune, playback.status)
        by_id("progress").disabled = "seek" not in playback.abilities
        by_id("volume").disabled = "volume" not in playback.abilities
        self._show_songs(tune)
        self.show_position()

    def show_position(self) -> None:
        """Show how far the song has come."""
        length = self._length()
        position = min(self._playback.elapsed, length)
        by_id("length").textContent = minutes(length)
        self._show_seek(self._playback.progress)
        if not self._dragged:
            by_id("progress").value = position / length if length else 0
            self._write_position(position, length)

    def tick(self) -> None:
        """Show how far the song, or the way to a place in it, has come."""
        if self._playback.status == "playing" or self._seeking:
            self.show_position()

    def _length(self) -> float:
        track = self._playback.track
        return (track["length"] or 0) if track else 0

    def _write_position(self, position: float, length: float) -> None:
        by_id("position").textContent = minutes(position)
        by_id("progress").setAttribute("aria-valuetext", minutes(position) + " of " + minutes(length))

    def _show_seek(self, done: float) -> None:
        self._seeking = done < 1
        by_id("seeking").hidden = not self._seeking
        by_id("seeking").value = done

    def _show_songs(self, tune: "dict[str, Any] | None") -> None:
        select = by_id("song")
        songs = tune["songs"] if tune else 1
        if select.options.length != songs:
            select.replaceChildren()
            for number in range(1, songs + 1):
                option = document.createElement("option")
                option.value = option.textContent = str(number)
                select.append(option)
        select.value = str(self._playback.song or 1)
        select.disabled = songs < 2

    def _position_dragged(self, event: "Any") -> None:
        self._dragged = True
        self._write_position(float(event.target.value) * self._length(), self._length())

    def _position_moved(self, event: "Any") -> None:
        self._dragged = False
        if self._length():
            self._playback.seek(float(event.target.value) * self._length())

    def _volume_moved(self, event: "Any") -> None:
        self._settings.change("volume", int(event.target.value))


def _detail(tune: "dict[str, Any] | None", status: str) -> str:
    if tune is None:
        return ""
    if status == "loading":
        return "loading…"
    return str(tune["author"])
