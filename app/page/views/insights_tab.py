"""The Insights tab: charts of what the model has learned, each with its figures in words or a table."""

import json

from pyscript.js_modules import insights

from app.page.core.tasks import error_message, spawn
from app.page.views.dom import by_id, count, create, date_and_time, on, one_decimal, time_of_day
from app.page.views.reasons import WORDS
from app.page.views.sureness import NAMES, format_told
from sidflow_feedback.vocabulary import MIN_RATED, Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypedDict

    from app.page.views.elements import Element
    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import Dimension, Effect, EngineState, Insights, RatedSong, RunRecord

    class Curve(TypedDict):
        """How one output depends on one feature."""

        name: str
        line: list[float]
        span: float


OUTPUTS = ("e", "m", "c", "p")
STRONGEST = 4
"""Effects that are drawn; the table has all of them."""

REGIONS = (
    ("calm and dark", False, False),
    ("calm and bright", False, True),
    ("driving and dark", True, False),
    ("driving and bright", True, True),
)
MIDDLE = 3.0
UNKNOWN_SOUND = "Your tunes are not analyzed yet."


class InsightsTab:
    """Requests the figures when the tab is visible, and again when they have changed."""

    def __init__(self, engine: "EngineClient") -> None:
        self._engine = engine
        self._shown = ""
        self._figures: Insights | None = None
        self._requesting = False
        self._state: EngineState | None = None
        on(by_id("effect-output"), "change", lambda _event: spawn(self._show_chosen_effects()))

    def open(self) -> None:
        """Show the figures: the tab was opened."""
        spawn(self._refresh())

    def show(self, state: "EngineState") -> None:
        """Follow the engine's state while the tab is visible."""
        self._state = state
        spawn(self._refresh())

    async def _refresh(self) -> None:
        state = self._state
        if by_id("insights").hidden or self._requesting or state is None:
            return
        fingerprint = _fingerprint(state)
        if fingerprint == self._shown:
            return
        self._requesting = True
        try:
            figures: Insights = await self._engine.ask(Request.INSIGHTS)
            self._figures, self._shown = figures, fingerprint
            by_id("insights-cards").hidden = False
            by_id("insights-hint").textContent = _summary(figures, state)
            await _show_map(figures)
            await _show_errors(figures, state)
            await _show_effects(figures["effects"])
            await _show_budget(figures["shares"])
        except Exception as exc:
            by_id("insights-hint").textContent = error_message(exc)
        self._requesting = False

    async def _show_chosen_effects(self) -> None:
        if self._figures is not None:
            await _show_effects(self._figures["effects"])


async def _show_map(figures: "Insights") -> None:
    points, rated = figures["map"], _rated_points(figures["rated"])
    empty = [] if points["e"] else [UNKNOWN_SOUND]
    unsure = _unsure(figures)
    if points["e"] and unsure:
        empty.append("Your ratings don’t tell yet: " + " and ".join(unsure) + ".")
    if not rated:
        empty.append("Songs that you rate appear as rings on the map.")
    by_id("map-empty").textContent = " ".join(empty)
    rows = _regions(points)
    _table("map-table", ("Region", "Songs", "Expected preference"), rows)
    data = {
        "songs": {"x": points["e"], "y": points["m"], "shade": [(value - 1) / 4 for value in points["p"]]},
        "rated": {"x": [point[0] for point in rated], "y": [point[1] for point in rated]},
        "labels": ["energy", "mood"],
    }
    text = "; ".join(row[0] + ": " + row[1] + " songs, expected preference " + row[2] for row in rows)
    await _draw("map", "map-chart", data, "Taste map. " + text, len(points["e"]))


async def _show_errors(figures: "Insights", state: "EngineState") -> None:
    runs = figures["runs"]
    by_id("error-empty").textContent = "" if runs else _no_runs(figures, state)
    head = ("Run", "Songs", "Error", "Error of your mean", "Better than chance")
    _table("error-table", head, [_run_row(run) for run in reversed(runs)])
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
    await _draw("lines", "error-chart", data, text, len(runs), ("model", "your mean"))


async def _show_effects(effects: "list[Effect]") -> None:
    output = OUTPUTS.index(by_id("effect-output").value)
    curves = [_curve(effect, output) for effect in effects]
    curves.sort(key=lambda curve: -curve["span"])
    by_id("effect-empty").textContent = "" if curves else UNKNOWN_SOUND
    rows = [
        (curve["name"], _two_decimals(curve["line"][0]), _two_decimals(curve["line"][-1])) for curve in curves
    ]
    _table("effect-table", ("Sound", "Lowest", "Highest"), rows)
    shown = curves[:STRONGEST]
    data = {
        "x": list(range(5, 96, 15)),
        "lines": [curve["line"] for curve in shown],
        "labels": ["percentile in the library", "expected"],
        "range": [1, 5],
        "time": False,
    }
    text = "; ".join(row[0] + ": from " + row[1] + " to " + row[2] for row in rows[:STRONGEST])
    names = [curve["name"] for curve in shown]
    await _draw("lines", "effect-chart", data, "Strongest effects. " + text, len(shown), names)


async def _show_budget(shares: "list[tuple[float, float]]") -> None:
    used = [100 * share for _, share in shares]
    busy = [i for i in range(len(used)) if used[i] > 0]
    by_id("budget-empty").textContent = (
        "" if busy else "Learning has used no processor time since it started."
    )
    rows = [(time_of_day(shares[i][0]), _two_decimals(used[i]) + " %") for i in busy[-60:]]
    _table("budget-table", ("Time", "Processor use"), rows)
    data = {
        "x": [time / 1000 for time, _ in shares],
        "lines": [used],
        "labels": ["", "% of one processor"],
        "range": [0, 5],
        "time": True,
    }
    maximum, now = max(used or [0.0]), used[-1] if used else 0.0
    text = "Processor use: now " + _two_decimals(now) + " %, at most " + _two_decimals(maximum) + " %."
    await _draw("lines", "budget-chart", data, text, len(busy))


def _fingerprint(state: "EngineState") -> str:
    """Return everything that the figures depend on."""
    training, ratings = state["training"], state["counts"]["ratings"]
    run = training["lastRun"]
    return json.dumps(
        [training["localVersion"], training["baseVersion"], run and run["time"], sum(ratings.values()),
         int(1000 * training["cpuShare"])]
    )  # fmt: skip


def _summary(figures: "Insights", state: "EngineState") -> str:
    judged = "You have rated, liked, or skipped " + count(figures["judged"], "song") + ". "
    if figures["model"].startswith("local"):
        return judged + "The charts show what the model has learned from that."
    return (
        judged
        + "The model does not know your taste yet. You see the global model, which everyone starts from. "
        + ("It is learned again in an idle moment." if figures["runs"] else _no_runs(figures, state))
    )


def _no_runs(figures: "Insights", state: "EngineState") -> str:
    text = "There was no training run yet: "
    missing = MIN_RATED - figures["judged"]
    if missing > 0:
        return (
            text
            + "like, dislike, or rate "
            + str(missing)
            + " more "
            + ("songs." if missing > 1 else "song.")
        )
    if state["training"]["phase"] == "off":
        return text + "turn on learning in Preferences."
    return text + "the first one starts in an idle moment."


def _unsure(figures: "Insights") -> "list[str]":
    """Return which of the map's directions the last run couldn't tell from the ratings."""
    tells = figures["runs"][-1]["tells"] if figures["runs"] else ""
    return [NAMES[name] for name in ("e", "m") if name not in tells]


def _rated_points(rated: "list[RatedSong]") -> "list[tuple[int, int]]":
    both = [song["ratings"] for song in rated if "e" in song["ratings"] and "m" in song["ratings"]]
    return [(ratings["e"], ratings["m"]) for ratings in both]


def _regions(points: "dict[Dimension, list[float]]") -> "list[tuple[str, str, str]]":
    rows = []
    for name, driving, bright in REGIONS:
        found = [
            points["p"][i]
            for i in range(len(points["p"]))
            if (points["e"][i] >= MIDDLE) == driving and (points["m"][i] >= MIDDLE) == bright
        ]
        rows.append((name, str(len(found)), one_decimal(sum(found) / len(found)) if found else "–"))
    return rows


def _run_row(run: "RunRecord") -> "tuple[str, ...]":
    error, mean_error = _two_decimals(run["error"]), _two_decimals(run["meanError"])
    return (
        date_and_time(run["time"]),
        str(run["samples"]),
        error,
        mean_error,
        format_told(run["tells"]),
    )


def _curve(effect: "Effect", output: int) -> "Curve":
    line = [outputs[output] for outputs in effect["outputs"]]
    return {"name": WORDS[effect["feature"]][0], "line": line, "span": max(line) - min(line)}


def _two_decimals(number: float) -> str:
    return f"{number:.2f}"


async def _draw(
    chart: str,
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
        await insights.draw(chart, element, json.dumps(data))


def _legend(element: "Element", names: "Sequence[str]") -> None:
    following = element.nextElementSibling
    if following.className == "legend":
        following.remove()
    if names:
        items = create("ul")
        items.className = "legend"
        items.append(*[create("li", name) for name in names])
        element.after(items)


def _table(identity: str, head: "tuple[str, ...]", rows: "Sequence[tuple[str, ...]]") -> None:
    first = create("tr")
    for text in head:
        cell = create("th", text)
        cell.setAttribute("scope", "col")
        first.append(cell)
    table = by_id(identity)
    table.replaceChildren(first)
    for row in rows:
        line = create("tr")
        line.append(*[create("td", text) for text in row])
        table.append(line)
