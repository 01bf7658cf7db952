"""The hero while nothing is playing: what this is, and the button that plays music or goes on with it."""

from pyscript.js_modules import first_press

from app.page.core.tasks import spawn
from app.page.views.dom import by_id, minutes, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.recommendations import Recommendations
    from app.page.core.resume import Left, Resume
    from app.page.core.tune import Tune
    from app.page.core.tune_library import TuneLibrary
    from app.page.views.play_tab import PlayTab
    from app.page.views.stations import Stations

WORTH_SAYING = 10
"""Seconds from which on the button says where the tune goes on."""


class Start:
    """Plays the first tune of the queue at one press, or goes on where the listener was."""

    def __init__(
        self,
        playback: "Playback",
        library: "TuneLibrary",
        recommendations: "Recommendations",
        resume: "Resume",
        stations: "Stations",
        play_tab: "PlayTab",
    ) -> None:
        self._playback = playback
        self._library = library
        self._recommendations = recommendations
        self._resume = resume
        self._stations = stations
        self._play_tab = play_tab
        self._offered = False
        on(by_id("start-listening"), "click", lambda _event: self._playback.toggle())
        on(by_id("play-other"), "click", lambda _event: spawn(playback.next()))
        playback.changed.connect(self._show)

    def make_good(self) -> None:
        """Do what the listener has asked for before there were tunes."""
        if first_press.take() and not self._playback.active:
            self._playback.toggle()

    async def offer(self) -> None:
        """Offer to go on with the tune that the listener left, unless it is gone."""
        left = self._resume.left()
        tune = await self._library.find(left["path"]) if left and not self._offered else None
        if left and tune and self._playback.tune is None:
            self._offered = True
            self._playback.opening = lambda: self._go_on(left, tune)
            at = " at " + minutes(left["position"]) if left["position"] >= WORTH_SAYING else ""
            by_id("start-listening").textContent = "Go on with " + tune.title + at
            by_id("play-other").hidden = False

    async def _go_on(self, left: "Left", tune: "Tune") -> None:
        """Play the tune, its station or order, and what the listener had put next, as far as it is there."""
        spawn(self._playback.cue(tune, left["song"], left["position"], True))
        if left["station"]:
            self._stations.open(left["station"], False)
        if left["order"]:
            await self._play_tab.play_in_order(tune, left["order"])
        for path in reversed(left["next"]):
            following = await self._library.find(path)
            if following:
                self._recommendations.play_next(following)

    def _show(self) -> None:
        by_id("start").hidden = self._playback.tune is not None
