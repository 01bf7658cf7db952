"""The card of the queue: the next tunes."""

from pyscript import document

from app.page.core.tasks import spawn
from app.page.views.dom import by_id, from_template, on
from sidflow_feedback.vocabulary import MIN_RATED

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.recommendations import Entry, Recommendations
    from app.page.core.tune import Tune
    from app.page.views.elements import Element, Event

SHOWN = 5

NO_ENGINE = "In list order until the engine has started."
NOT_ANALYZED = "In list order: your music is not analyzed yet."
GLOBAL = (
    f"Your taste is not known yet. Like or dislike {MIN_RATED} tunes, and turn on learning in Preferences."
)
NOT_SURE = "Not sure yet what you like: these are little more than guesses. Likes and dislikes help."
LOCAL = "The tunes you are expected to like best."


class UpNext:
    """The next tunes, each a button that plays it."""

    def __init__(self, playback: "Playback", recommendations: "Recommendations") -> None:
        self._playback = playback
        self._recommendations = recommendations
        self._upcoming: list[Entry] = []
        on(by_id("up-next"), "click", self._on_click)
        recommendations.changed.connect(self.show)

    def show(self) -> None:
        """Show the queue, and what decides its order."""
        upcoming = self._recommendations.upcoming(SHOWN)
        if upcoming != self._upcoming:
            self._upcoming = upcoming
            _show_items(upcoming)
        by_id("up-next-how").textContent = self._basis()

    def _basis(self) -> str:
        """Return what decides the order of the queue."""
        if self._recommendations.in_order:
            return "In order, until you choose another tune: " + self._recommendations.in_order
        if self._recommendations.problem:
            return self._recommendations.problem
        if self._recommendations.station:
            return "Station, until you choose another tune: " + self._recommendations.station
        model = self._recommendations.model
        if not model:
            return NO_ENGINE
        if not self._recommendations.predicted:
            return NOT_ANALYZED
        if not model.startswith("local"):
            return GLOBAL
        if not any(self._recommendations.sureness(tune, tune.start_song)["p"] for tune, _ in self._upcoming):
            return NOT_SURE
        share = self._recommendations.exploration
        return LOCAL + (" " + str(share) + " % are surprises." if share else "")

    def _on_click(self, event: "Event") -> None:
        button = event.target.closest("button")
        if button:
            tune, _ = self._upcoming[int(button.dataset.position)]
            spawn(self._playback.open(tune))


def _show_items(upcoming: "list[Entry]") -> None:
    items = [_item(position, *upcoming[position]) for position in range(len(upcoming))]
    focused = _focused_position()
    by_id("up-next").replaceChildren(*items)
    if focused is not None and focused < len(items):
        items[focused].querySelector("button").focus()


def _focused_position() -> int | None:
    """Return which button of the queue has the focus."""
    button: Element = document.activeElement.closest("#up-next button")
    return int(button.dataset.position) if button else None


def _item(position: int, tune: "Tune", surprise: bool) -> "Element":
    item = from_template("up-next-item")
    item.querySelector("button").dataset.position = str(position)
    item.querySelector(".name").textContent = tune.title
    item.querySelector(".author").textContent = tune.author
    item.querySelector(".surprise").hidden = not surprise
    return item
