"""The Preferences tab: what is switched on, and what the engine says of itself."""

from pyscript import document

from app.page.views.dom import by_id, clock, describe, on, one_decimal, reason, spawn
from sidflow_feedback.vocabulary import Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from app.page.core.settings import Settings
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import EngineState, TrainingState

PHASES = {
    "off": "off",
    "idle": "waiting for new ratings",
    "waiting": "waiting for an idle moment",
    "training": "learning now",
    "paused": "paused",
}


class PreferencesTab:
    """Switches, and live status of learning."""

    def __init__(self, settings: "Settings", engine: "EngineClient") -> None:
        self._settings = settings
        self._engine = engine
        self._paused = False
        for control in document.querySelectorAll("#preferences [name]"):
            on(control, "change", self._changed)
        for form in document.querySelectorAll("#preferences form"):
            # Enter in a field would load the page anew.
            on(form, "submit", lambda event: event.preventDefault())
        on(by_id("train-now"), "click", lambda _event: spawn(self._train()))
        on(by_id("pause-training"), "click", lambda _event: spawn(self._pause()))
        settings.follow(self._show_settings)

    def show(self, state: "EngineState") -> None:
        """Show the engine's state."""
        training = state["training"]
        describe(by_id("training-status"), _training_rows(training))
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

    async def _train(self) -> None:
        by_id("training-result").textContent = "Working…"
        try:
            by_id("training-result").textContent = await self._engine.ask(Request.TRAIN)
        except Exception as exc:
            by_id("training-result").textContent = reason(exc)

    async def _pause(self) -> None:
        await self._engine.ask(Request.PAUSE_TRAINING, not self._paused)


def _training_rows(training: "TrainingState") -> "list[tuple[str, str]]":
    rows = [
        ("Now", PHASES[training["phase"]]),
        ("Global model", training["baseVersion"] or "not loaded yet"),
        ("Your model", _own_model(training)),
        ("Processor used", one_decimal(100 * training["cpuShare"]) + " %"),
    ]
    if training["message"]:
        rows.append(("Note", training["message"]))
    run = training["lastRun"]
    if run is None:
        return rows + [("Last training", "none yet")]  # noqa: RUF005  MicroPython can't unpack into a list.
    return rows + [  # noqa: RUF005
        ("Last training", clock(run["time"]) + ", " + one_decimal(run["duration"]) + " s"),
        ("Method", run["learner"]),
        ("Ratings used", str(run["samples"]) + ", without features: " + str(run["skipped"])),
        ("Error before, after", _error(run["errorBefore"]) + ", " + _error(run["errorAfter"])),
        ("Outcome", "kept" if run["accepted"] else "not kept: " + str(run["reason"])),
    ]


def _own_model(training: "TrainingState") -> str:
    if training["localVersion"] is None:
        return "none yet"
    return str(training["localVersion"]) + ", made from " + str(training["localBaseVersion"])


def _error(value: "float | None") -> str:
    return "unknown" if value is None else f"{value:.3f}"
