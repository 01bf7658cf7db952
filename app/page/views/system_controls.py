"""The playing tune outside of the page: title of the tab, lock screen, media keys, headphones."""

from pyscript import document, window
from pyscript.ffi import create_proxy
from pyscript.js_modules import media_controls

from app.page.core.playback_state import ACTIVE, State
from app.page.core.release import RELEASE
from app.page.core.tasks import spawn

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.tune import Track, Tune

NAME = "sidflow"
SILENCE = RELEASE + "static/vendor/silence.wav"
PICTURE = RELEASE + "static/icons/icon-512.png"
SHOWN = ACTIVE + (State.PAUSED, State.ENDED)  # noqa: RUF005  MicroPython can't unpack here.
"""States in which there is a tune to show."""


class SystemControls:
    """Shows the tune where the browser and the system can show it, and obeys their controls."""

    def __init__(self, playback: "Playback") -> None:
        self._playback = playback
        self._shown: Track | None = None
        self._native = media_controls.MediaControls.new(SILENCE)
        for action, handler in (
            ("play", lambda _seconds: self._play()),
            ("pause", lambda _seconds: playback.pause()),
            ("stop", lambda _seconds: playback.pause()),
            ("previoustrack", lambda _seconds: spawn(playback.previous())),
            ("nexttrack", lambda _seconds: spawn(playback.next())),
            ("seekto", playback.seek),
            ("seekforward", lambda seconds: playback.seek(playback.elapsed + seconds)),
            ("seekbackward", lambda seconds: playback.seek(max(playback.elapsed - seconds, 0.0))),
        ):
            self._native.on(action, create_proxy(handler))
        playback.changed.connect(self._show)

    def _play(self) -> None:
        if not self._playback.active:
            self._playback.toggle()

    def _show(self) -> None:
        playback, tune, track = self._playback, self._playback.tune, self._playback.track
        if tune is None or track is None or playback.state not in SHOWN:
            self._shown = None
            document.title = NAME
            self._native.setState("none", 0, 0)
            return
        if track is not self._shown:
            self._shown = track
            document.title = _title(tune)
            self._native.show(tune.title, tune.author, tune.released, _address(PICTURE))
        state = "playing" if playback.active else "paused"
        self._native.setState(state, float(track.length), float(playback.elapsed))


def _title(tune: "Tune") -> str:
    return " – ".join([text for text in (tune.title, tune.author) if text]) + " · " + NAME


def _address(path: str) -> str:
    """Return the full address of a file of the page: other programs get it."""
    return str(window.URL.new(path, document.baseURI).href)
