"""How sure the model is of a prediction, in words and as a mark."""

from app.page.views.dom import create, one_decimal

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.views.elements import Element

WORDS = ("not sure", "a guess", "fairly sure", "sure")
"""By level, see `sidflow_feedback.recommending.sureness`."""

NAMES = {"e": "energy", "m": "mood", "c": "complexity", "p": "preference"}

MARKS = ("○○○", "●○○", "●●○", "●●●")


def show_prediction(target: "Element", value: "float | None", level: int) -> None:
    """Fill an element with a prediction and how sure it is: "not sure" has no number."""
    target.replaceChildren()
    if value is None:
        return
    words = "not sure yet" if level == 0 else "expected " + one_decimal(value) + ", " + WORDS[level]
    target.append(words + " ", mark(level))


def format_told(tells: str) -> str:
    """Return the names of the dimensions that a model can tell, given as in ``ep``."""
    return ", ".join([NAMES[name] for name in tells]) or "can’t tell yet"


def mark(level: int) -> "Element":
    """Return three dots, as many of them filled as the level says; screen readers have the words."""
    dots = create("span", MARKS[level])
    dots.className = "sureness"
    dots.setAttribute("aria-hidden", "true")
    return dots
