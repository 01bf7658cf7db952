"""The incognito switch, which lasts as long as the page."""

from pyscript import document

from app.page.views.dom import aria, by_id, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.recommendations import Recommendations

ON = (
    "Incognito is on. Nothing that you play, skip, like, or rate in this tab is recorded or learned from "
    "until you turn it off or leave the page. Earlier recordings stay."
)
PRIVATE_TUNE = (
    "Incognito is off. The current tune started incognito and stays unrecorded; the next one counts."
)


class Incognito:
    """The switch. A tune that plays while it is on is private, and stays unrecorded to its end."""

    def __init__(self, playback: "Playback", recommendations: "Recommendations") -> None:
        self._playback = playback
        self._recommendations = recommendations
        on(by_id("incognito"), "click", lambda _event: self._toggle())
        playback.changed.connect(self._show)

    def _toggle(self) -> None:
        self._recommendations.incognito = not self._playback.incognito
        self._playback.set_incognito(self._recommendations.incognito)

    def _show(self) -> None:
        incognito, track = self._playback.incognito, self._playback.track
        document.documentElement.dataset.incognito = "on" if incognito else "off"
        by_id("incognito").setAttribute("aria-checked", aria(incognito))
        text = ON if incognito else PRIVATE_TUNE if track and track.private else ""
        note = by_id("incognito-note")
        if note.textContent != text:  # Otherwise screen readers would announce it again.
            note.textContent = text
        note.hidden = not text
