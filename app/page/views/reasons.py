"""Why the model expects what it expects, in words."""

from pyscript import document

from app.page.views.dom import one_decimal

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

LEAST_EFFECT = 0.05
"""In ratings: less would be shown as nothing."""

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
"""What a song is whose feature is above, or below, the average."""


def phrases(reasons: "list[dict[str, Any]]", most: int) -> "list[str]":
    """Return the strongest reasons, each with its effect in ratings: ``brighter sound +0.4``."""
    told = [reason for reason in reasons if abs(reason["effect"]) >= LEAST_EFFECT]
    return [_phrase(reason) for reason in told[:most]]


def show_reasons(target: "Any", why: "dict[str, Any] | None", most: int) -> None:
    """Fill an element with the expected preference and what moves it away from that of the average tune."""
    target.replaceChildren()
    if why is None:
        _add(target, "p", "The model knows nothing of its sound.").className = "quiet"
        return
    preference = why["p"]
    summary = _add(target, "p", "")
    _add(summary, "strong", one_decimal(preference["prediction"]) + " of 5")
    summary.append(" expected; the average tune: " + one_decimal(preference["baseline"]) + ".")
    found = phrases(preference["reasons"], most)
    if not found:
        _add(target, "p", "Nothing in its sound speaks for or against it.").className = "quiet"
        return
    items = _add(target, "ul", "")
    items.className = "reasons"
    for text in found:
        _add(items, "li", text)


def _phrase(reason: "dict[str, Any]") -> str:
    effect = reason["effect"]
    words = WORDS[reason["feature"]][0 if reason["above"] else 1]
    return words + (" +" if effect > 0 else " −") + one_decimal(abs(effect))


def _add(target: "Any", tag: str, text: str) -> "Any":
    element = document.createElement(tag)
    element.textContent = text
    target.append(element)
    return element
