"""Analysis of all music at once, on all cores: the button that starts and stops it, and its progress."""

from app.page.core.tasks import error_message, spawn
from app.page.views.dom import by_id, count, notice, on, one_decimal, show_text

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.payloads import FullAnalysisState
    from app.page.core.tune_library import TuneLibrary

FEW = 10
"""So many tunes are soon analyzed in the background: there is no need to offer more."""

MINUTE, HOUR = 60, 3600


class AnalyzeNow:
    """Starts and stops `TuneLibrary.analyze_all`, and shows how far it is."""

    def __init__(self, library: "TuneLibrary") -> None:
        self._library = library
        self._missing = 0
        self._state: FullAnalysisState = {
            "running": False,
            "analyzed": 0,
            "perSecond": 0.0,
            "skipped": 0,
            "problem": "",
        }
        self._card = by_id("analyze-now")
        self._button = self._card.querySelector("button")
        on(self._button, "click", lambda _event: spawn(self._switch()))

    def show_missing(self, missing: int) -> None:
        """Show how many tunes are not analyzed."""
        self._missing = missing
        self._show()

    def show(self, state: "FullAnalysisState") -> None:
        """Show the state of the analysis."""
        self._state = state
        self._show()

    async def _switch(self) -> None:
        try:
            if self._state["running"]:
                await self._library.stop_analysis()
            else:
                await self._library.analyze_all()
        except Exception as exc:
            notice(error_message(exc))

    def _show(self) -> None:
        state, missing = self._state, self._missing
        self._card.hidden = not state["running"] and missing < FEW
        self._button.textContent = "Stop" if state["running"] else "Analyze my music now"
        bar = self._card.querySelector("progress")
        bar.hidden = not state["running"]
        bar.max = max(1, state["analyzed"] + missing)
        bar.value = state["analyzed"]
        show_text(self._card.querySelector("p"), _text(state, missing))


def _text(state: "FullAnalysisState", missing: int) -> str:
    if not state["running"]:
        text = count(missing, "tune") + " not analyzed yet: nothing is known of how they sound."
    elif not state["analyzed"]:
        text = "Starting the analysis on all processor cores ..."
    else:
        left = max(0, missing - state["skipped"])
        rate = state["perSecond"]
        text = "Analyzing your music: " + count(left, "tune") + " left"
        text += ", " + one_decimal(rate) + " a second, " + _time(left / rate) + " to go." if rate else "."
    if state["skipped"]:
        text += " " + count(state["skipped"], "tune") + " skipped. " + state["problem"]
    return text


def _time(seconds: float) -> str:
    if seconds < 2 * MINUTE:
        return "about " + str(round(seconds)) + " s"
    if seconds < 2 * HOUR:
        return "about " + str(round(seconds / MINUTE)) + " min"
    return "about " + str(round(seconds / HOUR)) + " h"
