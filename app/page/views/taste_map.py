"""The taste map, an instrument: what is pressed on it plays. It lies on Insights, or in a dialog on Play."""

import json

from pyscript.ffi import create_proxy
from pyscript.js_modules import insights

from app.page.core.tasks import error_message, spawn
from app.page.views.dom import by_id, count, fill_table, notice, on, one_decimal, show_text
from sidflow_feedback.vocabulary import Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.tune_library import TuneLibrary
    from app.page.views.stations import Stations
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import Insights, RatedSong
    from sidflow_feedback.types import TasteMap as Points

FEW = 20
"""Tunes below which the map says that it is nearly empty."""

MIN_DIFFERENCE = 0.15
"""Difference between two regions of the map, in rating points, that is worth a sentence."""

REGIONS = (
    ("calm and dark", False, False),
    ("calm and bright", False, True),
    ("driving and dark", True, False),
    ("driving and bright", True, True),
)
MIDDLE = 3.0
SOUNDS = {"e": "driving is fast and dense", "m": "bright is high and sharp"}
"""What directions of the map mean until the model can tell more, by dimension."""

AXES = {"e": "from calm to driving", "m": "from dark to bright"}
MORE = "Rate energy and mood, and they move to where you feel them."
UNKNOWN_SOUND = "Your tunes are not analyzed yet."


class TasteMap:
    """Draws the map, and plays what the listener presses on it."""

    def __init__(
        self, engine: "EngineClient", library: "TuneLibrary", playback: "Playback", stations: "Stations"
    ) -> None:
        self._engine = engine
        self._library = library
        self._playback = playback
        self._stations = stations
        self._looked = -1
        self._listener = create_proxy(self._on_action)
        on(by_id("open-map"), "click", lambda _event: spawn(self._open()))
        on(by_id("map-close"), "click", lambda _event: by_id("map-dialog").close())
        on(by_id("map-dialog"), "close", lambda _event: by_id("map-card").append(by_id("taste-map")))

    async def show(self, figures: "Insights") -> None:
        """Draw the map."""
        points, rated = figures["map"], _rated_points(figures["rated"])
        own = figures["model"].startswith("local")
        rows = _regions(points)
        fill_table("map-table", ("Region", "Tunes", "Expected preference"), rows)
        show_text(by_id("map-meaning"), _describe(figures, own))
        by_id("map-chart").hidden = not points["rows"]
        text = "; ".join(row[0] + ": " + row[1] + " tunes, expected preference " + row[2] for row in rows)
        by_id("map-chart").querySelector("canvas").setAttribute("aria-label", "Taste map. " + text)
        data = {
            "rows": points["rows"],
            "e": points["e"],
            "m": points["m"],
            "p": points["p"],
            "rated": {"e": [point[0] for point in rated], "m": [point[1] for point in rated]},
            "known": own,
        }
        if points["rows"]:
            await insights.drawMap(by_id("taste-map"), json.dumps(data), self._listener)

    async def _open(self) -> None:
        """Show the map in its dialog."""
        if by_id("map-dialog").open:  # Otherwise it throws, and MicroPython can't catch that.
            return
        if not self._engine.ready:
            notice("The map is there as soon as learning has started. Try again in a moment.")
            return
        try:
            figures = await self._engine.ask(Request.INSIGHTS)
        except Exception as exc:
            notice(error_message(exc))
            return
        if by_id("map-dialog").open:  # Pressed twice.
            return
        by_id("map-dialog").append(by_id("taste-map"))
        by_id("map-dialog").showModal()
        await self.show(figures)

    def _on_action(self, kind: str, row: int, energy: float, mood: float) -> None:
        """Follow the map: see ``static/js/insights/taste-map.js``."""
        self._looked = int(row) if kind == "look" else -1
        by_id("map-tune").setAttribute("aria-busy", "true" if self._looked >= 0 else "false")
        if kind == "place":
            self._stations.play_place(float(energy), float(mood))
            feeling = f"Playing from here: energy {energy:.1f} and mood {mood:.1f} of 5."
            self._show_tune(feeling)
        elif kind == "tune":
            spawn(self._play(int(row)))
        elif row >= 0:
            spawn(self._tell(int(row), f" (energy {energy:.1f}, mood {mood:.1f} of 5)"))

    async def _play(self, row: int) -> None:
        [tune] = await self._library.at_rows([row])
        if tune is None:
            notice("Another tab has this tune, this one does not.")
            return
        self._show_tune("Playing " + tune.title + ".")
        await self._playback.open(tune)

    async def _tell(self, row: int, place: str) -> None:
        """Name the tune that the listener looks at."""
        [tune] = await self._library.at_rows([row])
        if tune is not None and row == self._looked:
            self._show_tune(tune.title + " by " + tune.author + place)

    def _show_tune(self, text: str) -> None:
        by_id("map-tune").setAttribute("aria-busy", "false")
        show_text(by_id("map-tune"), text)


def _describe(figures: "Insights", own: bool) -> str:
    """Return what the map says for the listener now."""
    known, points = figures["known"], figures["map"]
    if not known:
        return UNKNOWN_SOUND
    sentences = [_describe_places(points["bySound"]), _describe_heat(points, own)]
    if known < FEW:
        sentences.append(
            "The map is nearly empty: the sound of " + count(known, "tune") + " is known so far."
        )
    if not _rated_points(figures["rated"]):
        sentences.append("Songs whose energy and mood you rate appear as rings.")
    return " ".join(sentences)


def _describe_places(by_sound: str) -> str:
    """Return what it means where a tune lies, given the dimensions of which too little is known."""
    sounds = " and ".join([SOUNDS[name] for name in by_sound])
    if len(by_sound) > 1:
        return "Tunes lie where they sound: " + sounds + ". " + MORE
    if by_sound:
        axis = AXES[by_sound[0]] + ", they lie by their sound: "
        return "Tunes lie where you are expected to feel them; " + axis + sounds + ". " + MORE
    return "Tunes lie where you are expected to feel them."


def _describe_heat(points: "Points", own: bool) -> str:
    """Return where the map is warm."""
    if not own:
        return "What you like is not on the map yet."
    means = [(mean, name) for name, _, mean in _counted(points) if mean]
    if len(means) < 2 or max(means)[0] - min(means)[0] < MIN_DIFFERENCE:
        return "You like no corner of the map much better than another."
    return "You are expected to like " + max(means)[1] + " tunes best: there the map is warmest."


def _rated_points(rated: "list[RatedSong]") -> "list[tuple[int, int]]":
    both = [song["ratings"] for song in rated if "e" in song["ratings"] and "m" in song["ratings"]]
    return [(ratings["e"], ratings["m"]) for ratings in both]


def _counted(points: "Points") -> "list[tuple[str, int, float]]":
    """Return each region with its number of tunes and their mean preference, 0 without any."""
    counted = []
    for name, driving, bright in REGIONS:
        found = [
            points["p"][i]
            for i in range(len(points["p"]))
            if (points["e"][i] >= MIDDLE) == driving and (points["m"][i] >= MIDDLE) == bright
        ]
        counted.append((name, len(found), sum(found) / len(found) if found else 0.0))
    return counted


def _regions(points: "Points") -> "list[tuple[str, str, str]]":
    return [
        (name, str(number), one_decimal(mean) + " of 5" if number else "–")
        for name, number, mean in _counted(points)
    ]
