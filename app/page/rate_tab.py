"""The Rate tab: what the listener says a tune is like."""

from pyscript import document

from app.page.dom import by_id, on, one_decimal, spawn
from app.page.reasons import phrases
from sidflow_feedback.recorder import DIMENSIONS

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from app.page.playback import Playback
    from app.page.recommendations import Recommendations

MOST_REASONS = 2


class RateTab:
    """Rates the song that is loaded: energy, mood, complexity, and preference if the listener likes.

    `on_rated` is called after each rating.
    """

    def __init__(
        self,
        playback: "Playback",
        recommendations: "Recommendations",
        on_rated: "Callable[[], None]",
    ) -> None:
        self._playback = playback
        self._recommendations = recommendations
        self._on_rated = on_rated
        self._shown: Any = None
        for name in DIMENSIONS:
            _add_scale(name)
        on(by_id("rate-form"), "submit", self._submitted)
        on(by_id("rate-next"), "click", lambda event: spawn(playback.next(int(event.detail))))
        playback.subscribe(self.show)
        recommendations.subscribe(self._show_prediction)
        self.show()

    def show(self) -> None:
        """Show the song that is loaded, and what the model expects of it."""
        tune, track = self._playback.tune, self._playback.track
        song = (track["sidPath"], track["song"]) if track else None
        if song != self._shown:
            by_id("rate-form").reset()
            by_id("rate-result").textContent = ""
            self._shown = song
        by_id("rate-title").textContent = tune["title"] if tune else "Nothing is playing"
        by_id("rate-hint").hidden = tune is not None
        by_id("rate-form").querySelector("[type=submit]").disabled = tune is None
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
            found = phrases(why[name]["reasons"], MOST_REASONS) if why else []
            _fieldset(name).querySelector(".reasons").textContent = ", ".join(found)

    def _submitted(self, event: "Any") -> None:
        event.preventDefault()
        ratings = _chosen()
        missing = [name for name in ("e", "m", "c") if name not in ratings]
        if missing:
            by_id("rate-result").textContent = "Rate energy, mood and complexity first: 1 to 5 each."
            return
        if self._playback.rate(ratings):
            by_id("rate-result").textContent = "Rated. Thank you."
            self._on_rated()


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


def _chosen() -> "dict[str, int]":
    chosen = {}
    for name in DIMENSIONS:
        choice = _fieldset(name).querySelector("input:checked")
        if choice:
            chosen[name] = int(choice.value)
    return chosen
