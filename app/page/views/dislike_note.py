"""A dislike goes on to the next tune: for some seconds, a line in the player bar says so, with Undo."""

from pyscript import document
from pyscript.ffi import create_proxy

from app.page.views.dom import by_id, on, show_text

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.tune import Tune
    from app.page.views.elements import Event

TICKS = 40
"""Calls of `DislikeNote.tick` that the line stays for: 10 s."""

CONTROLS = "button, summary, label, input, select, a, tr"
"""What the listener goes on with: a press on it takes the line away."""


class DislikeNote:
    """The line stands in place of the composer, so that it covers nothing and moves nothing."""

    def __init__(self, playback: "Playback") -> None:
        self._playback = playback
        self._disliked: tuple[Tune, str] | None = None
        self._ticks = 0
        on(by_id("dislike-undo"), "click", lambda _event: self._undo())
        document.addEventListener("click", create_proxy(self._on_press), True)
        playback.disliked.connect(self._offer)

    def tick(self) -> None:
        """Take the line away in time, unless the listener is about to press the button."""
        if self._ticks and not document.querySelector("#dislike-undo:is(:hover, :focus)"):
            self._ticks -= 1
            if not self._ticks:
                self._show("")

    def _offer(self, tune: "Tune", event: str) -> None:
        self._disliked = tune, event
        self._show("Disliked “" + tune.title + "”.")

    def _undo(self) -> None:
        if self._disliked:
            self._playback.take_back_dislike(*self._disliked)
            self._disliked = None
            by_id("like").focus()
            self._show("Taken back.")

    def _on_press(self, event: "Event") -> None:
        control = event.target.closest(CONTROLS)
        if self._ticks and control and control.id != "dislike-undo":
            self._disliked = None
            self._show("")

    def _show(self, text: str) -> None:
        self._ticks = TICKS if text else 0
        show_text(by_id("dislike-note"), text)
        by_id("dislike-undo").hidden = not text or self._disliked is None
