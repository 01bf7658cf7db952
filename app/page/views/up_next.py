"""The card of the queue: the next tunes, in an order that the listener can change."""

from pyscript import document
from pyscript.ffi import create_proxy
from pyscript.js_modules import tunes_reorder

from app.page.core.tasks import spawn
from app.page.views.dom import by_id, from_template, on, show_text
from app.page.views.learning_status import unknown_taste
from app.page.views.reasons import what_helps

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.recommendations import Entry, Recommendations
    from app.page.core.tune import Tune
    from app.page.views.elements import Element, Event
    from app.page.views.learning_status import LearningStatus

SHOWN = 10
BUTTONS = ("handle", "tune", "remove")
"""Classes of the buttons of an item."""

NO_ENGINE = "In list order until learning is ready."
NOT_ANALYZED = "In list order: your music is not analyzed yet."
NOT_SURE = "Not sure yet what you like: these are little more than guesses. "
ARRANGED = "In your order, until you pick another tune."
EMPTY = "The queue is empty. Pick a tune from the list: others will follow it."
LOCAL = "The tunes you are expected to like best."


class UpNext:
    """The next tunes: each can be played, moved, and removed."""

    def __init__(
        self, playback: "Playback", recommendations: "Recommendations", learning: "LearningStatus"
    ) -> None:
        self._playback = playback
        self._recommendations = recommendations
        self._learning = learning
        self._upcoming: list[Entry] = []
        self._is_empty = False
        on(by_id("up-next"), "click", self._on_click)
        tunes_reorder.reorder(by_id("up-next"), create_proxy(self._move))
        recommendations.changed.connect(self.show)

    def show(self) -> None:
        """Show the queue, and what decides its order."""
        upcoming = self._recommendations.upcoming(SHOWN)
        if upcoming != self._upcoming and not by_id("up-next").querySelector("[data-dragged]"):
            self._upcoming = upcoming
            _show_items(upcoming)
        self._is_empty = not upcoming
        for name in ("keep-queue", "save-queue"):
            by_id(name).disabled = self._is_empty
        self.show_basis()

    def show_basis(self) -> None:
        """Show what decides the order of the queue."""
        show_text(by_id("up-next-how"), self._basis())

    def _basis(self) -> str:
        """Return what decides the order of the queue."""
        if self._is_empty:
            return self._recommendations.shortage or EMPTY
        if self._recommendations.arranged:
            return ARRANGED
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
            return unknown_taste(self._learning.phase)
        if not any(self._recommendations.sureness(tune, tune.start_song)["p"] for tune, _ in self._upcoming):
            return NOT_SURE + what_helps(self._learning.phase != "off")
        share = self._recommendations.exploration
        return LOCAL + (" " + str(share) + " % are surprises." if share else "")

    def _on_click(self, event: "Event") -> None:
        button = event.target.closest("button")
        if not button:
            return
        tune, _ = self._upcoming[int(button.closest("li").dataset.position)]
        if button.className == "remove":
            self._recommendations.remove(tune)
            by_id("queue-status").textContent = tune.title + " was removed from the queue."
        elif button.className == "tune":
            spawn(self._playback.open(tune))

    def _move(self, position: int, target: int) -> None:
        if position == target:
            self.show()
            return
        shown = [tune for tune, _ in self._upcoming]  # Another queue may have come during the drag.
        kind = document.activeElement.className
        self._recommendations.move(shown, position, target)
        tunes = [tune for tune, _ in self._upcoming]
        if shown[position] not in tunes:
            return  # It has begun to play meanwhile.
        place = tunes.index(shown[position])
        by_id("queue-status").textContent = shown[position].title + f" is number {place + 1} now."
        if kind in BUTTONS:
            by_id("up-next").children[place].querySelector("." + kind).focus()


def _show_items(upcoming: "list[Entry]") -> None:
    items = [_item(position, *upcoming[position]) for position in range(len(upcoming))]
    focused = document.activeElement
    item: Element = focused.closest("#up-next li")
    by_id("up-next").replaceChildren(*items)
    if item and items:
        position = min(int(item.dataset.position), len(items) - 1)
        items[position].querySelector("." + focused.className).focus()


def _item(position: int, tune: "Tune", surprise: bool) -> "Element":
    item = from_template("up-next-item")
    item.dataset.position = str(position)
    item.querySelector(".name").textContent = tune.title
    item.querySelector(".author").textContent = tune.author
    item.querySelector(".surprise").hidden = not surprise
    place = ", number " + str(position + 1)
    item.querySelector(".handle").setAttribute("aria-label", "Move " + tune.title + place)
    item.querySelector(".remove").setAttribute("aria-label", "Remove " + tune.title)
    return item
