"""The Insights tab: charts of what the model has learned, each with its figures in words or a table."""

import json

from pyscript.js_modules import insights

from app.page.core.tasks import Refresher, error_message, spawn
from app.page.views.dom import by_id, count, create, date_and_time, fill_table, on, one_decimal, show_text
from app.page.views.error_line import describe_errors
from app.page.views.learning_status import unknown_taste
from app.page.views.reasons import MIN_EFFECT, WORDS
from app.page.views.sureness import NAMES, format_told
from app.page.views.taste_map import UNKNOWN_SOUND
from sidflow_feedback.vocabulary import DIMENSIONS, MIN_RATED, Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypedDict

    from app.page.core.recommendations import Recommendations
    from app.page.views.elements import Element
    from app.page.views.learning_status import LearningStatus
    from app.page.views.taste_map import TasteMap
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import Effect, EngineState, Insights, Phase, RunRecord

    class Curve(TypedDict):
        """How one output depends on one feature."""

        name: str
        line: list[float]
        span: float


STRONGEST = 4
"""Effects that are drawn; the table has all of them."""


class InsightsTab:
    """Requests the figures when the tab is visible, and again when they have changed."""

    def __init__(
        self,
        engine: "EngineClient",
        recommendations: "Recommendations",
        learning: "LearningStatus",
        taste_map: "TasteMap",
    ) -> None:
        self._engine = engine
        self._recommendations = recommendations
        self._map = taste_map
        self._learning = learning
        self._shown = ""
        self._figures: Insights | None = None
        self._showing = Refresher(self._show_newest)
        self._state: EngineState | None = None
        on(by_id("effect-output"), "change", lambda _event: spawn(self._show_chosen_effects()))
        recommendations.changed.connect(self.open)

    def open(self) -> None:
        """Show the figures: the tab was opened, or the engine may know more tunes."""
        self._showing.refresh()

    def show(self, state: "EngineState") -> None:
        """Follow the engine's state while the tab is visible."""
        self._state = state
        self._showing.refresh()

    async def _show_newest(self) -> None:
        wanted = self._wanted()
        if wanted == self._shown:
            return
        try:
            await self._show_figures(wanted)
        except Exception as exc:
            by_id("insights-hint").textContent = error_message(exc)

    def _wanted(self) -> str:
        """Return the fingerprint of the figures to show; the shown one while none can be seen."""
        if by_id("insights").hidden or self._state is None:
            return self._shown
        return _fingerprint(self._state, self._learning.phase, self._recommendations.revision)

    async def _show_figures(self, fingerprint: str) -> None:
        phase = self._learning.phase
        figures: Insights = await self._engine.ask(Request.INSIGHTS)
        self._figures, self._shown = figures, fingerprint
        by_id("insights-cards").hidden = False
        by_id("insights-hint").textContent = _summary(figures, phase)
        await self._map.show(figures)
        await _show_errors(figures, phase)
        await _show_effects(figures["effects"])
        await _show_budget(figures["shares"])

    async def _show_chosen_effects(self) -> None:
        if self._figures is not None:
            await _show_effects(self._figures["effects"])


async def _show_errors(figures: "Insights", phase: "Phase") -> None:
    runs = figures["runs"]
    by_id("error-empty").textContent = _no_runs(figures, phase)
    own = runs and _is_own(figures)
    show_text(by_id("error-meaning"), describe_errors(runs) if own else "")
    head = ("Run", "Songs", "Error", "Error of your mean", "Better than chance")
    fill_table("error-table", head, [_run_row(run) for run in reversed(runs)])
    data = {
        "x": list(range(1, len(runs) + 1)),
        "lines": [[run["error"] for run in runs], [run["meanError"] for run in runs]],
        "labels": ["training run", "error in rating points"],
        "range": [0, max([2.0] + [run["error"] for run in runs])],
        "time": False,
    }
    text = "Error over " + count(len(runs), "training run") + "."
    if runs:
        error, mean_error = _two_decimals(runs[-1]["error"]), _two_decimals(runs[-1]["meanError"])
        text += " Of the last one: " + error + "; of always predicting your mean: " + mean_error + "."
    await _draw("error-chart", data, text, len(runs), ("model", "your mean"))


async def _show_effects(effects: "list[Effect]") -> None:
    output = DIMENSIONS.index(by_id("effect-output").value)
    curves = [_curve(effect, output) for effect in effects]
    curves.sort(key=lambda curve: -curve["span"])
    by_id("effect-empty").textContent = "" if curves else UNKNOWN_SOUND
    show_text(by_id("effect-meaning"), _strongest(curves, output))
    rows = [
        (curve["name"], _two_decimals(curve["line"][0]), _two_decimals(curve["line"][-1])) for curve in curves
    ]
    fill_table("effect-table", ("Sound", "Lowest", "Highest"), rows)
    shown = curves[:STRONGEST]
    data = {
        "x": list(range(5, 96, 15)),
        "lines": [curve["line"] for curve in shown],
        "labels": ["your library from least to most, in %", "expected, of 5 points"],
        "range": [1, 5],
        "time": False,
    }
    text = "; ".join(row[0] + ": from " + row[1] + " to " + row[2] for row in rows[:STRONGEST])
    names = [curve["name"] for curve in shown]
    await _draw("effect-chart", data, "Strongest effects. " + text, len(shown), names)


async def _show_budget(shares: "list[tuple[float, float]]") -> None:
    used = [100 * share for _, share in shares]
    busy = [i for i in range(len(used)) if used[i] > 0]
    by_id("budget-empty").textContent = (
        "" if busy else "Learning has used no processor time since it started."
    )
    rows = [(date_and_time(shares[i][0]), _two_decimals(used[i]) + " %") for i in busy[-60:]]
    fill_table("budget-table", ("Time", "Processor use"), rows)
    data = {
        "x": [time / 1000 for time, _ in shares],
        "lines": [used],
        "labels": ["", "% of one processor"],
        "range": [0, 5],
        "time": True,
    }
    maximum, now = max(used or [0.0]), used[-1] if used else 0.0
    meaning = "Learning uses " + _two_decimals(now) + " % of one processor now, and never more than 5 %."
    show_text(by_id("budget-meaning"), meaning)
    text = "Processor use: now " + _two_decimals(now) + " %, at most " + _two_decimals(maximum) + " %."
    await _draw("budget-chart", data, text, len(busy))


def _fingerprint(state: "EngineState", phase: "Phase", revision: int) -> str:
    """Return everything that the figures depend on."""
    training, counts = state["training"], state["counts"]
    run = training["lastRun"]
    events = [sum(counts[kind].values()) for kind in ("ratings", "implicit")]
    return json.dumps(
        [phase, training["localVersion"], training["baseVersion"], run and run["time"], events,
         int(1000 * training["cpuShare"]), revision]
    )  # fmt: skip


def _summary(figures: "Insights", phase: "Phase") -> str:
    judged = "You have rated, liked, or skipped " + count(figures["judged"], "song") + ". "
    if _is_own(figures):
        return judged + "The charts show what was learned from that."
    return judged + unknown_taste(phase, _missing(figures)) + " The charts show what everyone starts from."


def _no_runs(figures: "Insights", phase: "Phase") -> str:
    if not figures["runs"]:
        return "Nothing has been learned yet. " + unknown_taste(phase, _missing(figures))
    if not _is_own(figures):
        return "What was learned then is no longer in use: it was deleted with the ratings that it came from."
    return ""


def _missing(figures: "Insights") -> int:
    return max(0, MIN_RATED - figures["judged"])


def _is_own(figures: "Insights") -> bool:
    """Return whether the figures are of the listener's own model."""
    return figures["model"].startswith("local")


def _run_row(run: "RunRecord") -> "tuple[str, ...]":
    error, mean_error = _two_decimals(run["error"]), _two_decimals(run["meanError"])
    return (
        date_and_time(run["time"]),
        str(run["samples"]),
        error,
        mean_error,
        format_told(run["tells"]),
    )


def _strongest(curves: "list[Curve]", output: int) -> str:
    """Return which property of the sound matters most."""
    if not curves or curves[0]["span"] < MIN_EFFECT:
        return "No property of the sound makes a difference yet."
    line = curves[0]["line"]
    effect = "raises" if line[-1] > line[0] else "lowers"
    what, amount = NAMES[DIMENSIONS[output]], one_decimal(curves[0]["span"])
    return "What matters most: " + curves[0]["name"] + " " + effect + f" {what} by up to {amount} points."


def _curve(effect: "Effect", output: int) -> "Curve":
    line = [outputs[output] for outputs in effect["outputs"]]
    return {"name": WORDS[effect["feature"]][0], "line": line, "span": max(line) - min(line)}


def _two_decimals(number: float) -> str:
    return f"{number:.2f}"


async def _draw(
    identity: str,
    data: "dict[str, object]",
    text: str,
    points: int,
    names: "Sequence[str]" = (),
) -> None:
    """Draw a chart if it has points; `text` is its content for screen readers."""
    element = by_id(identity)
    element.hidden = points == 0
    element.setAttribute("role", "img")
    element.setAttribute("aria-label", text)
    _legend(element, names if points else ())
    if points:
        await insights.draw(element, json.dumps(data))


def _legend(element: "Element", names: "Sequence[str]") -> None:
    following = element.nextElementSibling
    if following.className == "legend":
        following.remove()
    if names:
        items = create("ul")
        items.className = "legend"
        items.append(*[create("li", name) for name in names])
        element.after(items)
