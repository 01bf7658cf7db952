"""The hero while nothing is playing: what this is, and the button that plays music."""

from pyscript.js_modules import first_press

from app.page.views.dom import by_id, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback


class Start:
    """Plays the first tune of the queue at one press."""

    def __init__(self, playback: "Playback") -> None:
        self._playback = playback
        on(by_id("start-listening"), "click", lambda _event: playback.toggle())
        playback.changed.connect(self._show)

    def make_good(self) -> None:
        """Do what the listener has asked for before there were tunes."""
        if first_press.take() and self._playback.tune is None:
            self._playback.toggle()

    def _show(self) -> None:
        by_id("start").hidden = self._playback.tune is not None
