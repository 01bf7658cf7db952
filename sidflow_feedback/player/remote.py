"""Players that the server controls: sidplayfp on its machine, or an Ultimate 64. For MicroPython."""

import asyncio
import json

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Any

    from sidflow_feedback.player import Hardware, PlayerState, PlayerStatus, Sound, StateListener, TuneHeader

POLL_SECONDS = 1.0
"""Interval between two requests for the device's state."""

OFF: "PlayerStatus" = "stopped"
PLAYING: "PlayerStatus" = "playing"
PAUSED: "PlayerStatus" = "paused"


class RemotePlayer:
    """A `Player` without position and seek.

    It calls the server one request at a time: after several quick clicks, only the last one counts.

    Parameters
    ----------
    api
        The JavaScript module ``remote.js``.
    pipeline
        ``cli`` or ``u64``.
    on_state
        Called after each change of state.
    """

    abilities: "tuple[str, ...]" = ()
    position: float | None = None
    progress = 1.0
    used: "Hardware | None" = None

    def __init__(self, api: "Any", pipeline: str, on_state: "StateListener") -> None:
        self.pipeline = pipeline
        self._api = api
        self._on_state = on_state
        self._data: Any = None
        self._tune = 0
        self._song = 0
        self._mode: PlayerStatus = OFF
        self._audible: tuple[int, int] | None = None
        self._done: tuple[int, int, PlayerStatus] = (0, 0, OFF)
        self._busy = False
        self._ready = False
        self._watching = False
        self._last_state: PlayerState | None = None

    def load(self, data: "Any", song: int) -> "Awaitable[TuneHeader]":
        """Begin to load a SID file from an ArrayBuffer."""
        self._data, self._song, self._mode, self._ready = data, song, OFF, False
        self._tune += 1
        self._notify("loading")
        asyncio.create_task(self._work())  # Silences the tune before.
        return self._open(self._tune)

    def play(self) -> None:
        """Play, or resume; after an error, from the beginning."""
        self._want(PLAYING)

    def pause(self) -> None:
        """Fall silent."""
        if self._mode == PLAYING:
            self._want(PAUSED)

    def set_song(self, song: int) -> None:
        """Switch to another song of the tune."""
        self._song = song
        self._want(PLAYING if self._mode == PLAYING else OFF)

    def seek(self, seconds: float) -> None:
        """Do nothing: this player has no such control."""

    def set_volume(self, volume: float) -> None:
        """Do nothing: the device has its own volume control."""

    def mute(self, mask: int) -> None:
        """Do nothing: this player has no such control."""

    def override(self, clock: str, chip: int, sound: "Sound") -> None:
        """Do nothing: this player has no such control."""

    def spread(self, width: int) -> None:
        """Do nothing: this player has no such control."""

    def close(self) -> None:
        """Fall silent."""
        self._want(OFF)

    async def _open(self, tune: int) -> "TuneHeader":
        """Read the header and bring the device to the wanted state; return the header."""
        header: TuneHeader = json.loads(await self._api.call("POST", "api/player/tune", self._data))
        if tune == self._tune:
            self._song = self._song or header["startSong"]
            self._ready = True
            await self._work()
        return header

    def _want(self, mode: "PlayerStatus") -> None:
        self._mode = mode
        if self._ready:
            asyncio.create_task(self._work())

    def _wanted(self) -> "tuple[int, int, PlayerStatus]":
        return (self._tune, self._song, self._mode if self._ready else OFF)

    async def _work(self) -> None:
        """Bring the device to the last wanted state."""
        if self._busy:
            return
        self._busy = True
        wanted = self._wanted()
        try:
            while self._done != self._wanted():
                wanted = self._wanted()
                await self._apply(wanted[:2], wanted[2])
                self._done = wanted
            if self._ready:
                self._notify(self._mode)
        except Exception as exc:
            if wanted[:2] == self._wanted()[:2]:
                self._fail(str(exc.args[2] if len(exc.args) == 3 else exc))
        self._busy = False
        if self._done != self._wanted():  # What failed is no longer wanted.
            asyncio.create_task(self._work())
        elif self._ready and self._mode != OFF and not self._watching:
            asyncio.create_task(self._watch())

    async def _apply(self, song: "tuple[int, int]", mode: str) -> None:
        if mode == PLAYING and self._audible != song:
            self._notify("loading")
            await self._call("POST", "?song=" + str(song[1]), self._data)
            self._audible = song
        elif mode == PLAYING:
            await self._call("PUT", "/resume")
        elif mode == PAUSED and self._audible == song:
            await self._call("PUT", "/pause")
        elif self._audible is not None:
            self._audible = None
            await self._call("PUT", "/stop")

    async def _watch(self) -> None:
        """Poll until the tune ends or the device fails."""
        self._watching = True
        while self._mode != OFF:
            await asyncio.sleep(POLL_SECONDS)
            if self._busy or not self._ready or self._mode == OFF:
                continue
            before = self._done
            try:
                state = json.loads(await self._call("GET", ""))
            except Exception as exc:
                state = {"status": "error", "error": str(exc.args[2] if len(exc.args) == 3 else exc)}
            if before == self._done and not self._busy:
                self._on_device_state(state)
        self._watching = False

    def _on_device_state(self, state: "dict[str, str]") -> None:
        if state["status"] == "error":
            self._fail(state["error"])
        elif state["status"] in ("ended", "idle"):
            self._set_off()
            self._notify("ended")

    def _fail(self, message: str) -> None:
        self._set_off()
        self._notify("error", message)

    def _set_off(self) -> None:
        self._mode, self._audible = OFF, None
        self._done = (self._tune, self._song, OFF)

    def _call(self, method: str, path: str, data: "Any" = None) -> "Awaitable[str]":
        called: Awaitable[str] = self._api.call(method, "api/player/" + self.pipeline + path, data)
        return called

    def _notify(self, status: "PlayerStatus", error: str = "") -> None:
        state: PlayerState = {"status": status, "song": self._song, "error": error}
        if state != self._last_state:
            self._last_state = state
            self._on_state(state)
