"""Stations: more like what plays, like the listener's likes, by feeling, or from a place on the taste map."""

from pyscript import document

from app.page.core.tasks import spawn
from app.page.views.dom import aria, by_id, notice, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.recommendations import Recommendations
    from app.page.core.tune import Tune
    from app.page.views.elements import Element, Event

NAMED = ("mine", "likes", "calm", "driving", "dark", "bright", "simple", "intricate")
"""Stations that a link can lead to."""

UNKNOWN = (
    "This can't be compared yet: its sound is not analyzed. Try again in a while, or add an analysis file."
)


class Stations:
    """The tiles, which play a station at once, and "More like this", which begins with the next tune."""

    def __init__(self, playback: "Playback", recommendations: "Recommendations") -> None:
        self._playback = playback
        self._recommendations = recommendations
        self._tiles: list[Element] = list(document.querySelectorAll("#stations [data-station]"))
        self._pressed = "mine"
        self._source = ("", "")
        """The station, and what plays in order, when the tiles were last shown."""
        self._waiting = False
        self._before: Tune | None = None
        on(by_id("more-like-this"), "click", lambda _event: self._play_like())
        on(by_id("stations"), "click", self._on_click)
        on(by_id("stop-station"), "click", lambda _event: recommendations.follow_predictions())
        recommendations.changed.connect(self._show)

    @property
    def name(self) -> str:
        """The name of the station that plays, if it has one and is not the listener's own."""
        return self._pressed if self._pressed in NAMED[1:] else ""

    def play_place(self, energy: float, mood: float) -> None:
        """Play tunes from a place on the taste map."""
        self._begin()
        self._recommendations.play_place(energy, mood)
        self._play_soon("")

    def open(self, name: str, plays: bool) -> bool:
        """Play the station with this name, or let it be what plays next; return whether there is one."""
        if name not in NAMED:
            return False
        if plays:
            spawn(self._play(name))
        else:
            self._begin()
            self._tune_to(name)
            self._press(name)
        return True

    def _play_like(self) -> None:
        tune = self._playback.tune
        if tune and not self._recommendations.play_like(tune, self._playback.song):
            notice(UNKNOWN)

    def _on_click(self, event: "Event") -> None:
        tile = event.target.closest("[data-station]")
        if tile:
            spawn(self._play(tile.dataset.station))

    async def _play(self, choice: str) -> None:
        if choice == "composer" and not await self._play_composer():
            return
        self._begin()
        if choice != "composer":
            self._tune_to(choice)
        self._play_soon(choice)

    def _tune_to(self, choice: str) -> None:
        if choice == "mine":
            self._recommendations.follow_predictions()
        elif choice == "likes":
            self._recommendations.play_likes()
        else:
            self._recommendations.play_feeling(choice)  # type: ignore[arg-type]

    async def _play_composer(self) -> bool:
        tune = self._playback.tune
        if tune is None:
            notice("Play a tune first: this station plays what sounds like its composer.")
            return False
        known = await self._recommendations.play_composer(tune)
        if not known:
            notice(UNKNOWN)
        return known

    def _begin(self) -> None:
        self._recommendations.stop_asking()
        self._before = self._playback.tune

    def _play_soon(self, choice: str) -> None:
        """Go on with the station's first tune, as soon as it is known."""
        self._waiting = True
        self._press(choice)

    def _press(self, choice: str) -> None:
        """Show the tile of what plays from now on; before, the end of an order would press "My station"."""
        self._pressed, self._source = choice, self._current_source()
        self._show()

    def _current_source(self) -> "tuple[str, str]":
        return self._recommendations.station, self._recommendations.in_order

    def _show(self) -> None:
        recommendations = self._recommendations
        source = self._current_source()
        if source != self._source:
            self._source, self._pressed = source, "" if any(source) else "mine"
        by_id("stop-station").hidden = not recommendations.station
        for tile in self._tiles:
            tile.setAttribute("aria-pressed", aria(tile.dataset.station == self._pressed))
        if recommendations.problem or self._playback.tune is not self._before:
            self._waiting = False
        if self._waiting and recommendations.is_tuned:
            self._waiting = False
            spawn(self._playback.next())
