"""The player of what the server renders: an audio element. For MicroPython."""

import asyncio
import json

from pyscript import window
from pyscript.ffi import create_proxy

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

BROKEN = "The stream broke off. See that the server runs, then play again."


class StreamPlayer:
    """A `Player` whose sound comes from the server as WAV, with ranges.

    Parameters
    ----------
    api
        The JavaScript module ``remote.js``.
    on_state
        Hears each change of state as a dict.

    Attributes
    ----------
    element
        The audio element.
    """

    pipeline = "stream"
    abilities = ("position", "seek", "volume")
    progress = 1.0
    used: "dict[str, Any] | None" = None

    def __init__(self, api: "Any", on_state: "Callable[[dict[str, Any]], None]") -> None:
        self._api = api
        self._on_state = on_state
        self._opened = 0
        self._ready = False
        self._wanted = False
        self._data: Any = None
        self._song = 0
        self.element = window.Audio.new()
        for event, status in (("playing", "playing"), ("waiting", "starting"), ("pause", "paused")):
            self._on(event, status)
        self._on("ended", "ended")
        self._on("error", "error")

    @property
    def position(self) -> float | None:
        """Seconds of the song."""
        return float(self.element.currentTime) if self._ready else 0.0

    def load(self, data: "Any", song: int) -> "Awaitable[dict[str, Any]]":
        """Begin to load a .sid file from an ArrayBuffer."""
        self._data, self._wanted = data, False
        return self._open(song)

    def play(self) -> None:
        """Play, or play on."""
        self._wanted = True
        if self._ready:
            self._start()

    def pause(self) -> None:
        """Fall silent and keep the position."""
        self._wanted = False
        self.element.pause()

    def set_song(self, song: int) -> None:
        """Go to another song of the tune."""
        asyncio.create_task(self._change_song(song))

    def seek(self, seconds: float) -> None:
        """Go to a place in the song: what lies before it must be rendered first."""
        if self._ready:
            self.element.currentTime = seconds

    def set_volume(self, volume: float) -> None:
        """Set the volume, from 0 to 1."""
        self.element.volume = volume

    def mute(self, mask: int) -> None:
        """Do nothing: the server mixes the voices."""

    def override(self, clock: str, chip: int) -> None:
        """Do nothing: the server plays the tune as its header says."""

    def close(self) -> None:
        """Fall silent and let go of the stream."""
        self._opened += 1
        self._ready = self._wanted = False
        self.element.pause()
        self.element.removeAttribute("src")

    async def _change_song(self, song: int) -> None:
        opened = self._opened + 1
        try:
            await self._open(song)
        except Exception as exc:
            if opened == self._opened:
                self._tell("error", str(exc.args[2] if len(exc.args) == 3 else exc))

    async def _open(self, song: int) -> "dict[str, Any]":
        self._opened += 1
        opened, self._song, self._ready = self._opened, song, False
        self.element.pause()
        self._tell("loading")
        url = "/api/player/stream?song=" + str(song)
        info: dict[str, Any] = json.loads(await self._api.call("POST", url, self._data))
        if opened == self._opened:
            self._song = song or info["startSong"]
            self.element.src = info["url"]
            self._ready = True
            if self._wanted:
                self._start()
            else:
                self._tell("stopped")
        return info

    def _start(self) -> None:
        self._tell("starting")
        self._api.start(self.element, create_proxy(lambda message: self._tell("error", message)))

    def _on(self, event: str, status: str) -> None:
        def happened(_event: "Any") -> None:
            if self._ready and (status != "paused" or not self._wanted):
                self._tell(status, BROKEN if status == "error" else "")

        self.element.addEventListener(event, create_proxy(happened))

    def _tell(self, status: str, error: str = "") -> None:
        self._on_state({"status": status, "song": self._song, "error": error})
