"""The Rate tab: the listener's rating of a song, the model's prediction beside it, and undo."""

from pyscript import document

from app.page.core.tasks import spawn
from app.page.views.dom import aria, by_id, create, on, one_decimal
from app.page.views.event_text import SERVER_COPY, format_ratings
from app.page.views.reasons import phrases
from app.page.views.sureness import NAMES, show_prediction
from sidflow_feedback.vocabulary import DIMENSIONS

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypedDict

    from app.page.core.playback import Playback
    from app.page.core.recommendations import Recommendations
    from app.page.views.elements import Element, Event
    from sidflow_feedback.types import Dimension, ForgottenEvent

    Song = tuple[str, int]

    class Rating(TypedDict):
        """The last rating, which can be undone."""

        uuid: str
        title: str
        song: Song | None
        ratings: dict[Dimension, int]


MAX_REASONS = 2


class RateTab:
    """Rates the current song: energy, mood, complexity, preference, or any of them.

    Parameters
    ----------
    withdraw
        Deletes an event, given its uuid; the outcome arrives in `on_forgotten`.
    """

    def __init__(
        self,
        playback: "Playback",
        recommendations: "Recommendations",
        withdraw: "Callable[[str], object]",
    ) -> None:
        self._playback = playback
        self._recommendations = recommendations
        self._withdraw = withdraw
        self._shown: Song | None = None
        self._last: Rating | None = None
        self._withdrawn = ""
        self._saved: list[Rating] = []
        """The ratings of this visit that count, the newest last."""
        for name in DIMENSIONS:
            _add_scale(name)
        on(by_id("rate-form"), "submit", self._on_submit)
        on(by_id("rate-form"), "keydown", self._on_key)
        on(by_id("rate-form"), "change", lambda _event: self._on_choice())
        on(by_id("rate-and-next"), "click", lambda _event: self._rate_and_play_next())
        on(by_id("rate-next"), "click", lambda event: spawn(playback.next(int(event.detail))))
        on(by_id("rate-undo"), "click", lambda _event: self.undo())
        playback.changed.connect(self.show)
        recommendations.changed.connect(self._show_prediction)
        self.show()

    def press(self, digit: int) -> None:
        """Rate the focused dimension, or the first one without a rating, and move the focus to the next."""
        focused: Element = document.activeElement.closest("fieldset[data-dimension]")
        missing = [name for name in DIMENSIONS if name not in _chosen()]
        name = focused.dataset.dimension if focused else missing[0] if missing else "e"
        _choose(name, digit)
        self._on_choice()
        position = DIMENSIONS.index(name) + 1
        if position < len(DIMENSIONS):
            following = _fieldset(DIMENSIONS[position])
            (following.querySelector("input:checked") or following.querySelector("input")).focus()
        else:
            by_id("rate-and-next").focus()

    def undo(self) -> None:
        """Withdraw the last rating; there is nothing to undo until the next one."""
        if self._last is None:
            return
        last, self._last = self._last, None
        self._forget([last["uuid"]])
        self._withdraw(last["uuid"])
        self._withdrawn = last["uuid"]
        self._show_last("Undone: your rating of " + last["title"] + " no longer counts.")
        if last["song"] == self._shown:
            by_id("rate-result").textContent = ""
            for name in last["ratings"]:
                _choose(name, last["ratings"][name])
            self._on_choice()

    def forget_all(self) -> None:
        """Note that no rating of this visit counts: the listener deletes everything."""
        self._last = None
        self._show_last("")
        self._forget([rating["uuid"] for rating in self._saved])

    def on_forgotten(self, forgotten: "list[ForgottenEvent]") -> None:
        """Show which events are deleted for good."""
        self._forget([event["uuid"] for event in forgotten])
        for event in forgotten:
            if event["uuid"] == self._withdrawn:
                self._withdrawn = ""
                by_id("rate-last").querySelector("span").append(SERVER_COPY[event["sent"]])
            elif self._last and event["uuid"] == self._last["uuid"]:
                self._last = None
                self._show_last("")

    def show(self) -> None:
        """Show the current song and its prediction."""
        tune, track = self._playback.tune, self._playback.track
        song = (track.sid_path, track.song) if track else None
        if song != self._shown:
            by_id("rate-form").reset()
            by_id("rate-result").textContent = ""
            self._shown = song
        by_id("rate-title").textContent = tune.title if tune else "Nothing is playing"
        by_id("rate-hint").hidden = tune is not None
        private = track is not None and track.private
        by_id("rate-private").hidden = not private
        for button in by_id("rate-form").querySelectorAll("[type=submit], #rate-and-next"):
            button.disabled = tune is None or private
        self._show_saved()
        self._show_prediction()

    def _on_choice(self) -> None:
        self._show_saved()
        self._show_prediction()

    def _show_saved(self) -> None:
        """Show whether there is something to save: the same opinion is not recorded twice."""
        saved = self._is_saved(_chosen())
        button = by_id("rate-form").querySelector("[type=submit]")
        button.setAttribute("aria-disabled", aria(saved))  # Not `disabled`: it may have the focus.
        by_id("rate-form").dataset.saved = aria(saved)

    def _is_saved(self, ratings: "dict[Dimension, int]") -> bool:
        """Return whether the listener has rated the song like this before."""
        saved: dict[Dimension, int] = {}
        for rating in self._saved:
            if rating["song"] == self._shown:
                saved.update(rating["ratings"])
        return bool(ratings) and all(saved.get(name) == ratings[name] for name in ratings)

    def _forget(self, uuids: "list[str]") -> None:
        """Note that these ratings no longer count: they can be saved again."""
        self._saved = [rating for rating in self._saved if rating["uuid"] not in uuids]
        self._show_saved()

    def _show_prediction(self) -> None:
        """Show what was expected, where the listener has chosen: before, it would lead them."""
        tune, song = self._playback.tune, self._playback.song
        prediction = self._recommendations.prediction(tune, song) if tune else None
        levels, chosen = self._sureness(), _chosen()
        for name in DIMENSIONS:
            value = prediction[name] if prediction and name in chosen else None
            show_prediction(_fieldset(name).querySelector(".prediction"), value, levels[name])
            _show_ghost(name, value if levels[name] else None)
        spawn(self._show_reasons())

    async def _show_reasons(self) -> None:
        """Show beside each scale which features influence the prediction most."""
        tune, track = self._playback.tune, self._playback.track
        why = await self._recommendations.why(tune, self._playback.song) if tune else None
        if track is not self._playback.track:
            return
        levels, chosen = self._sureness(), _chosen()
        for name in DIMENSIONS:
            told = why and levels[name] and name in chosen
            found = phrases(why[name]["reasons"], MAX_REASONS) if why and told else []
            _fieldset(name).querySelector(".reasons").textContent = ", ".join(found)

    def _sureness(self) -> "dict[str, int]":
        """Return how sure the model is of each dimension of the current song."""
        tune = self._playback.tune
        return (
            self._recommendations.sureness(tune, self._playback.song)
            if tune
            else dict.fromkeys(DIMENSIONS, 0)
        )

    def _on_submit(self, event: "Event") -> None:
        event.preventDefault()
        self._rate()

    def _on_key(self, event: "Event") -> None:
        """Save and play the next tune on Enter: four digits and Enter are a complete rating."""
        if event.key == "Enter" and event.target.type == "radio":
            event.preventDefault()
            self._rate_and_play_next()

    def _rate_and_play_next(self) -> None:
        if self._rate():
            spawn(self._playback.next())

    def _rate(self) -> bool:
        ratings = _chosen()
        if not ratings:
            by_id("rate-result").textContent = "Choose 1 to 5 on at least one scale first."
            return False
        if self._is_saved(ratings):
            by_id("rate-result").textContent = "This rating is saved."
            self._playback.confirm(
                [rating["uuid"] for rating in self._saved if rating["song"] == self._shown][-1]
            )
            return True
        tune, song = self._playback.tune, self._playback.song
        expected = self._recommendations.prediction(tune, song) if tune else None
        levels = self._sureness()
        uuid = self._playback.rate(ratings)
        if not uuid or not tune:
            return False
        self._last = {"uuid": uuid, "title": tune.title, "song": self._shown, "ratings": ratings}
        self._saved.append(self._last)
        self._show_saved()
        by_id("rate-result").textContent = "Rated. Thank you."
        text = "You rated " + tune.title + ": " + format_ratings(ratings) + "."
        self._show_last(text + _surprise(ratings, expected, levels))
        return True

    def _show_last(self, text: str) -> None:
        by_id("rate-last").querySelector("span").textContent = text
        by_id("rate-last").hidden = not text
        had_focus = document.activeElement.id == "rate-undo"
        by_id("rate-undo").hidden = self._last is None
        if had_focus and self._last is None:
            by_id("rate-title").focus()


def _fieldset(name: str) -> "Element":
    return document.querySelector("fieldset[data-dimension=" + name + "]")  # type: ignore[no-any-return]


def _add_scale(name: str) -> None:
    scale = _fieldset(name).querySelector(".scale")
    for number in range(1, 6):
        label, choice = create("label"), create("input")
        choice.type, choice.name, choice.value = "radio", name, str(number)
        label.append(choice, create("span", str(number)))
        scale.append(label)
    ghost = create("span")
    ghost.className, ghost.hidden = "ghost", True
    ghost.setAttribute("aria-hidden", "true")
    scale.append(ghost)


def _show_ghost(name: str, value: "float | None") -> None:
    """Mark the expectation on a scale; screen readers have it in words."""
    ghost = _fieldset(name).querySelector(".ghost")
    ghost.hidden = value is None
    if value is not None:
        ghost.style.setProperty("--at", str(value))


def _chosen() -> "dict[Dimension, int]":
    chosen: dict[Dimension, int] = {}
    for name in DIMENSIONS:
        choice = _fieldset(name).querySelector("input:checked")
        if choice:
            chosen[name] = int(choice.value)
    return chosen


def _choose(name: str, value: int) -> None:
    _fieldset(name).querySelector("input[value='" + str(value) + "']").checked = True


def _surprise(
    ratings: "dict[Dimension, int]", expected: "dict[str, float] | None", levels: "dict[str, int]"
) -> str:
    """Return where the prediction was most wrong, which is what the model learns from a rating."""
    told = [name for name in ratings if levels[name]]
    if expected is None or not told:
        return ""
    error, name = max([(abs(ratings[name] - expected[name]), name) for name in told])
    if error < 1:
        return " About as expected."
    return " Least expected: " + NAMES[name] + "; the prediction was " + one_decimal(expected[name]) + "."
