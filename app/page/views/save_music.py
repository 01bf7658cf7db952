"""Downloads of music: the current song as WAV, and the list or the queue as a playlist."""

from pyscript.ffi import create_proxy
from pyscript.js_modules import files

from app.page.core.tasks import error_message, spawn
from app.page.views.dom import by_id, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.recommendations import Recommendations
    from app.page.core.tune import Tune
    from app.page.core.tune_library import TuneLibrary

QUEUE_LENGTH = 20
MAX_SECONDS = 1800.0
"""Longest WAV: half an hour in stereo takes 320 MB of memory."""


class SaveMusic:
    """Saves what plays, what is listed, and what plays next.

    Parameters
    ----------
    native
        The page's JavaScript player, whose settings a WAV is rendered with.
    """

    def __init__(
        self,
        library: "TuneLibrary",
        playback: "Playback",
        recommendations: "Recommendations",
        native: object,
    ) -> None:
        self._library = library
        self._playback = playback
        self._recommendations = recommendations
        self._native = native
        self._saving: object | None = None
        """Tells the current saving from one that was canceled."""
        self._saved: Tune | None = None
        on(by_id("save-wav"), "click", lambda _event: self._on_save())
        playback.changed.connect(self._on_playback)
        on(by_id("save-list"), "click", lambda _event: spawn(self._save_playlist("sidflow-list.m3u", None)))
        on(by_id("save-queue"), "click", lambda _event: self._save_queue())

    def _on_save(self) -> None:
        if self._saving is not None:
            files.cancelWav()
            self._end("Saving was canceled.")
        elif self._playback.tune is not None:
            spawn(self._save_wav(self._playback.tune))

    def _on_playback(self) -> None:
        """Take away what is said of another tune than the one that plays."""
        if self._saving is None and self._saved is not self._playback.tune:
            self._saved = self._playback.tune
            by_id("save-result").textContent = ""

    async def _save_wav(self, tune: "Tune") -> None:
        song, progress = self._playback.song, create_proxy(_show_progress)
        name = tune.title + (" (song " + str(song) + ")" if tune.songs > 1 else "") + ".wav"
        seconds = min(tune.play_length(song), MAX_SECONDS)
        saving = self._saving = object()
        self._saved = tune
        by_id("save-wav").textContent = "Cancel saving"
        _show_progress(0.0)
        by_id("save-result").textContent = ""
        try:
            data = await self._library.data(tune)
            if self._saving is saving:
                await files.saveWav(name, data, song, seconds, self._native, progress)
            result = "Saved as " + name + "."
        except Exception as exc:
            result = error_message(exc)
        if self._saving is saving:
            self._end(result)

    def _end(self, result: str) -> None:
        self._saving = None
        by_id("save-result").textContent = result
        by_id("save-wav").textContent = "Save as WAV"
        by_id("save-progress").hidden = True

    def _save_queue(self) -> None:
        tunes = [tune for tune, _ in self._recommendations.upcoming(QUEUE_LENGTH)]
        spawn(self._save_playlist("sidflow-queue.m3u", tunes))

    async def _save_playlist(self, name: str, tunes: "list[Tune] | None") -> None:
        files.save(name, await self._library.playlist(tunes), "audio/x-mpegurl")


def _show_progress(progress: float) -> None:
    by_id("save-progress").hidden = False
    by_id("save-progress").value = progress
