"""The sleep timer: music that fades out after some minutes, or ends with the song."""

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable

    from app.page.core.playback import Playback

FADE_SECONDS = 10


class SleepTimer:
    """Pauses the playback.

    Parameters
    ----------
    now
        A monotonic clock in seconds.

    Attributes
    ----------
    at_end
        Whether it is set to the end of the song.
    """

    def __init__(self, playback: "Playback", now: "Callable[[], float]") -> None:
        self._playback = playback
        self._now = now
        self._due: float | None = None

    @property
    def at_end(self) -> bool:
        """Whether it is set to the end of the song."""
        return self._playback.stops_after_song

    @property
    def remaining(self) -> float | None:
        """Seconds until it pauses; None if it is off, or set to the end of the song."""
        return None if self._due is None else max(self._due - self._now(), 0.0)

    def start(self, minutes: int) -> None:
        """Pause after so many minutes."""
        self.cancel()
        self._due = self._now() + 60 * minutes

    def wait_for_end(self) -> None:
        """Stop at the end of the song."""
        self.cancel()
        self._playback.stops_after_song = True

    def cancel(self) -> None:
        """Switch it off."""
        self._due = None
        self._playback.stops_after_song = False
        self._playback.fade(1.0)

    def tick(self) -> bool:
        """Fade out, and pause in time; called a few times each second. Return whether it has just ended."""
        if self.remaining is None:
            return False
        if self.remaining > 0:
            if self.remaining < FADE_SECONDS:
                self._playback.fade(self.remaining / FADE_SECONDS)
            return False
        self._playback.pause()
        self.cancel()
        return True
