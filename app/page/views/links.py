"""Addresses of tabs, tunes, and stations. Those of places are in ``static/js/tunes/places.js``."""

from pyscript import window
from pyscript.ffi import create_proxy

from app.page.core.playback_state import State
from app.page.core.routes import TABS, address, parse, route
from app.page.core.tasks import spawn
from app.page.views.dom import notice

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.recommendations import Recommendations
    from app.page.core.resume import Resume
    from app.page.core.routes import Route
    from app.page.core.tune import Track
    from app.page.core.tune_library import TuneLibrary
    from app.page.views.tabs import Tabs
    from sidflow_feedback.types import Feeling

FEELINGS: "tuple[Feeling, ...]" = ("calm", "driving", "dark", "bright", "simple", "intricate")
HASH = "sha256:"

MISSING = (
    "The link leads to “{}”, which is neither on this site nor among the music that you added. If you have "
    "the file, for example in HVSC, add it with “Add files”, then play it from the list."
)
MISSING_OWN = (
    "The link leads to a file of the person who shared it, which this browser doesn’t have. If you have the "
    "same file, add it with “Add files”, then open the link again."
)


class Links:
    """Keeps the page and its address together.

    Parameters
    ----------
    resume
        Knows where the listener left the tune that a link may lead to.
    """

    def __init__(
        self,
        tabs: "Tabs",
        playback: "Playback",
        library: "TuneLibrary",
        recommendations: "Recommendations",
        resume: "Resume",
    ) -> None:
        self._tabs = tabs
        self._playback = playback
        self._library = library
        self._recommendations = recommendations
        self._resume = resume
        self._track: Track | None = None
        self._following = False
        self._missing: Route | None = None
        self._has_all_tunes = False
        self._play_address = "#/"
        # Not `addEventListener`: see `Page`.
        window.onpopstate = create_proxy(lambda _event: self._follow())
        tabs.changed.connect(self._on_tab)
        playback.changed.connect(self._on_playback)

    def start(self, has_all_tunes: bool) -> None:
        """Go where the page's address leads. Unless all tunes are there, a missing one may come."""
        self._has_all_tunes = has_all_tunes
        self._follow()

    def try_again(self) -> None:
        """Open the tune that was missing before: all are there now."""
        self._has_all_tunes = True
        if self._missing is not None:
            spawn(self._open_tune(self._missing))

    def _follow(self) -> None:
        here = str(window.location.hash)
        if here.startswith("#token="):
            return  # It leads nowhere: ``player/token.js`` keeps it, and removes it from the address.
        target = parse(here)
        self._following = True
        self._tabs.open(target["view"] if target["view"] in TABS else "play")
        self._following = False
        if target["view"] == "tune" and not self._playback.active:
            spawn(self._open_tune(target))
        elif target["view"] == "station":
            self._open_station(target["name"])

    def _open_station(self, name: str) -> None:
        if name == "likes":
            self._recommendations.play_likes()
        for feeling in FEELINGS:
            if feeling == name:
                self._recommendations.play_feeling(feeling)

    async def _open_tune(self, target: "Route") -> None:
        """Show a tune, ready to play."""
        self._missing = None
        left = self._resume.left()
        is_left = left and left["path"] == target["name"] and target["song"] in (0, left["song"])
        if is_left and not target["at"]:
            return  # The listener is offered to go on with it.
        current = self._playback.tune
        if current is not None and current.sid_path == target["name"] and not target["at"]:
            if 0 < target["song"] <= current.songs and target["song"] != self._playback.song:
                self._playback.set_song(target["song"])
            return
        tune = await self._library.find(target["name"])
        if tune is None and self._has_all_tunes:
            own = target["name"].startswith(HASH)
            notice(MISSING_OWN if own else MISSING.replace("{}", target["name"]))
        elif tune is None:
            self._missing = target
        elif not self._playback.active:
            song = target["song"] if target["song"] <= tune.songs else 0
            is_in_song = target["at"] < tune.play_length(song or tune.start_song)
            await self._playback.cue(tune, song, float(target["at"]) if is_in_song else 0.0)

    def _on_tab(self, name: str) -> None:
        if self._following:
            return
        here = str(window.location.hash)
        if parse(here)["view"] not in TABS[1:]:
            self._play_address = here or "#/"
        there = self._play_address if name == "play" else address(route(name))
        if there != (here or "#/"):
            window.history.pushState(None, "", there)

    def _on_playback(self) -> None:
        """Show the tune that has begun in the address, but leave the address of a place."""
        track = self._playback.track
        if track is None or track is self._track or self._playback.state != State.PLAYING:
            return
        self._track = track
        tune = self._playback.tune
        song = 0 if tune and track.song == tune.start_song else track.song
        there = "#/" if track.private else address(route("tune", track.sid_path, song))
        here = parse(str(window.location.hash))["view"]
        if here in TABS[1:]:
            if parse(self._play_address)["view"] != "place":
                self._play_address = there
        elif here != "place":
            window.history.replaceState(None, "", there)
