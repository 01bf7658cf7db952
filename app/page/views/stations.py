"""Stations: more like what plays, like the listener's likes, or by feeling."""

from app.page.core.tasks import spawn
from app.page.views.dom import by_id, notice, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.recommendations import Recommendations
    from app.page.views.elements import Event

UNKNOWN = (
    "This can't be compared yet: its sound is not analyzed. Try again in a while, or add an analysis file."
)


class Stations:
    """Starts and stops stations; they begin with the next tune, or at once if nothing plays."""

    def __init__(self, playback: "Playback", recommendations: "Recommendations") -> None:
        self._playback = playback
        self._recommendations = recommendations
        on(by_id("more-like-this"), "click", lambda _event: self._play_like())
        on(by_id("station"), "change", self._on_choice)
        on(by_id("stop-station"), "click", lambda _event: recommendations.stop_station())
        recommendations.changed.connect(self._show)

    def _play_like(self) -> None:
        tune = self._playback.tune
        if tune and not self._recommendations.play_like(tune, self._playback.song):
            notice(UNKNOWN)

    def _on_choice(self, event: "Event") -> None:
        choice = event.target.value
        if choice == "likes":
            self._recommendations.play_likes()
        elif choice == "composer":
            spawn(self._play_composer())
        elif choice:
            self._recommendations.play_feeling(choice)
        by_id("station").value = ""

    async def _play_composer(self) -> None:
        tune = self._playback.tune
        if tune is None:
            notice("Play a tune first: this station plays what sounds like its composer.")
        elif not await self._recommendations.play_composer(tune):
            notice(UNKNOWN)

    def _show(self) -> None:
        by_id("stop-station").hidden = not self._recommendations.station
