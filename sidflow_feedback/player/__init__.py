"""Players: what makes a tune heard, behind one interface."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from sidflow_feedback.types import Record

PlayerStatus: TypeAlias = Literal[
    "idle", "loading", "stopped", "starting", "playing", "paused", "ended", "error"
]

StateListener: TypeAlias = Callable[["Record"], None]
"""Called with ``{"status": PlayerStatus, "song": int, "error": str}`` after each change."""

Ability: TypeAlias = Literal["position", "seek", "volume", "mute", "override", "scope"]


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
    progress
        How much is done of a seek, 0 to 1; 1 when none is under way.
    used
        What the loaded tune is played with: ``clock`` and ``headerClock`` (``PAL``, ``NTSC``; the header may
        also say ``any`` or ``unknown``), and ``chips``, a pair (6581 or 8580) for each: in use, and as the
        header says (0: it does not). None while nothing is loaded, and where the adapter can't know.
    """

    pipeline: str
    abilities: tuple[Ability, ...]
    progress: float
    used: Record | None

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

    def mute(self, mask: int) -> None:
        """Silence voices from now on, and let the others sound: bit 3c + v is voice v of chip c."""

    def override(self, clock: str, chip: int) -> None:
        """Play with this clock (``PAL``, ``NTSC``) and all chips of this model (6581, 8580) from now on.

        Empty and 0: as the header says.
        """

    def close(self) -> None:
        """Fall silent, forget the tune and give back what was taken; `load` may follow."""
