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

    ``end`` is the position in seconds where the song falls silent, if the player knows it. ``tuneFault``
    comes with an error: whether the tune can't be played, rather than the player is at fault.
    """

    status: PlayerStatus
    song: int
    error: str
    end: NotRequired[float | None]
    tuneFault: NotRequired[bool]


class Sound(TypedDict):
    """What differs between real C64s.

    ``filterCurve`` is that of the 6581 in percent, from 0 (bright) to 100 (dark); as a wish, None leaves it
    to the tune's author. ``digiBoost`` makes digis that an 8580 plays with its volume register as loud as a
    6581's. ``combined`` is the strength of combined waveforms: ``average``, ``weak``, or ``strong``.
    """

    filterCurve: int | None
    digiBoost: bool
    combined: str


class Hardware(TypedDict):
    """What a tune is played with.

    ``clock`` is ``PAL`` or ``NTSC``; ``headerClock`` may also be ``any`` or ``unknown``. ``chips`` has a pair
    for each SID chip: the model in use (6581 or 8580), and the header's (0 if it names none). ``sound`` is
    None if the player can't choose it.
    """

    clock: str
    headerClock: str
    chips: list[tuple[int, int]]
    sound: Sound | None


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
            When awaited, if the tune can't be played; the message has the reason. From JavaScript, it is an
            error with the name ``SidError``; other errors are the player's fault.
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

    def override(self, clock: str, chip: int, sound: Sound) -> None:
        """Play with this clock, all chips of this model, and this sound from now on.

        The clock is ``PAL`` or ``NTSC``, the model 6581 or 8580; empty and 0: as the header says.
        """

    def spread(self, width: int) -> None:
        """Hear several chips apart from now on: 0 (mono) to 100."""

    def close(self) -> None:
        """Fall silent, unload the tune, and release all resources; `load` may follow."""
