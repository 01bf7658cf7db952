"""The Preferences tab: its controls, and the status of learning."""

import js
from pyscript import document
from pyscript.ffi import create_proxy

from app.page.core.tasks import error_message, spawn
from app.page.views.dom import aria, by_id, count, date_and_time, describe, on, one_decimal
from app.page.views.sliders import Slider
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

SAVE_DELAY = 300
"""Milliseconds after the last movement of a slider, when its value is saved."""


class PreferencesTab:
    """Changes the settings, and controls and shows the training."""

    def __init__(self, settings: "Settings", engine: "EngineClient") -> None:
        self._settings = settings
        self._engine = engine
        self._paused = False
        self._sliders: dict[str, Slider] = {}
        self._moving = ""
        self._timer: object = None
        self._save = create_proxy(lambda: self._save_slider(self._moving))
        self._controls: list[Element] = list(document.querySelectorAll("#preferences [name]"))
        for control in self._controls:
            if control.type == "range":
                self._sliders[control.name] = Slider(control)
                on(control, "input", self._on_slide)
            else:
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
        describe(by_id("training-figures"), _figures(training))
        describe(by_id("training-details"), _details(training))
        by_id("training-status").dataset.level = training["phase"]
        self._paused = training["phase"] == "paused"
        by_id("pause-training").textContent = "Resume" if self._paused else "Pause"
        by_id("pause-training").setAttribute("aria-pressed", aria(self._paused))

    def _on_change(self, event: "Event") -> None:
        control = event.target
        self._settings.change(
            control.name, bool(control.checked) if control.type == "checkbox" else control.value
        )

    def _on_slide(self, event: "Event") -> None:
        """Show the value at once, and save it when the slider rests: each change reaches the engine."""
        name = event.target.name
        if self._moving not in ("", name):
            self._save_slider(self._moving, name)
        self._moving = name
        self._sliders[name].show_text()
        if self._timer is not None:
            js.clearTimeout(self._timer)
        self._timer = js.setTimeout(self._save, SAVE_DELAY)

    def _save_slider(self, name: str, moving: str = "") -> None:
        """Save the value of a slider; `moving` is the one that moves now, which must stay where it is."""
        self._moving = moving
        if name:
            self._settings.change(name, self._sliders[name].value)

    def _show_settings(self, values: "Values") -> None:
        settings: dict[str, object] = dict(values)
        for control in self._controls:
            name, value = control.name, settings[control.name]
            if control.type == "checkbox":
                control.checked = bool(value)
            elif name not in self._sliders:
                control.value = str(value)
            elif name != self._moving:
                self._sliders[name].show(value)
            unused = name == "budget" and values["privacy"] == "off"
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


def _figures(training: "TrainingState") -> "list[tuple[str, str]]":
    rows = [("Status", PHASES[training["phase"]])]
    if training["message"]:
        rows.append(("Note", training["message"]))
    run = training["lastRun"]
    if run is None:
        rows.append(("Last training", "none yet"))
    else:
        rows.append(("Last training", date_and_time(run["time"])))
        rows.append(("Learned from", count(run["samples"], "song")))
        rows.append(("Duration", one_decimal(run["duration"]) + " s"))
        rows.append(("Off by", _points(run["error"]) + " on average"))
    rows.append(("Processor use", one_decimal(100 * training["cpuShare"]) + " %"))
    return rows


def _details(training: "TrainingState") -> "list[tuple[str, str]]":
    rows = [
        ("Global model", training["baseVersion"] or "not loaded yet"),
        ("Your model", _own_model(training)),
    ]
    run = training["lastRun"]
    if run is not None:
        rows.append(("Method", run["learner"]))
        rows.append(("Songs without features", str(run["skipped"])))
        rows.append(("Error, error of your mean", _error(run["error"]) + ", " + _error(run["meanError"])))
        rows.append(("Better than chance", format_told(run["tells"])))
    return rows


def _own_model(training: "TrainingState") -> str:
    if training["localVersion"] is None:
        return "none yet"
    return training["localVersion"] + ", based on " + str(training["localBaseVersion"])


def _points(value: "float | None") -> str:
    return "an unknown number of points" if value is None else f"{value:.1f} of 5 points"


def _error(value: "float | None") -> str:
    return "unknown" if value is None else f"{value:.2f}"
