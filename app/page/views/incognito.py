"""Incognito: playing without a trace, as long as the page lives."""

from pyscript import document

from app.page.views.dom import by_id, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable

    from app.page.core.playback import Playback
    from app.page.core.recommendations import Recommendations
    from sidflow_feedback.page.recorder import Recorder

ON = (
    "Incognito: nothing that you play, skip, like or rate in this tab is recorded or learned from, until you "
    "switch it off or leave the page. What was recorded before stays."
)
LEFT_OVER = "Incognito is off. This tune began incognito and stays unrecorded; the next one counts again."


class Incognito:
    """The switch. A tune that is heard while it is on is marked, and stays unrecorded to its end.

    Must be made after whoever enables the buttons that judge a tune.
    """

    def __init__(
        self, playback: "Playback", recorder: "Recorder", recommendations: "Recommendations"
    ) -> None:
        self._playback = playback
        self._recorder = recorder
        self._recommendations = recommendations
        self._listeners: list[Callable[[], None]] = []
        on(by_id("incognito"), "click", lambda _event: self.toggle())
        playback.changed.connect(self._show)

    def subscribe(self, listener: "Callable[[], None]") -> None:
        """Call `listener` after each change."""
        self._listeners.append(listener)

    def toggle(self) -> None:
        """Switch it on, or off."""
        self._mark()  # Must come first when it goes off: what was heard up to now stays private.
        self._recorder.incognito = not self._recorder.incognito
        self._recommendations.incognito = self._recorder.incognito
        for listener in self._listeners:
            listener()
        self._show()

    def _mark(self) -> None:
        if self._playback.track:
            self._playback.track["private"] = True

    def _show(self) -> None:
        switched_on = self._recorder.incognito
        if switched_on:
            self._mark()
        private = bool(self._playback.track and self._playback.track.get("private"))
        document.documentElement.dataset.incognito = "on" if switched_on else "off"
        by_id("incognito").setAttribute("aria-checked", "true" if switched_on else "false")
        text = ON if switched_on else LEFT_OVER if private else ""
        if by_id("incognito-note").textContent != text:  # Else it would be read out again and again.
            by_id("incognito-note").textContent = text
        by_id("incognito-note").hidden = not text
        if private:
            for name in ("like", "dislike"):
                by_id(name).disabled = True
