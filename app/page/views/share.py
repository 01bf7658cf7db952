"""The link to the song that plays: shared with other apps, or copied."""

from pyscript import document, window
from pyscript.js_modules import share

from app.page.core.routes import address, route
from app.page.core.tasks import spawn
from app.page.views.dom import by_id, minutes, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.tune import Tune

COPIED = "Link copied."
OWN = " It works for whoever has the same file on this site."
FAILED = "The link can't be copied, because the browser doesn't allow it. Copy this one: "


async def share_tune(tune: "Tune", song: int = 0, at: int = 0) -> str:
    """Share the link to a tune, or to a song and a position in it; return the outcome in words."""
    link = str(window.URL.new(address(route("tune", tune.sid_path, song, at)), document.baseURI).href)
    outcome = await share.shareLink(tune.title, link)
    if outcome == "copied":
        return COPIED + (OWN if tune.own else "")
    return FAILED + link if outcome == "failed" else ""


class Share:
    """A menu of two links: to the song, and to the position in it."""

    def __init__(self, playback: "Playback") -> None:
        self._playback = playback
        on(by_id("share-menu"), "beforetoggle", lambda _event: self._open())
        on(by_id("share-song"), "click", lambda _event: spawn(self._share(0)))
        on(by_id("share-position"), "click", lambda _event: spawn(self._share(int(playback.elapsed))))
        playback.changed.connect(self._show)

    def _open(self) -> None:
        by_id("share-position").textContent = "Share from " + minutes(self._playback.elapsed)
        by_id("share-result").textContent = ""

    async def _share(self, at: int) -> None:
        tune = self._playback.tune
        if tune is None:
            return
        song = 0 if self._playback.song == tune.start_song else self._playback.song
        by_id("share-result").textContent = await share_tune(tune, song, at)

    def _show(self) -> None:
        by_id("share").disabled = self._playback.tune is None
