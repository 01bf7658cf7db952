"""What learning does, in words: beside the tabs, and wherever a taste would be shown that isn't known yet."""

from pyscript import document

from app.page.views.dom import by_id, count, show_text
from sidflow_feedback.vocabulary import MIN_RATED

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.settings import Settings
    from sidflow_feedback.types import EngineState, Phase

READY = {
    "off": "Learning is off",
    "idle": "Learning is on",
    "waiting": "Learning is on",
    "training": "Learning…",
    "paused": "Learning is paused",
}
"""By the phase of the training, once the engine is ready."""


class LearningStatus:
    """The status of learning beside the tabs.

    Attributes
    ----------
    phase
        That of the training; ``off`` while the listener has it off, whatever the engine knows of that.
    """

    def __init__(self, settings: "Settings") -> None:
        self.phase: Phase = "off"
        self._settings = settings
        self._engine_phase: Phase = "off"
        self._status = "starting"
        self._text = ""
        settings.follow(lambda _values: self._update())

    def show(self, state: "EngineState") -> None:
        """Show the engine's state."""
        self._engine_phase = state["training"]["phase"]
        self._update()

    def on_ready(self) -> None:
        """Show that the engine runs."""
        self._tell("ready", "")

    def on_problem(self, status: str, text: str) -> None:
        """Show why it doesn't."""
        self._tell(status, text)

    def _tell(self, status: str, text: str) -> None:
        self._status, self._text = status, text
        document.documentElement.dataset.engine = status
        by_id("engine-start").hidden = True
        self._update()

    def _update(self) -> None:
        wanted = self._settings.values["training"]
        engine: Phase = "idle" if self._engine_phase == "off" else self._engine_phase
        self.phase = engine if wanted else "off"
        if self._status == "ready":
            show_text(by_id("engine-status"), READY[self.phase])
        elif self._text:
            show_text(by_id("engine-status"), self._text)


def unknown_taste(phase: "Phase", missing: int = 0) -> str:
    """Return why the listener's taste isn't known yet, and what to do.

    Parameters
    ----------
    missing
        Number of songs that have still to be judged; 0 if that isn't known.
    """
    text = "Your taste is not known yet. "
    if missing > 0:
        return text + "Like, dislike, or rate " + count(missing, "more song") + _switch(phase)
    if phase == "off":
        return text + "Learning is off. Turn it on in Preferences."
    if phase == "paused":
        return text + "Learning is paused. Resume it in Preferences."
    if phase == "training":
        return text + "It is being learned from what you liked and rated."
    return text + f"It is learned in an idle moment once you have liked or rated {MIN_RATED} songs."


def _switch(phase: "Phase") -> str:
    return ", and turn on learning in Preferences." if phase == "off" else "."
