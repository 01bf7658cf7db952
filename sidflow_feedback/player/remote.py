"""Players that the server drives: sidplayfp on its machine, an Ultimate 64 nearby. For MicroPython."""

import asyncio
import json

from pyscript import window

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

LOOK_SECONDS = 1.0
"""Between two looks at how it goes."""

OFF, PLAYING, PAUSED = "off", "playing", "paused"


class RemotePlayer:
    """A `Player` that can neither tell its position nor seek.

    Calls are made one after the other: after a row of quick clicks the last wish holds.

    Parameters
    ----------
    api
        The JavaScript module ``remote.js``.
    pipeline
        ``cli`` or ``u64``.
    on_state
        Hears each change of state as a dict.
    address
        Returns the device's address.
    """

    abilities: "tuple[str, ...]" = ()
    position: float | None = None
    progress = 1.0
    used: "dict[str, Any] | None" = None

    def __init__(
        self,
        api: "Any",
        pipeline: str,
        on_state: "Callable[[dict[str, Any]], None]",
        address: "Callable[[], str]" = lambda: "",
    ) -> None:
        self.pipeline = pipeline
        self._api = api
        self._on_state = on_state
        self._address = address
        self._data: Any = None
        self._tune = 0
        self._song = 0
        self._mode = OFF
        self._sounds: tuple[int, int] | None = None
        self._done: tuple[int, int, str] = (0, 0, OFF)
        self._busy = False
        self._ready = False
        self._watching = False
        self._told = ""

    def load(self, data: "Any", song: int) -> "Awaitable[dict[str, Any]]":
        """Begin to load a .sid file from an ArrayBuffer."""
        self._data, self._song, self._mode, self._ready = data, song, OFF, False
        self._tune += 1
        self._tell("loading")
        asyncio.create_task(self._work())  # What sounds falls silent.
        return self._open(self._tune)

    def play(self) -> None:
        """Play, or play on; from the beginning after an error."""
        self._wish(PLAYING)

    def pause(self) -> None:
        """Fall silent."""
        if self._mode == PLAYING:
            self._wish(PAUSED)

    def set_song(self, song: int) -> None:
        """Go to another song of the tune."""
        self._song = song
        self._wish(PLAYING if self._mode == PLAYING else OFF)

    def seek(self, seconds: float) -> None:
        """Do nothing: this player can't."""

    def set_volume(self, volume: float) -> None:
        """Do nothing: the volume is set at the device."""

    def mute(self, mask: int) -> None:
        """Do nothing: this player can't."""

    def override(self, clock: str, chip: int) -> None:
        """Do nothing: this player can't."""

    def close(self) -> None:
        """Fall silent."""
        self._wish(OFF)

    async def _open(self, tune: int) -> "dict[str, Any]":
        """Play what is wished; return what the file says of itself."""
        info: dict[str, Any] = json.loads(await self._api.call("POST", "/api/player/tune", self._data))
        if tune == self._tune:
            self._song = self._song or info["startSong"]
            self._ready = True
            await self._work()
        return info

    def _wish(self, mode: str) -> None:
        self._mode = mode
        if self._ready:
            asyncio.create_task(self._work())

    def _wished(self) -> "tuple[int, int, str]":
        return (self._tune, self._song, self._mode if self._ready else OFF)

    async def _work(self) -> None:
        """Bring the device to what was wished last."""
        if self._busy:
            return
        self._busy = True
        try:
            while self._done != self._wished():
                wish = self._wished()
                await self._carry_out(wish[:2], wish[2])
                self._done = wish
            if self._ready:
                self._tell("stopped" if self._mode == OFF else self._mode)
        except Exception as exc:
            self._fail(str(exc.args[2] if len(exc.args) == 3 else exc))
        self._busy = False
        if self._ready and self._mode != OFF and not self._watching:
            asyncio.create_task(self._watch())

    async def _carry_out(self, song: "tuple[int, int]", mode: str) -> None:
        if mode == PLAYING and self._sounds != song:
            self._tell("loading")
            await self._call("POST", "", "&song=" + str(song[1]), self._data)
            self._sounds = song
        elif mode == PLAYING:
            await self._call("PUT", "/resume")
        elif mode == PAUSED and self._sounds == song:
            await self._call("PUT", "/pause")
        elif self._sounds is not None:
            self._sounds = None
            await self._call("PUT", "/stop")

    async def _watch(self) -> None:
        """Notice when the tune ends, or the device is gone."""
        self._watching = True
        while self._mode != OFF:
            await asyncio.sleep(LOOK_SECONDS)
            if self._busy or not self._ready or self._mode == OFF:
                continue
            before = self._done
            try:
                state = json.loads(await self._call("GET", ""))
            except Exception as exc:
                state = {"status": "error", "error": str(exc.args[2] if len(exc.args) == 3 else exc)}
            if before == self._done and not self._busy:
                self._take(state)
        self._watching = False

    def _take(self, state: "dict[str, Any]") -> None:
        if state["status"] == "error":
            self._fail(state["error"])
        elif state["status"] in ("ended", "idle"):
            self._forget()
            self._tell("ended")

    def _fail(self, message: str) -> None:
        self._forget()
        self._tell("error", message)

    def _forget(self) -> None:
        self._mode, self._sounds = OFF, None
        self._done = (self._tune, self._song, OFF)

    def _call(self, method: str, path: str, more: str = "", data: "Any" = None) -> "Awaitable[str]":
        address = window.encodeURIComponent(self._address())
        url = "/api/player/" + self.pipeline + path + "?address=" + address + more
        called: Awaitable[str] = self._api.call(method, url, data)
        return called

    def _tell(self, status: str, error: str = "") -> None:
        told = status + error + str(self._song)
        if told != self._told:
            self._told = told
            self._on_state({"status": status, "song": self._song, "error": error})
