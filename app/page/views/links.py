"""Addresses of tabs, tunes, and stations. Those of places are in ``static/js/tunes/places.js``."""

from pyscript import window

from app.page.core.playback_state import State
from app.page.core.routes import TABS, address, parse, route
from app.page.core.tasks import spawn
from app.page.views.dom import by_id, notice

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.resume import Resume
    from app.page.core.routes import Route
    from app.page.core.tune import Track, Tune
    from app.page.core.tune_library import TuneLibrary
    from app.page.views.covers import Covers
    from app.page.views.play_tab import PlayTab
    from app.page.views.stations import Stations
    from app.page.views.tabs import Tabs

HASH = "sha256:"

MISSING = (
    "The link leads to “{}”, which is neither on this site nor among the music that you added. If you have "
    "the file, for example in HVSC, add it with “Add files” beside the search, then play it from the list."
)
MISSING_OWN = (
    "The link leads to a file of the person who shared it, which this browser doesn’t have. If you have the "
    "same file, add it with “Add files” beside the search, then open the link again."
)

MISSING_COMPOSER = (
    "The link leads to the composer “{}”, by whom there is no tune on this site or among the music that you "
    "added. Add tunes by this composer with “Add files” beside the search, or search for another name."
)
MISSING_FOLDER = (
    "The link leads to the folder “{}”, which this browser doesn’t have. If you have the same music, add it "
    "with “Add a folder” beside the search. Links to folders that you add work in this browser only."
)
MISSING_STATION = (
    "The link leads to the station “{}”, which doesn’t exist. Choose another one: they are below “Up next”"
)
BELOW = "."
IN_THE_SHEET = ", which a press on the title at the bottom of the page opens."
"""Where the queue is a part of the sheet."""


class Links:
    """Keeps the page and its address together.

    A link plays what it names. Back and Forward change the music only between two tunes or stations; where
    they lead to another view, or close what covers it, the music goes on and the address follows it.

    Parameters
    ----------
    resume
        Knows where the listener left the tune that a link may lead to.
    """

    def __init__(
        self,
        tabs: "Tabs",
        covers: "Covers",
        playback: "Playback",
        library: "TuneLibrary",
        resume: "Resume",
        stations: "Stations",
        play_tab: "PlayTab",
    ) -> None:
        self._tabs = tabs
        self._covers = covers
        self._playback = playback
        self._library = library
        self._resume = resume
        self._stations = stations
        self._play_tab = play_tab
        self._track: Track | None = None
        self._chosen: Track | None = None
        self._target: Route | None = None
        self._following = False
        self._view = ""
        self._missing: Route | None = None
        self._notice = ""
        self._has_all_tunes = False
        self._play_address = "#/"
        covers.moved.connect(self._on_move)
        tabs.changed.connect(self._on_tab)
        playback.changed.connect(self._on_playback)

    @property
    def leads_to_station(self) -> bool:
        """Whether the address leads to a station, which is what the next press plays."""
        return parse(str(window.location.hash))["view"] == "station"

    async def start(self, has_all_tunes: bool) -> None:
        """Show what the page's address leads to. Unless all tunes are there, a missing one may come."""
        self._has_all_tunes = has_all_tunes
        target = self._open_tab()
        if target["view"] == "tune":
            await self._open_tune(target, False)
        elif target["view"] == "station":
            self._open_station(target["name"], False)
        await self._check_place()

    async def try_again(self, has_all_tunes: bool = False) -> None:
        """Open what was missing before: there are more tunes now, or even all."""
        self._has_all_tunes = self._has_all_tunes or has_all_tunes
        missing = self._missing
        if missing is not None and missing["view"] == "tune":
            await self._open_tune(missing, self._playback.active)
        await self._check_place()

    def _on_move(self, kind: str) -> None:
        if str(window.location.hash).startswith("#token="):
            return  # It leads nowhere: ``player/token.js`` keeps it, and removes it from the address.
        before = self._view
        target = self._open_tab()
        is_link = kind == "link"
        if target["view"] == "place":
            spawn(self._check_place())
        elif is_link or (kind == "step" and self._view == before):
            self._go_to(target, is_link)
        else:
            self._show_address()

    def _open_tab(self) -> "Route":
        """Open the tab of the page's address; return what the address leads to."""
        here = str(window.location.hash)
        target = parse(here)
        tab = target["view"] if target["view"] in TABS else "play"
        self._view = here if target["view"] == "place" else tab
        self._missing = self._target = None
        self._clear_notice()
        self._following = True
        self._tabs.open(tab)
        self._following = False
        return target

    def _go_to(self, target: "Route", is_link: bool) -> None:
        """Play what an address names; if the music is silent, only a link makes it play."""
        # The browser lets a page sound only after the listener has touched it.
        plays = self._playback.active or (is_link and bool(window.navigator.userActivation.hasBeenActive))
        if target["view"] == "tune":
            spawn(self._open_tune(target, plays))
        elif target["view"] == "station":
            self._open_station(target["name"], plays)
        else:
            self._show_address()

    def _open_station(self, name: str, plays: bool) -> None:
        if not self._stations.open(name, plays):
            in_sight = by_id("stations").checkVisibility()
            self._say(MISSING_STATION + (BELOW if in_sight else IN_THE_SHEET), name)

    async def _check_place(self) -> None:
        """Say so if the address leads to a folder or composer that isn't there."""
        if not self._has_all_tunes or parse(str(window.location.hash))["view"] in TABS[1:]:
            return
        kind, _, name = str(await self._play_tab.places.findMissing()).partition(":")
        if kind:
            self._missing = route("place")
            self._say(MISSING_COMPOSER if kind == "composer" else MISSING_FOLDER, name)
        elif self._missing is not None and self._missing["view"] == "place":
            self._missing = None
            self._clear_notice()

    async def _open_tune(self, target: "Route", plays: bool) -> None:
        """Play a tune, or show it, ready to play; what the listener chooses meanwhile comes first."""
        self._missing, self._target = None, target
        if not plays and self._playback.tune is None and self._is_left(target):
            return  # The listener is offered to go on with it.
        current = self._playback.tune
        if current is not None and current.sid_path == target["name"] and not target["at"]:
            self._open_song(current, target["song"] or current.start_song, plays)
            return
        tune = await self._library.find(target["name"])
        if target is not self._target or self._playback.tune is not current:
            return
        if tune is None:
            self._missing = target
            if self._has_all_tunes:
                own = target["name"].startswith(HASH)
                self._say(MISSING_OWN if own else MISSING, target["name"])
            return
        self._clear_notice()
        song = target["song"] if target["song"] <= tune.songs else 0
        is_in_song = target["at"] < tune.play_length(song or tune.start_song)
        spawn(self._playback.cue(tune, song, float(target["at"]) if is_in_song else 0.0, plays))

    def _open_song(self, current: "Tune", song: int, plays: bool) -> None:
        """Go to a song of the tune that is loaded."""
        if song <= current.songs and song != self._playback.song:
            self._playback.set_song(song)
        if plays and not self._playback.active:
            self._playback.toggle()

    def _is_left(self, target: "Route") -> bool:
        left = self._resume.left()
        if left is None or target["at"]:
            return False
        return left["path"] == target["name"] and target["song"] in (0, left["song"])

    def _say(self, text: str, name: str) -> None:
        """Show a message about the link that is followed."""
        notice(text.replace("{}", name))
        self._notice = by_id("notice").textContent

    def _clear_notice(self) -> None:
        """Hide the message: another link is followed, or it is no longer true."""
        if self._notice and by_id("notice").textContent == self._notice:
            notice("")
        self._notice = ""

    def _on_tab(self, name: str) -> None:
        if self._following:
            return
        here = str(window.location.hash)
        if parse(here)["view"] not in TABS[1:]:
            self._play_address = here or "#/"
        there = self._play_address if name == "play" else address(route(name))
        if there != (here or "#/"):
            self._covers.visit(there)
            self._view = name

    def _on_playback(self) -> None:
        """Show the tune that has begun in the address."""
        track = self._playback.track
        if track is not self._chosen:
            self._chosen = track
            # Not only once it plays: until then, the tune of a link that comes late would replace it.
            if self._missing is not None and self._missing["view"] == "tune":
                self._missing = None
        if track is None or track is self._track or self._playback.state != State.PLAYING:
            return
        self._track = track
        self._missing = None
        self._clear_notice()
        self._show_address()

    def _show_address(self) -> None:
        """Let the address name the song that plays, unless it is that of a place."""
        track, tune = self._track, self._playback.tune
        if track is None or track is not self._playback.track:
            return
        song = 0 if tune and track.song == tune.start_song else track.song
        there = "#/" if track.private else address(route("tune", track.sid_path, song))
        here = parse(str(window.location.hash))["view"]
        if here in TABS[1:]:
            if parse(self._play_address)["view"] != "place":
                self._play_address = there
        elif here != "place":
            window.history.replaceState(window.history.state, "", there)
