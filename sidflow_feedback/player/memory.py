"""A silent player whose time is set by hand, for tests and for trying out telemetry."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from sidflow_feedback.errors import PlayerError
from sidflow_feedback.player import Ability, Hardware, PlayerStatus, Sound, StateListener, TuneHeader


class MemoryPlayer:
    """A `Player` whose time passes when `advance` is called.

    Parameters
    ----------
    on_state
        Called after each change of state.
    songs
        Number of songs that each tune appears to have.
    pipeline, abilities
        Its name, and what it can do.
    """

    def __init__(
        self,
        on_state: StateListener = lambda _state: None,
        *,
        songs: int = 1,
        pipeline: str = "memory",
        abilities: tuple[Ability, ...] = ("position", "seek", "volume"),
    ) -> None:
        self.pipeline = pipeline
        self.abilities = abilities
        self.progress = 1.0
        self.used: Hardware | None = None
        self.muted = self.width = 0
        self._on_state = on_state
        self._songs = songs
        self._song = 0
        self._status: PlayerStatus = "idle"
        self._position = 0.0
        self._loads = 0
        self._wanted = False

    @property
    def position(self) -> float | None:
        return self._position if "position" in self.abilities else None

    def load(self, data: Any, song: int) -> Awaitable[TuneHeader]:
        self._song, self._position, self._wanted = song or 1, 0.0, False
        self._loads += 1
        self._change("loading")
        return self._header(data, self._loads)

    async def _header(self, data: Any, load: int) -> TuneHeader:
        if load == self._loads:
            self._change("idle" if not data else "playing" if self._wanted else "stopped")
        if not data:
            raise PlayerError("The file is empty: choose another one.")
        return {"title": "", "author": "", "released": "", "songs": self._songs, "startSong": 1}

    def play(self) -> None:
        self._wanted = True
        if self._status not in ("idle", "loading"):
            self._change("playing")

    def pause(self) -> None:
        self._wanted = False
        if self._status == "playing":
            self._change("paused")

    def set_song(self, song: int) -> None:
        if self._status in ("idle", "loading"):
            raise PlayerError("No tune is loaded. Load one before you choose a song.")
        if not 1 <= song <= self._songs:
            raise PlayerError(f"This tune has no song {song}: choose 1 to {self._songs}.")
        self._song, self._position = song, 0.0
        self._change(self._status)

    def seek(self, seconds: float) -> None:
        if "seek" in self.abilities and self._status not in ("idle", "loading"):
            self._position = seconds

    def mute(self, mask: int) -> None:
        if "mute" in self.abilities:
            self.muted = mask

    def override(self, clock: str, chip: int, sound: Sound) -> None:
        if "override" in self.abilities:
            chips = [(chip or 6581, 6581)]
            self.used = {"clock": clock or "PAL", "headerClock": "PAL", "chips": chips, "sound": sound}

    def spread(self, width: int) -> None:
        if "override" in self.abilities:
            self.width = width

    def close(self) -> None:
        self._position = 0.0
        self._change("idle")

    def fail(self, message: str, *, tune_fault: bool = False) -> None:
        """Report an error in the middle of a tune."""
        self._on_state({"status": "error", "song": self._song, "error": message, "tuneFault": tune_fault})
        self._status = "stopped"

    def set_volume(self, volume: float) -> None:
        if not 0 <= volume <= 1:
            raise PlayerError(f"The volume can't be {volume}: choose 0 to 1.")

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        if self._status == "playing":
            self._position += seconds

    def _change(self, status: PlayerStatus) -> None:
        self._status = status
        self._on_state({"status": status, "song": self._song, "error": ""})
