"""The player in the page: the SID emulator in WASM, through ``static/js/sid/player.js``. For MicroPython."""

from pyscript.ffi import to_js

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Any

    from sidflow_feedback.player import Hardware, Sound, StateListener, TuneHeader


class WasmPlayer:
    """A `Player` that renders in a worker and plays through an AudioWorklet.

    Parameters
    ----------
    module
        The JavaScript module ``player.js``.
    wasm_url
        Address of the SID emulator.
    on_state
        Called after each change of state.

    Attributes
    ----------
    native
        The JavaScript player. Its ``stats()`` returns frames played, underruns, and the output level.
    """

    pipeline = "wasm"
    abilities = ("position", "seek", "volume", "mute", "override", "scope")

    def __init__(self, module: "Any", wasm_url: str, on_state: "StateListener") -> None:
        self.used: Hardware | None = None

        def notify(state: "Any") -> None:
            self.used = _hardware(state.info)
            on_state(
                {
                    "status": state.status,
                    "song": state.song,
                    "error": state.error,
                    "end": state.end,
                    "tuneFault": state.tuneFault,
                }
            )

        self.native = module.createSidPlayer(to_js({"wasmUrl": wasm_url, "onState": notify}))

    @property
    def position(self) -> float | None:
        """Seconds from the beginning of the song; during a seek, its target."""
        return float(self.native.position)

    @property
    def progress(self) -> float:
        """Completed part of a seek, 0 to 1; 1 when there is none."""
        return float(self.native.progress)

    def load(self, data: "Any", song: int) -> "Awaitable[TuneHeader]":
        """Begin to load a SID file from an ArrayBuffer; fails with a JavaScript error that has the reason."""
        return _header(self.native.load(data, to_js({"song": song})))

    def play(self) -> None:
        """Play, or resume."""
        self.native.play()

    def pause(self) -> None:
        """Fall silent and keep the position."""
        self.native.pause()

    def set_song(self, song: int) -> None:
        """Switch to another song of the tune."""
        self.native.setSong(song)

    def set_volume(self, volume: float) -> None:
        """Set the volume, from 0 to 1."""
        self.native.setVolume(volume)

    def seek(self, seconds: float) -> None:
        """Jump to a position in the song. Everything before it is rendered first: see `progress`."""
        self.native.seek(seconds)

    def mute(self, mask: int) -> None:
        """Mute these voices from now on: bit 3c + v is voice v of chip c."""
        self.native.mute(mask)

    def override(self, clock: str, chip: int, sound: "Sound") -> None:
        """Play with another clock or chip than the header's, or another sound; the song continues."""
        self.native.override(clock, chip, to_js(sound))

    def spread(self, width: int) -> None:
        """Hear several chips apart, 0 (mono) to 100."""
        self.native.spread(width)

    def close(self) -> None:
        """Release the worker and the audio hardware."""
        self.native.close()


def _hardware(info: "Any") -> "Hardware | None":
    if not info:
        return None
    chips = [(int(sid.chip), int(sid.headerChip)) for sid in info.sids]
    sound: Sound = {
        "filterCurve": int(info.sound.filterCurve),
        "digiBoost": bool(info.sound.digiBoost),
        "combined": info.sound.combined,
    }
    return {"clock": info.clock, "headerClock": info.headerClock, "chips": chips, "sound": sound}


async def _header(loading: "Any") -> "TuneHeader":
    info = await loading
    return {
        "title": info.title,
        "author": info.author,
        "released": info.released,
        "songs": info.songs,
        "startSong": info.startSong,
    }
