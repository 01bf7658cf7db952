"""One tab plays at a time, the newest: the others pause and say so."""

from pyscript import window
from pyscript.ffi import create_proxy

from app.page.core.playback_state import State
from app.page.views.dom import by_id, show_text

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from app.page.core.playback import Playback

CHANNEL = "sidflow.playing"
ELSEWHERE = "Playing in another tab."


class OneTab:
    """Tells the other tabs when this one begins to play, and pauses when another one does."""

    def __init__(self, playback: "Playback") -> None:
        self._playback = playback
        self._playing = False
        self._channel: Any = window.BroadcastChannel.new(CHANNEL)
        self._channel.onmessage = create_proxy(lambda _event: self._on_other())
        playback.changed.connect(self._on_playback)

    def _on_playback(self) -> None:
        playing = self._playback.state == State.PLAYING
        if playing and not self._playing:
            self._channel.postMessage("playing")
            show_text(by_id("elsewhere"), "")
        self._playing = playing

    def _on_other(self) -> None:
        if self._playback.active:
            self._playback.pause()
            show_text(by_id("elsewhere"), ELSEWHERE)
