"""The Sharing card: the status of sync, and a preview of the next upload."""

import json

from pyscript import window

from app.page.core.tasks import error_message, spawn
from app.page.views.dom import by_id, count, date_and_time, describe, duration, on
from sidflow_feedback.vocabulary import Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.settings import Settings, Values
    from app.page.views.elements import Element
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import Counts, EngineState, SyncState


class SharingCard:
    """Shows the status of sync. The Preferences tab owns the card's controls."""

    def __init__(self, settings: "Settings", engine: "EngineClient") -> None:
        self._engine = engine
        on(by_id("sync-now"), "click", lambda _event: spawn(self._sync()))
        on(by_id("next-payload"), "toggle", lambda _event: spawn(self._preview()))
        settings.follow(self._on_settings)

    def show(self, state: "EngineState") -> None:
        """Show the engine's state."""
        sync = state["sync"]
        describe(by_id("sync-figures"), _rows(sync, state["counts"]))
        describe(by_id("sync-budget"), _budget_rows(sync))
        by_id("sync-status").dataset.level = _level(sync)
        spawn(self._preview())

    def _on_settings(self, values: "Values") -> None:
        by_id("sync-now").disabled = not values["sync"]

    async def _sync(self) -> None:
        by_id("sync-result").textContent = "Uploading…"
        try:
            by_id("sync-result").textContent = await self._engine.ask(Request.SYNC)
        except Exception as exc:
            by_id("sync-result").textContent = error_message(exc)

    async def _preview(self) -> None:
        details = by_id("next-payload")
        if not details.open or not self._engine.ready:
            return
        body = None
        try:
            body = await self._engine.ask(Request.NEXT_UPLOAD)
            text = _summary(body)
        except Exception as exc:
            text = error_message(exc)
        details.querySelector("p").textContent = text
        _show_body(details.querySelector("pre"), body)


def _show_body(pre: "Element", body: str | None) -> None:
    pre.hidden = body is None
    text = window.JSON.stringify(window.JSON.parse(body), None, 2) if body else ""
    if pre.textContent != text:  # Otherwise a selection would be lost.
        pre.textContent = text


def _summary(body: str | None) -> str:
    if body is None:
        return "Nothing to upload."
    batch = json.loads(body)
    events = count(len(batch["ratings"]) + len(batch["implicit"]), "event")
    return events + ", " + count(len(body), "byte") + ". Spaces are added here for readability."


def _rows(sync: "SyncState", counts: "Counts") -> "list[tuple[str, str]]":
    waiting = counts["ratings"]["pending"] + counts["implicit"]["pending"]
    rows = [
        ("Status", _status(sync)),
        ("Last upload", _time(sync["lastTime"])),
        ("Result", _result(sync)),
        ("Not uploaded", count(waiting, "event")),
        ("Next upload", _time(sync["nextTime"])),
    ]
    if sync["clockError"] is not None:
        rows.append(("Clock of this device", _clock(sync["clockError"])))
    return rows


def _budget_rows(sync: "SyncState") -> "list[tuple[str, str]]":
    if sync["epsilon"] is None and not sync["spent"]:
        return []
    return [("Total ε of uploaded events", f"{sync['spent']:g} of {sync['budget']:g}")]


def _result(sync: "SyncState") -> str:
    """Return what became of the last upload."""
    if sync["lastError"]:
        return "failed: " + sync["lastError"]
    if sync["lastTime"] is None:
        return "none yet"
    return "accepted: " + count(sync["lastRatings"], "rating") + ", " + count(sync["lastPlays"], "play")


def _level(sync: "SyncState") -> str:
    if not sync["enabled"]:
        return "off"
    return "alarm" if sync["lastError"] else "good"


def _status(sync: "SyncState") -> str:
    if not sync["enabled"]:
        return "off: nothing is uploaded"
    if sync["running"]:
        return "uploading"
    if sync["tries"]:
        return "on, but the server did not answer (" + count(sync["tries"], "attempt") + ")"
    return "on"


def _time(milliseconds: "float | None") -> str:
    return "never" if milliseconds is None else date_and_time(milliseconds)


def _clock(error: float) -> str:
    where = "ahead of" if error > 0 else "behind"
    return duration(abs(error)) + " " + where + " the server's: times that are shown here are wrong"
