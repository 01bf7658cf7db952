"""Players: adapters that make a tune audible, behind one interface."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, NotRequired, Protocol, TypeAlias, TypedDict

PlayerStatus: TypeAlias = Literal[
    "idle", "loading", "stopped", "starting", "playing", "paused", "ended", "error"
]

Ability: TypeAlias = Literal["position", "seek", "volume", "mute", "override", "scope"]


class PlayerState(TypedDict):
    """What a player reports after each change.

    ``end`` is the position in seconds where the song falls silent, if the player knows it.
    """

    status: PlayerStatus
    song: int
    error: str
    end: NotRequired[float | None]


class Hardware(TypedDict):
    """What a tune is played with.

    ``clock`` is ``PAL`` or ``NTSC``; ``headerClock`` may also be ``any`` or ``unknown``. ``chips`` has a pair
    for each SID chip: the model in use (6581 or 8580), and the header's (0 if it names none).
    """

    clock: str
    headerClock: str
    chips: list[tuple[int, int]]


class TuneHeader(TypedDict):
    """What the header of a SID file says."""

    title: str
    author: str
    released: str
    songs: int
    startSong: int


StateListener: TypeAlias = Callable[[PlayerState], None]


class Player(Protocol):
    """Plays one tune at a time.

    Attributes
    ----------
    pipeline
        Short name of the adapter, recorded with each event.
    abilities
        What the adapter can do; calls of anything else have no effect.
    position
        Seconds from the beginning of the song; None if the adapter can't know it.
    progress
        Completed part of a seek, 0 to 1; 1 when there is none.
    used
        What the loaded tune is played with; None while nothing is loaded, or if the adapter can't know it.
    """

    @property
    def pipeline(self) -> str: ...

    @property
    def abilities(self) -> tuple[str, ...]: ...

    @property
    def position(self) -> float | None: ...

    @property
    def progress(self) -> float: ...

    @property
    def used(self) -> Hardware | None: ...

    def load(self, data: Any, song: int) -> Awaitable[TuneHeader]:
        """Begin to load a SID file; `play` and `pause` may follow at once, without waiting.

        Parameters
        ----------
        data
            A buffer of the file's bytes.
        song
            Number of the song, from 1; 0 for the tune's start song.

        Returns
        -------
        Awaitable[TuneHeader]
            Done when the tune is loaded.

        Raises
        ------
        PlayerError
            When awaited, if the tune can't be played; the message has the reason.
        """

    def play(self) -> None:
        """Play, or resume."""

    def pause(self) -> None:
        """Fall silent and keep the position."""

    def set_song(self, song: int) -> None:
        """Switch to another song of the tune, from 1."""

    def seek(self, seconds: float) -> None:
        """Jump to a position in the song."""

    def set_volume(self, volume: float) -> None:
        """Set the volume, from 0 (silent) to 1."""

    def mute(self, mask: int) -> None:
        """Mute these voices from now on, and unmute the others: bit 3c + v is voice v of chip c."""

    def override(self, clock: str, chip: int) -> None:
        """Play with this clock (``PAL``, ``NTSC``) and all chips of this model (6581, 8580) from now on.

        Empty and 0: as the header says.
        """

    def close(self) -> None:
        """Fall silent, unload the tune, and release all resources; `load` may follow."""
