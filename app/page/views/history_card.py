"""The card of what was played and rated, where the listener can delete it."""

from pyscript import document, window

from app.page.core.tasks import error_message, spawn
from app.page.views.dom import by_id, from_template, on
from app.page.views.event_text import SERVER_COPY, describe_event
from sidflow_feedback.vocabulary import Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable

    from app.page.core.tune_library import TuneLibrary
    from app.page.views.elements import Element, Event
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import EngineState, EventRow, ForgottenEvent

STEP = 20
"""Number of events that are shown first, and that are added by each click on Show more."""


class HistoryCard:
    """Lists the newest events, with buttons to delete each one, or all events of its tune.

    Parameters
    ----------
    withdraw
        Deletes an event, given its uuid; the outcome arrives in `on_forgotten`.
    on_delete
        Called with the path of each tune that events were deleted of.
    """

    def __init__(
        self,
        engine: "EngineClient",
        library: "TuneLibrary",
        withdraw: "Callable[[str], object]",
        on_delete: "Callable[[str], None]",
    ) -> None:
        self._engine = engine
        self._library = library
        self._withdraw = withdraw
        self._on_delete = on_delete
        self._limit = STEP
        self._events: list[EventRow] = []
        self._withdrawn: list[str] = []
        self._listing: object = None
        on(by_id("history"), "toggle", lambda _event: spawn(self._open()))
        on(by_id("history-list"), "click", self._on_click)
        on(by_id("history-more"), "click", lambda _event: self._show_more())

    def show(self, _state: "EngineState") -> None:
        """Show the engine's state."""
        spawn(self._list())

    def on_forgotten(self, forgotten: "list[ForgottenEvent]") -> None:
        """Show which events are deleted for good."""
        for event in forgotten:
            if event["uuid"] in self._withdrawn:
                self._withdrawn.remove(event["uuid"])
                by_id("history-result").textContent = "Deleted." + SERVER_COPY[event["sent"]]

    async def _open(self) -> None:
        """List the events, and bring them into view: the card stands at the lower edge."""
        await self._list()
        if by_id("history").open:
            by_id("history").scrollIntoView()

    async def _list(self) -> None:
        if not by_id("history").open or not self._engine.ready:
            return
        events: list[EventRow] = await self._engine.ask(Request.HISTORY, self._limit + 1)
        self._listing = listing = object()
        by_id("history-more").hidden = len(events) <= self._limit
        events = events[: self._limit]
        if [event["uuid"] for event in events] == [event["uuid"] for event in self._events]:
            return
        for event in events:
            await self._library.find(event["sidPath"])  # Afterwards, the library knows its title.
        if listing is not self._listing:
            return  # There is a newer list.
        self._events = events
        focused = _focused_button()
        by_id("history-list").replaceChildren(*[self._item(event) for event in events])
        by_id("history-empty").hidden = bool(events)
        _restore_focus(focused)

    def _item(self, event: "EventRow") -> "Element":
        item = from_template("history-item")
        title = self._library.title_of(event["sidPath"])
        text = describe_event(event, title)
        item.dataset.uuid = event["uuid"]
        item.querySelector("span").textContent = text
        item.querySelector(".forget").setAttribute("aria-label", "Delete event: " + text)
        item.querySelector(".forget-tune").setAttribute("aria-label", "Delete all of this tune: " + title)
        return item

    def _on_click(self, click: "Event") -> None:
        button = click.target.closest("button")
        if not button:
            return
        uuid = button.closest("li").dataset.uuid
        event = [event for event in self._events if event["uuid"] == uuid][0]  # noqa: RUF015
        if button.className == "forget":
            by_id("history-result").textContent = "Deleting…"
            self._withdrawn.append(uuid)
            self._withdraw(uuid)
            self._on_delete(event["sidPath"])
        else:
            spawn(self._delete_tune(event["sidPath"]))

    async def _delete_tune(self, path: str) -> None:
        title = self._library.title_of(path)
        if not window.confirm("Delete all plays, likes, dislikes, and ratings of “" + title + "”?"):
            return
        try:
            by_id("history-result").textContent = await self._engine.ask(Request.FORGET_ITEM, path)
            self._on_delete(path)
        except Exception as exc:
            by_id("history-result").textContent = error_message(exc)

    def _show_more(self) -> None:
        self._limit += STEP
        spawn(self._list())


def _focused_button() -> "tuple[int, int] | None":
    """Return which button of which item has the focus."""
    button: Element = document.activeElement.closest("#history-list button")
    if not button:
        return None
    item = button.closest("li")
    return list(item.parentElement.children).index(item), 1 if button.className == "forget-tune" else 0


def _restore_focus(focused: "tuple[int, int] | None") -> None:
    if focused is None:
        return
    items = by_id("history-list").children
    if not items.length:
        by_id("history").querySelector("summary").focus()
        return
    item: Element = items[min(focused[0], items.length - 1)]
    item.querySelectorAll("button")[focused[1]].focus()
