"""The full-screen view: waveforms and title fill the screen."""

from pyscript import document

from app.page.core.tasks import error_message, spawn
from app.page.views.dom import by_id, notice, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.views.covers import Covers

NAME = "full-screen"
REFUSED = "The browser doesn't show this in full screen. "


class FullScreen:
    """The button that opens and closes the view. Escape and Back close it, too."""

    def __init__(self, covers: "Covers") -> None:
        self._covers = covers
        button = by_id("full-screen")
        button.hidden = not document.fullscreenEnabled
        on(button, "click", lambda _event: spawn(_toggle()))
        on(by_id("leave-full-screen"), "click", lambda _event: spawn(_toggle()))
        on(document, "fullscreenchange", lambda _event: self._on_change())

    def _on_change(self) -> None:
        if document.fullscreenElement:
            self._covers.open(NAME, lambda: spawn(_leave()))
        else:
            self._covers.closed(NAME)


async def _leave() -> None:
    if document.fullscreenElement:
        await document.exitFullscreen()


async def _toggle() -> None:
    stage = by_id("stage")
    try:
        if document.fullscreenElement:
            await document.exitFullscreen()
        elif stage.checkVisibility():
            await stage.requestFullscreen()
    except Exception as exc:
        notice(REFUSED + error_message(exc))
