"""Explanations of predictions in words."""

from app.page.views.dom import create, one_decimal
from app.page.views.sureness import WORDS as SURENESS
from app.page.views.sureness import mark

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.views.elements import Element
    from sidflow_feedback.types import Explanations, Reason

MIN_EFFECT = 0.05
"""In rating points: a smaller effect would be shown as 0.0."""

NOT_SURE = "Not sure yet whether you like this tune. Likes, dislikes, and ratings of other tunes help."

WORDS = {
    "energy": ("more going on", "less going on"),
    "rms": ("louder", "quieter"),
    "spectralCentroid": ("brighter sound", "darker sound"),
    "spectralRolloff": ("lighter bass", "heavier bass"),
    "zeroCrossingRate": ("rougher sound", "smoother sound"),
    "bpm": ("faster", "slower"),
    "confidence": ("steadier beat", "freer beat"),
    "duration": ("longer", "shorter"),
}
"""What a song is like whose feature is above, or below, the average."""


def phrases(reasons: "list[Reason]", limit: int) -> "list[str]":
    """Return the strongest reasons, each with its effect in rating points: ``brighter sound +0.4``."""
    visible = [reason for reason in reasons if abs(reason["effect"]) >= MIN_EFFECT]
    return [_phrase(reason) for reason in visible[:limit]]


def main_reasons(reasons: "list[Reason]", is_liked: bool, limit: int) -> "list[str]":
    """Return what speaks most for a song if it is liked, else against it, in words: ``brighter sound``."""
    named = [reason for reason in reasons if abs(reason["effect"]) >= MIN_EFFECT]
    return [_words(reason) for reason in named if (reason["effect"] > 0) == is_liked][:limit]


def show_reasons(target: "Element", why: "Explanations | None", level: int, limit: int) -> None:
    """Fill an element with the predicted preference, and its difference from the average tune's.

    Parameters
    ----------
    level
        How sure the prediction is: see `views.sureness`.
    limit
        Maximum number of reasons.
    """
    target.replaceChildren()
    if why is None:
        target.append(_quiet("There is no prediction for this tune yet: it has not been analyzed."))
        return
    if level == 0:
        target.append(_quiet(NOT_SURE))
        return
    preference = why["p"]
    summary = create("p")
    summary.append(
        create("strong", one_decimal(preference["prediction"]) + " of 5"),
        " expected, " + SURENESS[level] + " ",
        mark(level),
        " (average tune: " + one_decimal(preference["baseline"]) + ")",
    )
    target.append(summary)
    found = phrases(preference["reasons"], limit)
    if not found:
        target.append(_quiet("No feature of its sound makes a difference."))
        return
    items = create("ul")
    items.className = "reasons"
    items.append(*[create("li", text) for text in found])
    target.append(items)


def _phrase(reason: "Reason") -> str:
    effect = reason["effect"]
    return _words(reason) + (" +" if effect > 0 else " −") + one_decimal(abs(effect))


def _words(reason: "Reason") -> str:
    return WORDS[reason["feature"]][0 if reason["above"] else 1]


def _quiet(text: str) -> "Element":
    paragraph = create("p", text)
    paragraph.className = "quiet"
    return paragraph
