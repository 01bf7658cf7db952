"""The Sharing card: whether, when and what is sent, and the next upload as it would go."""

import json

from pyscript import window

from app.page.views.dom import by_id, clock, describe, on, reason, spawn
from sidflow_feedback.vocabulary import Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from app.page.core.settings import Settings
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import Counts, EngineState, SyncState


class SharingCard:
    """Shows the sync's state. Its switches are those of the Preferences tab."""

    def __init__(self, settings: "Settings", engine: "EngineClient") -> None:
        self._engine = engine
        on(by_id("sync-now"), "click", lambda _event: spawn(self._sync()))
        on(by_id("next-payload"), "toggle", lambda _event: spawn(self._preview()))
        settings.follow(self._show_settings)

    def show(self, state: "EngineState") -> None:
        """Show the engine's state."""
        describe(by_id("sync-status"), _rows(state["sync"], state["counts"]))
        spawn(self._preview())

    def _show_settings(self, values: "dict[str, Any]") -> None:
        by_id("sync-now").disabled = not values["sync"]
        noise = values["privacy"] != "off"
        by_id("sync-card").querySelector("[name=budget]").disabled = not noise

    async def _sync(self) -> None:
        by_id("sync-result").textContent = "Sending…"
        try:
            by_id("sync-result").textContent = await self._engine.ask(Request.SYNC)
        except Exception as exc:
            by_id("sync-result").textContent = reason(exc)

    async def _preview(self) -> None:
        details = by_id("next-payload")
        if not details.open or not self._engine.ready:
            return
        body = None
        try:
            body = await self._engine.ask(Request.NEXT_UPLOAD)
            text = _described(body)
        except Exception as exc:
            text = reason(exc)
        details.querySelector("p").textContent = text
        _show_body(details.querySelector("pre"), body)


def _show_body(pre: "Any", body: str | None) -> None:
    pre.hidden = body is None
    text = window.JSON.stringify(window.JSON.parse(body), None, 2) if body else ""
    if pre.textContent != text:  # Else a selection would be lost.
        pre.textContent = text


def _described(body: str | None) -> str:
    if body is None:
        return "Nothing waits to be sent."
    batch = json.loads(body)
    count = len(batch["ratings"]) + len(batch["implicit"])
    return _events(count) + ", " + str(len(body)) + " bytes; only spaces are added here to make it readable."


def _rows(sync: "SyncState", counts: "Counts") -> "list[tuple[str, str]]":
    waiting = counts["ratings"]["pending"] + counts["implicit"]["pending"]
    rows = [
        ("Now", _now(sync)),
        ("Waiting", _events(waiting)),
        ("Sent since the engine started", _events(sync["sent"])),
        ("Last upload", clock(sync["lastTime"])),
        ("Next try", clock(sync["nextTime"])),
        ("Last error", sync["lastError"] or "none"),
    ]
    if sync["epsilon"] is not None or sync["spent"]:
        rows.append(("ε of all events sent", f"{sync['spent']:g} of {sync['budget']:g}"))
    return rows


def _now(sync: "SyncState") -> str:
    if not sync["enabled"]:
        return "off: nothing is sent"
    if sync["running"]:
        return "sending"
    if sync["tries"]:
        return "on, but the server did not answer (" + str(sync["tries"]) + " times in a row)"
    return "on"


def _events(count: int) -> str:
    return "1 event" if count == 1 else str(count) + " events"
