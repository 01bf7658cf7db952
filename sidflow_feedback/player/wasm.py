"""The player in the page: the SID emulator in WASM, through ``static/js/sid/player.js``. For MicroPython."""

from pyscript.ffi import to_js

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any


class WasmPlayer:
    """A `Player` that renders in a worker and plays through an AudioWorklet.

    Parameters
    ----------
    module
        The JavaScript module ``player.js``.
    wasm_url
        Where the SID emulator is served.
    on_state
        Hears each change of state as a dict.

    Attributes
    ----------
    native
        The JavaScript player; its ``stats()`` tell frames played, underruns, and the level of the output.
    """

    pipeline = "wasm"
    abilities = ("position", "seek", "volume", "mute", "override", "scope")

    def __init__(self, module: "Any", wasm_url: str, on_state: "Callable[[dict[str, Any]], None]") -> None:
        self.used: dict[str, Any] | None = None

        def tell(state: "Any") -> None:
            self.used = _used(state.info)
            on_state({"status": state.status, "song": state.song, "error": state.error, "end": state.end})

        self.native = module.createSidPlayer(to_js({"wasmUrl": wasm_url, "onState": tell}))

    @property
    def position(self) -> float | None:
        """Seconds from the beginning of the song, after a seek from where it led."""
        return float(self.native.position)

    @property
    def progress(self) -> float:
        """How much is done of a seek, 0 to 1; 1 when none is under way."""
        return float(self.native.progress)

    def load(self, data: "Any", song: int) -> "Awaitable[dict[str, Any]]":
        """Begin to load a .sid file from an ArrayBuffer; a JavaScript error carries the reason."""
        return _info(self.native.load(data, to_js({"song": song})))

    def play(self) -> None:
        """Play, or play on."""
        self.native.play()

    def pause(self) -> None:
        """Fall silent and keep the position."""
        self.native.pause()

    def set_song(self, song: int) -> None:
        """Go to another song of the tune."""
        self.native.setSong(song)

    def set_volume(self, volume: float) -> None:
        """Set the volume, from 0 to 1."""
        self.native.setVolume(volume)

    def seek(self, seconds: float) -> None:
        """Go to a place in the song, through everything before it: ``progress`` tells how far."""
        self.native.seek(seconds)

    def mute(self, mask: int) -> None:
        """Silence voices from now on: bit 3c + v is voice v of chip c."""
        self.native.mute(mask)

    def override(self, clock: str, chip: int) -> None:
        """Play with another clock or chip than the header's; the song goes on where it was."""
        self.native.override(clock, chip)

    def close(self) -> None:
        """Give back worker and audio hardware."""
        self.native.close()


def _used(info: "Any") -> "dict[str, Any] | None":
    if not info:
        return None
    chips = [(int(sid.chip), int(sid.headerChip)) for sid in info.sids]
    return {"clock": info.clock, "headerClock": info.headerClock, "chips": chips}


async def _info(loading: "Any") -> "dict[str, Any]":
    info = await loading
    return {name: getattr(info, name) for name in ("title", "author", "released", "songs", "startSong")}
