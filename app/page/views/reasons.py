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

NO_MODEL = "The prediction comes when learning has started."
NOT_ANALYZED = "The sound of this tune is not analyzed yet."
NOT_SURE = "Not sure yet whether you like this tune. "
HELPS = "Likes, dislikes, and ratings of other tunes help."
HELPS_IF_ON = "Learning is off. Turn it on in Preferences to make your likes count."

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


def what_is_missing(why: "Explanations | None", level: int, model: str, learning: bool) -> str:
    """Return why a tune's preference isn't known, and what to do; empty if it is.

    Parameters
    ----------
    level
        How sure the prediction is: see `views.sureness`.
    model
        Version of the model; empty while there is none.
    learning
        Whether the listener has turned on learning.
    """
    if not model:
        return NO_MODEL
    if why is None:
        return NOT_ANALYZED
    return "" if level else what_helps(learning)


def what_helps(learning: bool) -> str:
    """Return what the listener can do so that predictions become surer."""
    return HELPS if learning else HELPS_IF_ON


def show_reasons(target: "Element", why: "Explanations | None", level: int, limit: int, missing: str) -> None:
    """Fill an element with the predicted preference, and its difference from the average tune's.

    Parameters
    ----------
    level
        How sure the prediction is: see `views.sureness`.
    limit
        Maximum number of reasons.
    missing
        What `what_is_missing` returns.
    """
    target.replaceChildren()
    if why is None or level == 0:
        target.append(_quiet((NOT_SURE if why else "") + missing))
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
