"""The Preferences tab: its controls, and the status of learning."""

from pyscript import document

from app.page.core.tasks import error_message, spawn
from app.page.views.dom import aria, by_id, describe, on, one_decimal, time_of_day
from app.page.views.static_hosting import needs_missing_server
from app.page.views.sureness import format_told
from sidflow_feedback.vocabulary import Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.settings import Settings, Values
    from app.page.views.elements import Element, Event
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import EngineState, TrainingState

PHASES = {
    "off": "off",
    "idle": "waiting for new ratings",
    "waiting": "waiting for an idle moment",
    "training": "training",
    "paused": "paused",
}


class PreferencesTab:
    """Changes the settings, and controls and shows the training."""

    def __init__(self, settings: "Settings", engine: "EngineClient") -> None:
        self._settings = settings
        self._engine = engine
        self._paused = False
        self._controls: list[Element] = list(document.querySelectorAll("#preferences [name]"))
        for control in self._controls:
            on(control, "change", self._on_change)
        for form in document.querySelectorAll("#preferences form"):
            # Otherwise, Enter in a field would reload the page.
            on(form, "submit", lambda event: event.preventDefault())
        on(by_id("train-now"), "click", lambda _event: spawn(self._train()))
        on(by_id("pause-training"), "click", lambda _event: spawn(self._pause()))
        settings.follow(self._show_settings)

    def show(self, state: "EngineState") -> None:
        """Show the engine's state."""
        training = state["training"]
        describe(by_id("training-status"), _training_rows(training))
        self._paused = training["phase"] == "paused"
        by_id("pause-training").textContent = "Resume" if self._paused else "Pause"
        by_id("pause-training").setAttribute("aria-pressed", aria(self._paused))

    def _on_change(self, event: "Event") -> None:
        control = event.target
        value: object = control.value
        if control.type == "checkbox":
            value = bool(control.checked)
        elif control.type == "number":
            value = int(control.value) if control.value.isdigit() else control.value
        control.setCustomValidity(self._settings.change(control.name, value) or "")
        control.reportValidity()

    def _show_settings(self, values: "Values") -> None:
        settings: dict[str, object] = dict(values)
        for control in self._controls:
            value = settings[control.name]
            if control.type == "checkbox":
                control.checked = bool(value)
            else:
                control.value = str(value)
            unused = control.name == "budget" and values["privacy"] == "off"
            control.disabled = unused or needs_missing_server(control.closest("form").id)
        by_id("train-now").disabled = by_id("pause-training").disabled = not values["training"]

    async def _train(self) -> None:
        by_id("training-result").textContent = "Training…"
        try:
            by_id("training-result").textContent = await self._engine.ask(Request.TRAIN)
        except Exception as exc:
            by_id("training-result").textContent = error_message(exc)

    async def _pause(self) -> None:
        await self._engine.ask(Request.PAUSE_TRAINING, not self._paused)


def _training_rows(training: "TrainingState") -> "list[tuple[str, str]]":
    rows = [
        ("Status", PHASES[training["phase"]]),
        ("Global model", training["baseVersion"] or "not loaded yet"),
        ("Your model", _own_model(training)),
        ("Processor use", one_decimal(100 * training["cpuShare"]) + " %"),
    ]
    if training["message"]:
        rows.append(("Note", training["message"]))
    run = training["lastRun"]
    if run is None:
        rows.append(("Last training", "none yet"))
        return rows
    rows.append(("Last training", time_of_day(run["time"]) + ", " + one_decimal(run["duration"]) + " s"))
    rows.append(("Method", run["learner"]))
    rows.append(("Tunes used", str(run["samples"]) + "; without features: " + str(run["skipped"])))
    rows.append(("Error, error of your mean", _error(run["error"]) + ", " + _error(run["meanError"])))
    rows.append(("Better than chance", format_told(run["tells"])))
    return rows


def _own_model(training: "TrainingState") -> str:
    if training["localVersion"] is None:
        return "none yet"
    return training["localVersion"] + ", based on " + str(training["localBaseVersion"])


def _error(value: "float | None") -> str:
    return "unknown" if value is None else f"{value:.2f}"
