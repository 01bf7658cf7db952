"""Controls that hold for all tunes: volume, sound, and voices."""

from sidflow_feedback.page.signal import Signal

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable

    from sidflow_feedback.player import Player, Sound

STANDARD_SOUND: "Sound" = {"filterCurve": None, "digiBoost": False, "combined": "average"}
"""That of sidplayfp, but for filter curves by author."""


class PlayerControls:
    """Controls of a player, which are handed over to the one that replaces it.

    Attributes
    ----------
    changed
        Emitted after each change of tune, song, state, judgment, player, or incognito mode.
    muted
        Voices that are silent until another tune is chosen: bit 3c + v is voice v of chip c.
    """

    def __init__(self) -> None:
        self._player: Player | None = None
        self._volume = self._fade = 1.0
        self._override: tuple[str, int, Sound] = ("", 0, STANDARD_SOUND)
        self._width = 0
        self.changed: Signal[[]] = Signal()
        self.muted = 0

    @property
    def pipeline(self) -> str:
        """The name of the player, empty if there is none."""
        return self._player.pipeline if self._player else ""

    @property
    def abilities(self) -> "tuple[str, ...]":
        """What the player can do besides playing, as `sidflow_feedback.player.Ability` names it."""
        return self._player.abilities if self._player else ()

    @property
    def progress(self) -> float:
        """Completed part of a seek, 0 to 1; 1 when there is none."""
        return self._player.progress if self._player else 1.0

    def mute(self, voice: int, silent: bool) -> None:
        """Mute or unmute a voice until another tune is chosen."""
        if self._player and "mute" in self.abilities:
            self.muted = self.muted | 1 << voice if silent else self.muted & ~(1 << voice)
            self._player.mute(self.muted)
            self.changed.emit()

    def override(self, clock: str, chip: int, sound: "Sound") -> None:
        """Play with this clock, chip, and sound, if the player can; empty and 0: as the header says."""
        if (clock, chip, sound) == self._override:
            return
        self._override = (clock, chip, sound)
        player = self._player
        if player is not None:
            self._jump(lambda: player.override(clock, chip, sound))

    def spread(self, width: int) -> None:
        """Hear several chips apart, if the player can: 0 (mono) to 100."""
        self._width = width
        if self._player is not None:
            self._player.spread(width)

    def set_volume(self, percent: int) -> None:
        """Set the volume, 0 to 100."""
        self._volume = percent / 100
        self.fade(self._fade)

    def fade(self, level: float) -> None:
        """Play at this part of the volume, 0 to 1, until the next call."""
        self._fade = level
        if self._player is not None:
            self._player.set_volume(self._volume * level)

    def _hand_over(self, player: "Player") -> None:
        """Set a player as the one before was."""
        player.set_volume(self._volume * self._fade)
        player.override(*self._override)
        player.spread(self._width)

    def _jump(self, jump: "Callable[[], None]") -> None:
        """Let the player change its position."""
        jump()
        self.changed.emit()
