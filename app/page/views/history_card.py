"""What was played and rated here, and the means to forget it."""

from pyscript import document, window

from app.page.core.tune_library import title_of
from app.page.views.dom import by_id, on, reason, spawn
from app.page.views.event_text import ON_THE_SERVER, describe_event
from sidflow_feedback.vocabulary import Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from app.page.core.tune_library import TuneLibrary
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import EngineState, EventRow, ForgottenEvent

STEP = 20
"""Events that are shown at first, and by which the list grows."""


class HistoryCard:
    """Lists the newest events, each with buttons that delete it, or all that is known of its tune.

    Parameters
    ----------
    withdraw
        Deletes an event, given its uuid; what came of that is told to `forgotten`.
    on_forgotten
        Called with the path of each tune of which something was forgotten.
    """

    def __init__(
        self,
        engine: "EngineClient",
        library: "TuneLibrary",
        withdraw: "Callable[[str], object]",
        on_forgotten: "Callable[[str], None]",
    ) -> None:
        self._engine = engine
        self._library = library
        self._withdraw = withdraw
        self._on_forgotten = on_forgotten
        self._limit = STEP
        self._records: list[EventRow] = []
        self._asked: list[str] = []
        on(by_id("history"), "toggle", lambda _event: spawn(self._list()))
        on(by_id("history-list"), "click", self._clicked)
        on(by_id("history-more"), "click", lambda _event: self._more())

    def show(self, _state: "EngineState") -> None:
        """Follow the engine's state."""
        spawn(self._list())

    def forgotten(self, gone: "list[ForgottenEvent]") -> None:
        """Hear which events are gone for good."""
        for event in gone:
            if event["uuid"] in self._asked:
                self._asked.remove(event["uuid"])
                by_id("history-result").textContent = "Forgotten." + ON_THE_SERVER[event["sent"]]

    async def _list(self) -> None:
        if not by_id("history").open or not self._engine.ready:
            return
        records = await self._engine.ask(Request.HISTORY, self._limit + 1)
        by_id("history-more").hidden = len(records) <= self._limit
        records = records[: self._limit]
        if [record["uuid"] for record in records] == [record["uuid"] for record in self._records]:
            return
        self._records = records
        place = _place_of_focus()
        by_id("history-list").replaceChildren(*[self._item(record) for record in records])
        by_id("history-empty").hidden = bool(records)
        _give_focus_back(place)

    def _item(self, record: "EventRow") -> "Any":
        item = by_id("history-item").content.cloneNode(True).querySelector("li")
        title = title_of(self._library, record["sidPath"])
        item.dataset.uuid = record["uuid"]
        item.querySelector("span").textContent = describe_event(record, title)
        item.querySelector(".forget").setAttribute(
            "aria-label", "Forget this: " + describe_event(record, title)
        )
        item.querySelector(".forget-tune").setAttribute("aria-label", "Forget tune: " + title)
        return item

    def _clicked(self, event: "Any") -> None:
        button = event.target.closest("button")
        if not button:
            return
        uuid = button.closest("li").dataset.uuid
        record = [record for record in self._records if record["uuid"] == uuid][0]  # noqa: RUF015
        if button.classList.contains("forget"):
            by_id("history-result").textContent = "Forgetting…"
            self._asked.append(uuid)
            self._withdraw(uuid)
            self._on_forgotten(record["sidPath"])
        else:
            spawn(self._forget_tune(record["sidPath"]))

    async def _forget_tune(self, path: str) -> None:
        title = title_of(self._library, path)
        if not window.confirm("Forget all plays, likes and ratings of " + title + "?"):
            return
        try:
            by_id("history-result").textContent = await self._engine.ask(Request.FORGET_ITEM, path)
            self._on_forgotten(path)
        except Exception as exc:
            by_id("history-result").textContent = reason(exc)

    def _more(self) -> None:
        self._limit += STEP
        spawn(self._list())


def _place_of_focus() -> "tuple[int, int] | None":
    """Return which button of which item has the focus."""
    button = document.activeElement.closest("#history-list button")
    if not button:
        return None
    item = button.closest("li")
    return list(item.parentElement.children).index(item), 1 if button.classList.contains("forget-tune") else 0


def _give_focus_back(place: "tuple[int, int] | None") -> None:
    items = by_id("history-list").children
    if place is None:
        return
    if not items.length:
        by_id("history").querySelector("summary").focus()
        return
    item = items[min(place[0], items.length - 1)]
    item.querySelectorAll("button")[place[1]].focus()
