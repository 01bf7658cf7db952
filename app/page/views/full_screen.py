"""The full-screen view: waveforms and title fill the screen."""

from pyscript import document

from app.page.core.tasks import error_message, spawn
from app.page.views.dom import by_id, notice, on

REFUSED = "The browser doesn't show this in full screen. "


class FullScreen:
    """The button that opens and closes the view. Escape closes it, too."""

    def __init__(self) -> None:
        button = by_id("full-screen")
        button.hidden = not document.fullscreenEnabled
        on(button, "click", lambda _event: spawn(_toggle()))
        on(by_id("leave-full-screen"), "click", lambda _event: spawn(_toggle()))


async def _toggle() -> None:
    stage = by_id("stage")
    try:
        if document.fullscreenElement:
            await document.exitFullscreen()
        elif stage.checkVisibility():
            await stage.requestFullscreen()
    except Exception as exc:
        notice(REFUSED + error_message(exc))
