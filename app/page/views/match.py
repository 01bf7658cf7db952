"""How much the listener may like the playing tune: in words, as a picture, and below "Details" in figures."""

from app.page.core.tasks import spawn
from app.page.views.dom import by_id, describe, one_decimal, show_text
from app.page.views.reasons import main_reasons, show_reasons, what_is_missing
from app.page.views.sureness import NAMES
from app.page.views.sureness import WORDS as SURENESS

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.recommendations import Recommendations
    from app.page.core.settings import Settings
    from sidflow_feedback.types import Explanations

MAX_REASONS = 4
MAX_NAMED = 2
"""Reasons in the sentence, and below "Details"."""

VERDICTS = ((4.2, "You may love this"), (3.4, "You may like this"), (2.6, "It could go either way"))
"""From which predicted preference on."""

LOW = "Maybe not for you"
UNSURE = "Not sure yet"

NO_REASON = "It sounds like the average tune."

FEELINGS = {"e": ("calm", "driving"), "m": ("dark", "bright"), "c": ("simple", "intricate")}
"""Below `LITTLE`, and above `MUCH`."""

LITTLE, MUCH = 2.5, 3.5

SPREAD = (1.0, 0.6, 0.35, 0.15)
"""Width of the picture's band by sureness, as a share of the scale."""


class Match:
    """Shows the prediction of the song that plays, and why. Its place in the hero keeps its size."""

    def __init__(
        self, playback: "Playback", recommendations: "Recommendations", settings: "Settings"
    ) -> None:
        self._playback = playback
        self._recommendations = recommendations
        self._settings = settings
        playback.changed.connect(self._show_soon)
        recommendations.changed.connect(self._show_soon)
        settings.follow(lambda _values: self._show_soon())

    def _show_soon(self) -> None:
        if self._playback.tune is not None:
            spawn(self._show())

    async def _show(self) -> None:
        playback, recommendations = self._playback, self._recommendations
        tune, track = playback.tune, playback.track
        why = await recommendations.why(tune, playback.song) if tune else None
        if tune is None or track is not playback.track:
            return
        values = recommendations.prediction(tune, playback.song)
        sureness = recommendations.sureness(tune, playback.song)
        level = sureness["p"] if why and values else 0
        by_id("match").dataset.model = recommendations.model
        by_id("why-surprise").hidden = recommendations.surprise is not tune
        show_text(by_id("match-verdict"), _verdict(values["p"]) if values and level else UNSURE)
        show_text(by_id("match-sureness"), SURENESS[level] if level else "")
        learning = self._settings.values["training"]
        missing = what_is_missing(why, level, recommendations.model, learning)
        show_text(by_id("match-why"), missing or _sentence(why))
        show_text(by_id("match-feeling"), _feeling(values, sureness))
        _draw(values["p"] if values else 0.0, level)
        show_reasons(by_id("why-playing"), why, level, MAX_REASONS, missing)
        _show_figures(values, sureness)


def _sentence(why: "Explanations | None") -> str:
    """Return why the verdict is what it is."""
    if why is None:
        return ""
    is_liked = why["p"]["prediction"] >= why["p"]["baseline"]
    named = main_reasons(why["p"]["reasons"], is_liked, MAX_NAMED)
    if not named:
        return NO_REASON
    return ("What speaks for it: " if is_liked else "What speaks against it: ") + ", ".join(named) + "."


def _verdict(preference: float) -> str:
    for minimum, words in VERDICTS:
        if preference >= minimum:
            return words
    return LOW


def _feeling(values: "dict[str, float] | None", sureness: "dict[str, int]") -> str:
    """Return what the song is expected to feel like; empty if that is nothing in particular."""
    found = []
    for name, (little, much) in FEELINGS.items():
        if values and sureness[name] and not LITTLE < values[name] < MUCH:
            found.append(little if values[name] <= LITTLE else much)
    return "It may feel " + " and ".join(found) + "." if found else ""


def _draw(preference: float, level: int) -> None:
    """Draw where the preference is on the scale: a band as wide as the prediction is unsure."""
    gauge = by_id("match-gauge")
    spread = SPREAD[level]
    start = min(max((preference - 1) / 4 - spread / 2, 0.0), 1 - spread) if level else 0.0
    gauge.dataset.level = str(level)
    gauge.style.setProperty("--start", str(start))
    gauge.style.setProperty("--spread", str(spread))


def _show_figures(values: "dict[str, float] | None", sureness: "dict[str, int]") -> None:
    rows = []
    for name, noun in NAMES.items():
        level = sureness[name] if values else 0
        figure = one_decimal(values[name]) + ", " + SURENESS[level] if values and level else "not sure yet"
        rows.append((noun[0].upper() + noun[1:], figure))
    describe(by_id("match-figures"), rows)
