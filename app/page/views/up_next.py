"""What comes next, and why this tune: the two cards above the library."""

from pyscript import document

from app.page.views.dom import by_id, on, spawn
from app.page.views.reasons import show_reasons

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from app.page.core.playback import Playback
    from app.page.core.recommendations import Recommendations

SHOWN = 5
MAX_REASONS = 4

NO_ENGINE = "In the order of the list, until learning has started."
NOT_MEASURED = "In the order of the list: what your music sounds like is not known yet."
GLOBAL = "Your taste is not known yet: rate 8 tunes, and switch on learning in the preferences."
LOCAL = "What you are expected to like best."


class UpNext:
    """The next tunes, each a button that plays it, and the reasons for the one that plays."""

    def __init__(self, playback: "Playback", recommendations: "Recommendations") -> None:
        self._playback = playback
        self._recommendations = recommendations
        self._tunes: list[dict[str, Any]] = []
        on(by_id("up-next"), "click", self._clicked)
        playback.changed.connect(self.show_why)
        recommendations.changed.connect(self.show)

    def show(self) -> None:
        """Show the queue, and the reasons, which a new model has changed."""
        upcoming = self._recommendations.upcoming(SHOWN)
        self._tunes = [tune for tune, _ in upcoming]
        items = [_item(i, *upcoming[i]) for i in range(len(upcoming))]
        focused = _focused_position()
        by_id("up-next").replaceChildren(*items)
        if focused is not None and focused < len(items):
            items[focused].querySelector("button").focus()
        by_id("up-next-how").textContent = self._how()
        self.show_why()

    def show_why(self) -> None:
        """Show why the song that plays is expected to please."""
        spawn(self._show_why())

    async def _show_why(self) -> None:
        playback, recommendations = self._playback, self._recommendations
        tune, track = playback.tune, playback.track
        why = await recommendations.why(tune, playback.song) if tune else None
        if track is not playback.track:
            return
        by_id("why-hint").hidden = tune is not None and bool(recommendations.model)
        by_id("why-surprise").hidden = tune is None or recommendations.surprise is not tune
        by_id("why-playing").hidden = not by_id("why-hint").hidden
        if not by_id("why-playing").hidden:
            show_reasons(by_id("why-playing"), why, MAX_REASONS)

    def _how(self) -> str:
        if self._recommendations.problem:
            return self._recommendations.problem
        model = self._recommendations.model
        if not model:
            return NO_ENGINE
        if not self._recommendations.predicted:
            return NOT_MEASURED
        if not model.startswith("local"):
            return GLOBAL
        share = self._recommendations.exploration
        return LOCAL + (" " + str(share) + " of 100 tunes are surprises." if share else "")

    def _clicked(self, event: "Any") -> None:
        button = event.target.closest("button")
        if button:
            spawn(self._playback.open(self._tunes[int(button.dataset.position)]))


def _focused_position() -> int | None:
    """Return which button of the queue has the focus."""
    button = document.activeElement.closest("#up-next button")
    return int(button.dataset.position) if button else None


def _item(position: int, tune: "dict[str, Any]", surprise: bool) -> "Any":
    item = by_id("up-next-item").content.cloneNode(True).querySelector("li")
    item.querySelector("button").dataset.position = str(position)
    item.querySelector(".name").textContent = tune["title"]
    item.querySelector(".author").textContent = tune["author"]
    item.querySelector(".surprise").hidden = not surprise
    return item
