"""The Rate tab: what the listener says a tune is like, how that differs from what was expected, and undo."""

from pyscript import document

from app.page.views.dom import by_id, on, one_decimal, spawn
from app.page.views.event_text import ON_THE_SERVER, format_ratings
from app.page.views.reasons import phrases
from sidflow_feedback.vocabulary import DIMENSIONS

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from app.page.core.playback import Playback
    from app.page.core.recommendations import Recommendations
    from sidflow_feedback.types import Dimension, ForgottenEvent

MAX_REASONS = 2

NAMES = {"e": "energy", "m": "mood", "c": "complexity", "p": "preference"}


class RateTab:
    """Rates the song that is loaded: energy, mood, complexity, and preference if the listener likes.

    Parameters
    ----------
    withdraw
        Takes an event back, given its uuid; when that is done, `forgotten` is told.
    on_rated
        Called after each rating.
    """

    def __init__(
        self,
        playback: "Playback",
        recommendations: "Recommendations",
        withdraw: "Callable[[str], object]",
        on_rated: "Callable[[], None]",
    ) -> None:
        self._playback = playback
        self._recommendations = recommendations
        self._withdraw = withdraw
        self._on_rated = on_rated
        self._shown: Any = None
        self._last: Any = None
        self._undone = ""
        for name in DIMENSIONS:
            _add_scale(name)
        on(by_id("rate-form"), "submit", self._submitted)
        on(by_id("rate-form"), "keydown", self._key)
        on(by_id("rate-and-next"), "click", lambda _event: self._rate_and_next())
        on(by_id("rate-next"), "click", lambda event: spawn(playback.next(int(event.detail))))
        on(by_id("rate-undo"), "click", lambda _event: self.undo())
        playback.changed.connect(self.show)
        recommendations.changed.connect(self._show_prediction)
        self.show()

    def press(self, digit: int) -> None:
        """Rate the dimension that has the focus, else the first that is not rated, and go on to the next."""
        focused = document.activeElement.closest("fieldset[data-dimension]")
        missing = [name for name in DIMENSIONS if name not in _chosen()]
        name = focused.dataset.dimension if focused else missing[0] if missing else "e"
        choice = _fieldset(name).querySelector("input[value='" + str(digit) + "']")
        choice.checked = True
        place = DIMENSIONS.index(name) + 1
        if place < len(DIMENSIONS):
            following = _fieldset(DIMENSIONS[place])
            (following.querySelector("input:checked") or following.querySelector("input")).focus()
        else:
            by_id("rate-and-next").focus()

    def undo(self) -> None:
        """Take the last rating back, once; until the next one there is nothing more to undo."""
        if self._last is None:
            return
        last, self._last = self._last, None
        self._withdraw(last["uuid"])
        self._undone = last["uuid"]
        self._say_last("Taken back: your rating of " + last["title"] + ". It counts no more.")
        if last["song"] == self._shown:
            by_id("rate-result").textContent = ""
            for name in last["ratings"]:
                _choose(name, last["ratings"][name])

    def forgotten(self, gone: "list[ForgottenEvent]") -> None:
        """Hear which events are gone for good."""
        for event in gone:
            if event["uuid"] == self._undone:
                self._undone = ""
                by_id("rate-last").querySelector("span").append(ON_THE_SERVER[event["sent"]])
            elif self._last and event["uuid"] == self._last["uuid"]:
                self._last = None
                self._say_last("")

    def show(self) -> None:
        """Show the song that is loaded, and what the model expects of it."""
        tune, track = self._playback.tune, self._playback.track
        song = (track["item_id"], track["song"]) if track else None
        if song != self._shown:
            by_id("rate-form").reset()
            by_id("rate-result").textContent = ""
            self._shown = song
        by_id("rate-title").textContent = tune["title"] if tune else "Nothing is playing"
        by_id("rate-hint").hidden = tune is not None
        private = bool(track and track.get("private"))
        by_id("rate-private").hidden = not private
        for button in by_id("rate-form").querySelectorAll("[type=submit], #rate-and-next"):
            button.disabled = tune is None or private
        self._show_prediction()

    def _show_prediction(self) -> None:
        tune, song = self._playback.tune, self._playback.song
        prediction = self._recommendations.prediction(tune, song) if tune else None
        for name in DIMENSIONS:
            text = "expected " + one_decimal(prediction[name]) if prediction else ""
            _fieldset(name).querySelector(".prediction").textContent = text
        spawn(self._show_reasons())

    async def _show_reasons(self) -> None:
        """Show beside each scale what moves the prediction most."""
        tune, track = self._playback.tune, self._playback.track
        why = await self._recommendations.why(tune, self._playback.song) if tune else None
        if track is not self._playback.track:
            return
        for name in DIMENSIONS:
            found = phrases(why[name]["reasons"], MAX_REASONS) if why else []
            _fieldset(name).querySelector(".reasons").textContent = ", ".join(found)

    def _submitted(self, event: "Any") -> None:
        event.preventDefault()
        self._rate()

    def _key(self, event: "Any") -> None:
        """Enter on a scale saves and goes on: four digits and Enter are a rating."""
        if event.key == "Enter" and event.target.type == "radio":
            event.preventDefault()
            self._rate_and_next()

    def _rate_and_next(self) -> None:
        if self._rate():
            spawn(self._playback.next())

    def _rate(self) -> bool:
        ratings = _chosen()
        missing = [name for name in ("e", "m", "c") if name not in ratings]
        if missing:
            by_id("rate-result").textContent = "Rate energy, mood and complexity first: 1 to 5 each."
            return False
        tune, song = self._playback.tune, self._playback.song
        expected = self._recommendations.prediction(tune, song) if tune else None
        uuid = self._playback.rate(ratings)
        if not uuid or not tune:
            return False
        self._last = {"uuid": uuid, "title": tune["title"], "song": self._shown, "ratings": ratings}
        by_id("rate-result").textContent = "Rated. Thank you."
        said = "You rated " + tune["title"] + ": " + format_ratings(ratings) + "."
        self._say_last(said + _surprise(ratings, expected))
        self._on_rated()
        return True

    def _say_last(self, text: str) -> None:
        by_id("rate-last").querySelector("span").textContent = text
        by_id("rate-last").hidden = not text
        had_focus = document.activeElement.id == "rate-undo"
        by_id("rate-undo").hidden = self._last is None
        if had_focus and self._last is None:
            by_id("rate-title").focus()


def _fieldset(name: str) -> "Any":
    return document.querySelector("fieldset[data-dimension=" + name + "]")


def _add_scale(name: str) -> None:
    scale = _fieldset(name).querySelector(".scale")
    for number in range(1, 6):
        label = document.createElement("label")
        choice = document.createElement("input")
        choice.type, choice.name, choice.value = "radio", name, str(number)
        label.append(choice, str(number))
        scale.append(label)


def _chosen() -> "dict[Dimension, int]":
    chosen: dict[Dimension, int] = {}
    for name in DIMENSIONS:
        choice = _fieldset(name).querySelector("input:checked")
        if choice:
            chosen[name] = int(choice.value)
    return chosen


def _choose(name: str, value: int) -> None:
    _fieldset(name).querySelector("input[value='" + str(value) + "']").checked = True


def _surprise(ratings: "dict[Dimension, int]", expected: "dict[str, float] | None") -> str:
    """Say where the model was wrong: that is what it learns from a rating."""
    if expected is None:
        return ""
    off = max((abs(ratings[name] - expected[name]), name) for name in ratings)
    if off[0] < 1:
        return " Much as expected."
    return " Most unexpected: " + NAMES[off[1]] + ", " + one_decimal(expected[off[1]]) + " was expected."
