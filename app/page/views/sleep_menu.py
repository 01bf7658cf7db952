"""The choice of the sleep timer, which shows the time that is left."""

from app.page.core.playback_state import State
from app.page.core.sleep_timer import SleepTimer
from app.page.views.dom import by_id, on, show_text

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable

    from app.page.core.playback import Playback

END = "end"


class SleepMenu:
    """Sets the timer. The chosen entry counts down."""

    def __init__(self, playback: "Playback", now: "Callable[[], float]") -> None:
        self._playback = playback
        self._timer = SleepTimer(playback, now)
        on(by_id("sleep"), "change", lambda event: self._choose(event.target.value))
        playback.changed.connect(self._on_playback)

    def tick(self) -> None:
        """Show what is left; called a few times each second."""
        if self._timer.tick():
            self._reset()
        left = self._timer.remaining
        if left is not None:
            show_text(by_id("sleep").selectedOptions[0], _in_words(left))

    def _choose(self, value: str) -> None:
        for option in by_id("sleep").options:
            option.textContent = option.dataset.text
        if value == END:
            self._timer.wait_for_end()
        elif value:
            self._timer.start(int(value))
        else:
            self._timer.cancel()

    def _on_playback(self) -> None:
        if self._timer.at_end and self._playback.state == State.STOPPED:
            self._timer.cancel()
            self._reset()

    def _reset(self) -> None:
        by_id("sleep").value = ""
        self._choose("")


def _in_words(seconds: float) -> str:
    whole = int(seconds + 0.99)
    return str((whole + 59) // 60) + " min left" if whole > 60 else str(whole) + " s left"
