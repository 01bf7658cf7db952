"""The player of a stream that the server renders, with an audio element. For MicroPython."""

import asyncio
import json

from pyscript import window
from pyscript.ffi import create_proxy

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Any

    from sidflow_feedback.player import Hardware, PlayerStatus, Sound, StateListener, TuneHeader

    class Stream(TuneHeader):
        """The server's answer: where the stream is."""

        url: str


BROKEN = "The stream stopped. Make sure that the server is running, then play the tune again."


class StreamPlayer:
    """A `Player` whose sound comes from the server as WAV, in HTTP ranges.

    Parameters
    ----------
    api
        The JavaScript module ``remote.js``.
    on_state
        Called after each change of state.

    Attributes
    ----------
    element
        The audio element.
    """

    pipeline = "stream"
    abilities = ("position", "seek", "volume")
    progress = 1.0
    used: "Hardware | None" = None

    def __init__(self, api: "Any", on_state: "StateListener") -> None:
        self._api = api
        self._on_state = on_state
        self._opened = 0
        self._ready = False
        self._wanted = False
        self._data: Any = None
        self._song = 0
        self.element = window.Audio.new()
        self._on("playing", "playing")
        self._on("waiting", "starting")
        self._on("pause", "paused")
        self._on("ended", "ended")
        self._on("error", "error")

    @property
    def position(self) -> float | None:
        """Seconds from the beginning of the song."""
        return float(self.element.currentTime) if self._ready else 0.0

    def load(self, data: "Any", song: int) -> "Awaitable[TuneHeader]":
        """Begin to load a SID file from an ArrayBuffer."""
        self._data, self._wanted = data, False
        return self._open(song)

    def play(self) -> None:
        """Play, or resume."""
        self._wanted = True
        if self._ready:
            self._start()

    def pause(self) -> None:
        """Fall silent and keep the position."""
        self._wanted = False
        self.element.pause()

    def set_song(self, song: int) -> None:
        """Switch to another song of the tune."""
        asyncio.create_task(self._change_song(song))

    def seek(self, seconds: float) -> None:
        """Jump to a position in the song. The server renders everything before it first."""
        if self._ready:
            self.element.currentTime = seconds

    def set_volume(self, volume: float) -> None:
        """Set the volume, from 0 to 1."""
        self.element.volume = volume

    def mute(self, mask: int) -> None:
        """Do nothing: the server mixes the voices."""

    def override(self, clock: str, chip: int, sound: "Sound") -> None:
        """Do nothing: the server follows the tune's header."""

    def spread(self, width: int) -> None:
        """Do nothing: the server follows the tune's header."""

    def close(self) -> None:
        """Fall silent and release the stream."""
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
                self._notify("error", str(exc.args[2] if len(exc.args) == 3 else exc))

    async def _open(self, song: int) -> "TuneHeader":
        self._opened += 1
        opened, self._song, self._ready = self._opened, song, False
        self.element.pause()
        self._notify("loading")
        url = "api/player/stream?song=" + str(song)
        stream: Stream = json.loads(await self._api.call("POST", url, self._data))
        if opened == self._opened:
            self._song = song or stream["startSong"]
            self.element.src = stream["url"]
            self._ready = True
            if self._wanted:
                self._start()
            else:
                self._notify("stopped")
        return stream

    def _start(self) -> None:
        self._notify("starting")
        self._api.start(self.element, create_proxy(lambda message: self._notify("error", message)))

    def _on(self, event: str, status: "PlayerStatus") -> None:
        def happened(_event: "Any") -> None:
            if self._ready and (status != "paused" or not self._wanted):
                self._notify(status, BROKEN if status == "error" else "")

        self.element.addEventListener(event, create_proxy(happened))

    def _notify(self, status: "PlayerStatus", error: str = "") -> None:
        self._on_state({"status": status, "song": self._song, "error": error})
