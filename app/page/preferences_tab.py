"""The Preferences tab: what is switched on, and what the engine says of itself."""

from pyscript import document, window

from app.page.dom import by_id, describe, on, one_decimal, reason, spawn

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from app.page.engine_link import EngineLink
    from app.page.settings import Settings

PHASES = {
    "off": "off",
    "idle": "waiting for new ratings",
    "waiting": "waiting for an idle moment",
    "training": "learning now",
    "paused": "paused",
}


class PreferencesTab:
    """Switches, and live status of learning and sharing."""

    def __init__(self, settings: "Settings", engine: "EngineLink") -> None:
        self._settings = settings
        self._engine = engine
        self._paused = False
        for control in document.querySelectorAll("#preferences [name]"):
            on(control, "change", self._changed)
        for form in document.querySelectorAll("#preferences form"):
            on(
                form, "submit", lambda event: event.preventDefault()
            )  # Enter in a field would load the page anew.
        on(by_id("train-now"), "click", lambda _event: spawn(self._order("train", "training-result")))
        on(by_id("sync-now"), "click", lambda _event: spawn(self._order("sync", "sync-result")))
        on(by_id("pause-training"), "click", lambda _event: spawn(self._pause()))
        settings.subscribe(self._show_settings)

    def show(self, state: "dict[str, Any]") -> None:
        """Show the engine's state."""
        training, sync = state["training"], state["sync"]
        describe(by_id("training-status"), _training_rows(training))
        describe(by_id("sync-status"), _sync_rows(sync))
        self._paused = training["phase"] == "paused"
        by_id("pause-training").textContent = "Go on" if self._paused else "Pause"
        by_id("pause-training").setAttribute("aria-pressed", "true" if self._paused else "false")

    def _changed(self, event: "Any") -> None:
        control = event.target
        value: Any = control.value
        if control.type == "checkbox":
            value = bool(control.checked)
        elif control.type == "number":
            value = int(value) if value.isdigit() else value
        control.setCustomValidity(self._settings.change(control.name, value) or "")
        control.reportValidity()

    def _show_settings(self, values: "dict[str, Any]") -> None:
        for control in document.querySelectorAll("#preferences [name]"):
            if control.type == "checkbox":
                control.checked = values[control.name]
            else:
                control.value = str(values[control.name])
        by_id("train-now").disabled = by_id("pause-training").disabled = not values["training"]
        by_id("sync-now").disabled = not values["sync"]

    async def _order(self, order: str, result: str) -> None:
        by_id(result).textContent = "Working…"
        try:
            by_id(result).textContent = await self._engine.ask(order)
        except Exception as exc:
            by_id(result).textContent = reason(exc)

    async def _pause(self) -> None:
        await self._engine.ask("pause-training", not self._paused)


def _training_rows(training: "dict[str, Any]") -> "list[tuple[str, str]]":
    rows = [
        ("Now", PHASES[training["phase"]]),
        ("Global model", training["baseVersion"] or "not loaded yet"),
        ("Your model", training["localVersion"] or "none yet"),
        ("Processor used", one_decimal(100 * training["cpuShare"]) + " %"),
    ]
    run = training["lastRun"]
    if run is None:
        return rows + [("Last training", "none yet")]  # noqa: RUF005  MicroPython can't unpack into a list.
    return rows + [  # noqa: RUF005
        ("Last training", _clock(run["time"]) + ", " + one_decimal(run["duration"]) + " s"),
        ("Ratings used", str(run["samples"]) + ", without features: " + str(run["skipped"])),
        ("Error before, after", _error(run["errorBefore"]) + ", " + _error(run["errorAfter"])),
        ("Outcome", "kept" if run["accepted"] else "not kept: " + str(run["reason"])),
    ]


def _sync_rows(sync: "dict[str, Any]") -> "list[tuple[str, str]]":
    return [
        ("Now", "sending" if sync["running"] else ("on" if sync["enabled"] else "off")),
        ("Last upload", _clock(sync["lastTime"])),
        ("Next upload", _clock(sync["nextTime"])),
        ("Events sent", str(sync["sent"])),
        ("Last error", sync["lastError"] or "none"),
    ]


def _clock(milliseconds: "float | None") -> str:
    if milliseconds is None:
        return "never"
    return str(window.Date.new(milliseconds).toLocaleTimeString())


def _error(value: "float | None") -> str:
    return "unknown" if value is None else f"{value:.3f}"
