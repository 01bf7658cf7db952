"""Players: what makes a tune heard, behind one interface."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol, TypeAlias

from sidflow_feedback.types import Record

PlayerStatus: TypeAlias = Literal[
    "idle", "loading", "stopped", "starting", "playing", "paused", "ended", "error"
]

StateListener: TypeAlias = Callable[[Record], None]
"""Called with ``{"status": PlayerStatus, "song": int, "error": str}`` after each change."""

Ability: TypeAlias = Literal["position", "seek", "volume"]


class Player(Protocol):
    """Plays one tune at a time.

    Attributes
    ----------
    pipeline
        Short name of the adapter, recorded with each event.
    abilities
        What the adapter can do; what it can't is ignored when it is asked for.
    position
        Seconds from the beginning of the song; None where the adapter can't know.
    """

    pipeline: str
    abilities: tuple[Ability, ...]

    @property
    def position(self) -> float | None: ...

    def load(self, data: Any, song: int) -> Awaitable[Record]:
        """Begin to load a .sid file; `play` and `pause` may follow at once, without waiting.

        What is awaited is what the file says of itself: title, author, released, songs, startSong.
        `data` is a buffer of the file's bytes, `song` is from 1 (0: the tune's start song).
        Raises `PlayerError` with the reason when it can't be played.
        """

    def play(self) -> None:
        """Play, or play on."""

    def pause(self) -> None:
        """Fall silent and keep the position."""

    def set_song(self, song: int) -> None:
        """Go to another song of the tune."""

    def seek(self, seconds: float) -> None:
        """Go to a place in the song."""

    def set_volume(self, volume: float) -> None:
        """Set the volume, from 0 (silent) to 1."""

    def close(self) -> None:
        """Fall silent, forget the tune and give back what was taken; `load` may follow."""
