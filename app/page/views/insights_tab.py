"""The Insights tab: what the model has learned, as pictures, each with its figures in words or a table."""

import json

from pyscript import document, window
from pyscript.js_modules import insights

from app.page.views.dom import by_id, on, one_decimal, reason, spawn
from app.page.views.reasons import WORDS
from sidflow_feedback.vocabulary import MIN_RATED, Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from sidflow_feedback.page.engine_client import EngineClient
    from sidflow_feedback.types import EngineState

OUTPUTS = ("e", "m", "c", "p")
STRONGEST = 4
"""Effects that are drawn; the table has all."""

REGIONS = (
    ("calm and dark", False, False),
    ("calm and bright", False, True),
    ("driving and dark", True, False),
    ("driving and bright", True, True),
)
MIDDLE = 3.0


class InsightsTab:
    """Asks for the figures when it is looked at, and again when they have changed."""

    def __init__(self, engine: "EngineClient") -> None:
        self._engine = engine
        self._seen = ""
        self._figures: Any = None
        self._asking = False
        self._state: Any = None
        on(by_id("effect-output"), "change", lambda _event: spawn(self._show_effects()))

    def open(self) -> None:
        """Begin to show them: the tab was chosen."""
        spawn(self._refresh())

    def show(self, state: "EngineState") -> None:
        """Follow the engine's state, as long as somebody looks."""
        self._state = state
        spawn(self._refresh())

    async def _refresh(self) -> None:
        state = self._state
        if by_id("insights").hidden or self._asking or state is None:
            return
        seen = _fingerprint(state)
        if seen == self._seen:
            return
        self._asking = True
        try:
            self._figures = await self._engine.ask(Request.INSIGHTS)
            self._seen = seen
            await self._show()
        except Exception as exc:
            by_id("insights-hint").textContent = reason(exc)
        self._asking = False

    async def _show(self) -> None:
        figures = self._figures
        by_id("insights-cards").hidden = False
        by_id("insights-hint").textContent = _summary(figures, self._state)
        await self._show_map()
        await self._show_errors()
        await self._show_effects()
        await self._show_budget()

    async def _show_map(self) -> None:
        points, rated = self._figures["map"], _rated_points(self._figures["rated"])
        empty = "" if points["e"] else "The library's sound is not known yet."
        if not rated:
            empty += " You have rated no energy and mood yet: your ratings will be rings on the map."
        by_id("map-empty").textContent = empty
        rows = _regions(points)
        _table("map-table", ("Songs", "How many", "Expected preference"), rows)
        songs = {"x": points["e"], "y": points["m"], "shade": [(value - 1) / 4 for value in points["p"]]}
        data = {
            "songs": songs,
            "rated": {"x": [point[0] for point in rated], "y": [point[1] for point in rated]},
            "labels": ["energy", "mood"],
        }
        text = "; ".join(row[0] + ": " + row[1] + " songs, expected preference " + row[2] for row in rows)
        await _draw("map", "map-chart", data, "Taste map. " + text, len(points["e"]))

    async def _show_errors(self) -> None:
        runs = self._figures["runs"]
        by_id("error-empty").textContent = "" if runs else _no_runs(self._figures, self._state)
        _table(
            "error-table",
            ("Run", "Songs", "Before", "After", "Kept"),
            [_run_row(run) for run in reversed(runs)],
        )
        data = {
            "x": list(range(1, len(runs) + 1)),
            "lines": [[run["errorAfter"] for run in runs], [run["errorBefore"] for run in runs]],
            "labels": ["training run", "error in ratings"],
            "range": [0, max([2.0] + [run["errorAfter"] for run in runs])],
            "time": False,
        }
        text = "Error over " + str(len(runs)) + " training runs."
        if runs:
            text += (
                " After the last one: "
                + _two(runs[-1]["errorAfter"])
                + ", before it: "
                + _two(runs[-1]["errorBefore"])
                + "."
            )
        await _draw("lines", "error-chart", data, text, len(runs), ("after", "before"))

    async def _show_effects(self) -> None:
        if self._figures is None:
            return
        output = OUTPUTS.index(by_id("effect-output").value)
        effects = [_effect(effect, output) for effect in self._figures["effects"]]
        effects.sort(key=lambda effect: -effect["span"])
        by_id("effect-empty").textContent = "" if effects else "The library's sound is not known yet."
        rows = [(effect["name"], _two(effect["line"][0]), _two(effect["line"][-1])) for effect in effects]
        _table("effect-table", ("Sound", "If little", "If much"), rows)
        shown = effects[:STRONGEST]
        data = {
            "x": list(range(5, 96, 15)),
            "lines": [effect["line"] for effect in shown],
            "labels": ["least to most in the library, %", "expected"],
            "range": [1, 5],
            "time": False,
        }
        text = "; ".join(row[0] + ": from " + row[1] + " to " + row[2] for row in rows[:STRONGEST])
        names = [effect["name"] for effect in shown]
        await _draw("lines", "effect-chart", data, "Strongest effects. " + text, len(shown), names)

    async def _show_budget(self) -> None:
        shares = self._figures["shares"]
        used = [100 * share for _, share in shares]
        busy = [i for i in range(len(used)) if used[i] > 0]
        by_id("budget-empty").textContent = "" if busy else "Learning has used nothing since it started here."
        rows = [(_time_of_day(shares[i][0]), _two(used[i]) + " %") for i in busy[-60:]]
        _table("budget-table", ("At", "Share"), rows)
        data = {
            "x": [time / 1000 for time, _ in shares],
            "lines": [used],
            "labels": ["", "% of one processor"],
            "range": [0, 5],
            "time": True,
        }
        most, now = max(used or [0.0]), used[-1] if used else 0.0
        text = "Share of the processor: now " + _two(now) + " %, at most " + _two(most) + " %."
        await _draw("lines", "budget-chart", data, text, len(busy))


def _fingerprint(state: "EngineState") -> str:
    """Return what the figures depend on."""
    training, ratings = state["training"], state["counts"]["ratings"]
    run = training["lastRun"]
    return json.dumps(
        [training["localVersion"], training["baseVersion"], run and run["time"], sum(ratings.values()),
         int(1000 * training["cpuShare"])]
    )  # fmt: skip


def _summary(figures: "dict[str, Any]", state: "EngineState") -> str:
    learned = figures["model"].startswith("local")
    rated = "You have rated " + str(len(figures["rated"])) + " songs. "
    if learned:
        return (
            rated
            + "This is what the model has learned from that, and from what you played, liked and skipped."
        )
    return (
        rated
        + "The model knows nothing of your taste yet: what you see is everybody's. "
        + _no_runs(figures, state)
    )


def _no_runs(figures: "dict[str, Any]", state: "EngineState") -> str:
    missing = MIN_RATED - len(figures["rated"])
    text = "No training run yet: "
    if missing > 0:
        return (
            text
            + str(missing)
            + (" more rated songs are" if missing > 1 else " more rated song is")
            + " needed."
        )
    if state["training"]["phase"] == "off":
        return text + "switch learning on in Preferences."
    return text + "the first one comes in an idle moment."


def _rated_points(rated: "list[dict[str, Any]]") -> "list[tuple[int, int]]":
    both = [song["ratings"] for song in rated if "e" in song["ratings"] and "m" in song["ratings"]]
    return [(ratings["e"], ratings["m"]) for ratings in both]


def _regions(points: "dict[str, list[float]]") -> "list[tuple[str, str, str]]":
    rows = []
    for name, driving, bright in REGIONS:
        found = [
            points["p"][i]
            for i in range(len(points["p"]))
            if (points["e"][i] >= MIDDLE) == driving and (points["m"][i] >= MIDDLE) == bright
        ]
        rows.append((name, str(len(found)), one_decimal(sum(found) / len(found)) if found else "–"))
    return rows


def _run_row(run: "dict[str, Any]") -> "tuple[str, ...]":
    kept = "yes" if run["accepted"] else "no"
    when = window.Date.new(float(run["time"])).toLocaleString()
    return str(when), str(run["samples"]), _two(run["errorBefore"]), _two(run["errorAfter"]), kept


def _effect(effect: "dict[str, Any]", output: int) -> "dict[str, Any]":
    line = [outputs[output] for outputs in effect["outputs"]]
    return {"name": WORDS[effect["feature"]][0], "line": line, "span": max(line) - min(line)}


def _time_of_day(milliseconds: float) -> str:
    return str(window.Date.new(float(milliseconds)).toLocaleTimeString())


def _two(number: float) -> str:
    return f"{number:.2f}"


async def _draw(
    chart: str, identity: str, data: "dict[str, Any]", text: str, count: int, names: "Any" = ()
) -> None:
    """Draw a chart where there is something to draw; `text` says the same to who can't see it."""
    element = by_id(identity)
    element.hidden = count == 0
    element.setAttribute("role", "img")
    element.setAttribute("aria-label", text)
    _legend(element, names if count else ())
    if count:
        await insights.draw(chart, element, json.dumps(data))


def _legend(element: "Any", names: "Any") -> None:
    following = element.nextElementSibling
    if following.className == "legend":
        following.remove()
    if not names:
        return
    items = document.createElement("ul")
    items.className = "legend"
    for name in names:
        item = document.createElement("li")
        item.textContent = name
        items.append(item)
    element.after(items)


def _table(identity: str, head: "tuple[str, ...]", rows: "Any") -> None:
    table = by_id(identity)
    table.replaceChildren()
    for row in [head] + list(rows):  # noqa: RUF005  MicroPython can't unpack into a list.
        line = document.createElement("tr")
        for text in row:
            cell = document.createElement("th" if row is head else "td")
            if row is head:
                cell.scope = "col"
            cell.textContent = text
            line.append(cell)
        table.append(line)
