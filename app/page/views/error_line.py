"""The line on the Rate tab that shows how the error has fallen since learning began."""

from app.page.core.tasks import spawn
from app.page.views.dom import by_id, count, show_text
from app.page.views.learning_status import unknown_taste
from sidflow_feedback.vocabulary import Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.views.learning_status import LearningStatus
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import EngineState, RunRecord

WIDTH, HEIGHT = 100, 30
"""Of the drawing, in its own units."""

LOWEST = 0.5
"""Range of errors that the drawing has at least: a small difference must not look large."""


class ErrorLine:
    """Requests the past runs while the Rate tab is visible, and again after each run."""

    def __init__(self, engine: "EngineClient", learning: "LearningStatus") -> None:
        self._engine = engine
        self._learning = learning
        self._wanted = self._shown = ""

    def open(self) -> None:
        """Show the line: the tab was opened."""
        spawn(self._refresh())

    def show(self, state: "EngineState") -> None:
        """Follow the engine's state."""
        run = state["training"]["lastRun"]
        self._wanted = self._learning.phase + str(run and run["time"])
        spawn(self._refresh())

    async def _refresh(self) -> None:
        wanted = self._wanted
        if by_id("rate").hidden or not wanted or wanted == self._shown:
            return
        self._shown = wanted
        try:
            runs = await self._engine.ask(Request.RUNS)
        except Exception:  # Another engine has taken over; its state asks again.
            self._shown = ""
            return
        errors = [run["error"] for run in runs]
        drawing = by_id("error-line").querySelector("svg")
        if len(errors) > 1:
            drawing.removeAttribute("hidden")
            by_id("error-line").querySelector("polyline").setAttribute("points", points(errors))
        else:
            drawing.setAttribute("hidden", "")
        text = describe_errors(runs) if runs else unknown_taste(self._learning.phase)
        show_text(by_id("error-line").querySelector("p"), text)


def points(errors: "list[float]") -> str:
    """Return the line through these errors, oldest first, as SVG has it: the lower, the better."""
    top = max(errors)
    spread = max(top - min(errors), LOWEST)
    step = WIDTH / (len(errors) - 1)
    return " ".join(
        [f"{i * step:.1f},{2 + (top - error) / spread * (HEIGHT - 4):.1f}" for i, error in enumerate(errors)]
    )


def describe_errors(runs: "list[RunRecord]") -> str:
    """Return in words how far predictions are off, and whether that has become less."""
    first, last = runs[0], runs[-1]
    text = f"Predictions of your ratings are off by {last['error']:.1f} of 5 points on average"
    if len(runs) > 1:
        text += f"; {first['error']:.1f} at first. Learned {count(len(runs), 'time')} so far."
    else:
        text += ". Learned once so far."
    if last["error"] >= last["meanError"]:
        text += " That isn’t better yet than always guessing your average."
    return text
