"""The shelf of events that the server has refused: the reasons, and buttons to send them again."""

from app.page.core.tasks import Refresher, error_message, spawn
from app.page.views.dom import by_id, from_template, on
from app.page.views.event_text import describe_event
from sidflow_feedback.vocabulary import Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.tune_library import TuneLibrary
    from app.page.views.elements import Element, Event
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import EngineState, EventRow

LISTED = 50
"""Maximum number of events in the list."""


class FailedEvents:
    """Lists the events that were refused; hidden as long as there are none."""

    def __init__(self, engine: "EngineClient", library: "TuneLibrary") -> None:
        self._engine = engine
        self._library = library
        self._listing = Refresher(self._list)
        self._listed: list[tuple[str, str]] = []
        on(by_id("failed"), "toggle", lambda _event: self._listing.refresh())
        on(by_id("failed"), "click", self._on_click)

    def show(self, state: "EngineState") -> None:
        """Show the engine's state."""
        counts = state["counts"]
        failed = counts["ratings"]["failed"] + counts["implicit"]["failed"]
        by_id("failed").hidden = not failed
        by_id("failed").querySelector("summary").textContent = "Refused: " + str(failed)
        self._listing.refresh()

    async def _list(self) -> None:
        if not by_id("failed").open or by_id("failed").hidden:
            return
        events: list[EventRow] = await self._engine.ask(Request.FAILED, LISTED)
        found = []
        for event in events:
            await self._library.find(event["sidPath"])  # Afterwards, the library knows its title.
            found.append((event["uuid"], describe_event(event, self._library.title_of(event["sidPath"]))))
        if found != self._listed:  # Otherwise a press on a button, or its focus, could be lost.
            self._listed = found
            by_id("failed").querySelector("ul").replaceChildren(*[_item(*event) for event in found])

    def _on_click(self, click: "Event") -> None:
        button = click.target.closest("button")
        if button:
            item = button.closest("li")
            spawn(self._resend([item.dataset.uuid] if item else None))

    async def _resend(self, uuids: "list[str] | None") -> None:
        try:
            by_id("failed-result").textContent = await self._engine.ask(Request.RESEND, uuids)
        except Exception as exc:
            by_id("failed-result").textContent = error_message(exc)


def _item(uuid: str, text: str) -> "Element":
    item = from_template("failed-item")
    item.dataset.uuid = uuid
    item.querySelector("span").textContent = text
    item.querySelector("button").setAttribute("aria-label", "Send again: " + text)
    return item
