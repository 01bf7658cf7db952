"""The card of the current tune: its facts, its voices, and what it is played with."""

from pyscript import window
from pyscript.js_modules import sid_scope

from app.page.core.playback_state import State
from app.page.views.dom import aria, by_id, create, describe, minutes, on, show_text
from sidflow_feedback.vocabulary import LengthSource

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.page.core.playback import Playback
    from app.page.core.settings import Settings, Values
    from app.page.core.tune import Track, Tune
    from app.page.views.elements import Element
    from sidflow_feedback.player import Hardware, Sound

SOURCES = {
    LengthSource.CATALOG: "from the catalog",
    LengthSource.SONGLENGTHS: "from Songlengths.md5",
    LengthSource.MEASURED: "measured until silence",
    LengthSource.DEFAULT: "default: length unknown",
}
"""Where a length is from."""

LIMITS = (
    ("seek", "seek"),
    ("mute", "mute voices"),
    ("scope", "show waveforms"),
    ("override", "change the clock, chip, or sound"),
)
"""What a player without an ability can't do."""

CHOICES = ("clock", "chip", "filterBy", "combined")
"""Settings that are chosen from a list."""

CHIP_VOICES = 3


class NowPlaying:
    """Shows the current tune, mutes its voices, and chooses clock and chip.

    Parameters
    ----------
    native
        The page's JavaScript player, whose waveforms the oscilloscope shows.
    """

    def __init__(self, playback: "Playback", settings: "Settings", native: object) -> None:
        self._playback = playback
        self._settings = settings
        self._scope = sid_scope.Scope.new(by_id("scope"), native)
        self._reduced_motion = window.matchMedia("(prefers-reduced-motion: reduce)")
        for name in CHOICES:
            on(by_id(name), "change", lambda event: settings.change(event.target.id, event.target.value))
        for name in ("filterCurve", "width"):
            on(by_id(name), "change", lambda event: settings.change(event.target.id, int(event.target.value)))
        on(
            by_id("digiBoost"),
            "change",
            lambda event: settings.change("digiBoost", bool(event.target.checked)),
        )
        on(by_id("waves"), "click", lambda _event: self._toggle_waves())
        on(self._reduced_motion, "change", lambda _event: self.show())
        settings.follow(self._on_settings)
        playback.changed.connect(self.show)

    def show(self) -> None:
        """Show the playback's state."""
        tune, track = self._playback.tune, self._playback.track
        by_id("now-playing").hidden = tune is None
        if tune is not None and track is not None:
            by_id("now-name").textContent = tune.title
            show_text(by_id("now-author"), tune.author)  # It may have links in it.
            show_text(by_id("now-released"), tune.released)
            facts = _facts(tune, track, self._playback.used, self._settings.values)
            describe(by_id("now-facts"), facts)
            self._show_voices()
            self._show_abilities()
        self._show_scope()

    def _on_settings(self, values: "Values") -> None:
        settings: dict[str, object] = dict(values)
        for choice in CHOICES:
            by_id(choice).value = settings[choice]
        by_id("filterCurve").value, by_id("width").value = values["filterCurve"], values["width"]
        by_id("digiBoost").checked = values["digiBoost"]
        clock, chip = values["clock"], values["chip"]
        sound: Sound = {
            "filterCurve": values["filterCurve"] if values["filterBy"] == "hand" else None,
            "digiBoost": values["digiBoost"],
            "combined": values["combined"],
        }
        self._playback.override("" if clock == "file" else clock, 0 if chip == "file" else int(chip), sound)
        self._playback.spread(values["width"])
        self.show()

    def _voices(self) -> int:
        used = self._playback.used
        return CHIP_VOICES * (len(used["chips"]) if used else 1)

    def _wants_waves(self) -> bool:
        wanted = self._settings.values["waves"]
        return wanted == "on" or (wanted == "auto" and not self._reduced_motion.matches)

    def _toggle_waves(self) -> None:
        self._settings.change("waves", "off" if self._wants_waves() else "on")

    def _show_voices(self) -> None:
        group = by_id("voices")
        if group.children.length != self._voices():
            group.replaceChildren(*[self._voice_button(voice) for voice in range(self._voices())])
        for voice in range(self._voices()):
            button: Element = group.children[voice]
            button.disabled = "mute" not in self._playback.abilities
            button.setAttribute("aria-pressed", aria(self._is_muted(voice)))

    def _voice_button(self, voice: int) -> "Element":
        button = create("button", _voice_name(voice, self._voices() > CHIP_VOICES))
        button.type = "button"
        button.setAttribute("aria-label", "Mute " + button.textContent)
        button.style.setProperty("--voice", "var(--voice-" + str(voice + 1) + ")")
        on(button, "click", lambda _event: self._playback.mute(voice, not self._is_muted(voice)))
        return button

    def _is_muted(self, voice: int) -> bool:
        return bool(self._playback.muted >> voice & 1)

    def _show_abilities(self) -> None:
        abilities = self._playback.abilities
        missing = [what for ability, what in LIMITS if ability not in abilities]
        able = "override" in abilities
        for control in ("clock", "chip", "filterBy", "combined", "digiBoost", "width"):
            by_id(control).disabled = not able
        by_id("filterCurve").disabled = not able or self._settings.values["filterBy"] != "hand"
        by_id("waves").disabled = "scope" not in abilities
        by_id("now-why").hidden = not missing
        by_id("now-why").textContent = (
            "This player can't "
            + ", ".join(missing)
            + ". To do so, choose the player in this page under Preferences."
        )

    def _show_scope(self) -> None:
        visible = self._wants_waves() and "scope" in self._playback.abilities
        by_id("waves").setAttribute("aria-pressed", aria(visible))
        by_id("scope").hidden = not visible
        by_id("scope").setAttribute("aria-label", "Waveforms of " + str(self._voices()) + " voices")
        self._scope.show(self._voices(), visible and self._playback.state == State.PLAYING)


def _voice_name(voice: int, several_chips: bool) -> str:
    name = "voice " + str(voice % CHIP_VOICES + 1)
    return "SID " + str(voice // CHIP_VOICES + 1) + ", " + name if several_chips else "V" + name[1:]


def _facts(
    tune: "Tune", track: "Track", used: "Hardware | None", values: "Values"
) -> "list[tuple[str, str]]":
    facts = [
        ("Released", tune.released or "unknown"),
        ("Song", str(track.song) + " of " + str(tune.songs)),
        ("Length", minutes(track.length) + ", " + SOURCES.get(track.length_source, track.length_source)),
    ]
    if used:
        clock = "" if used["headerClock"] == "unknown" else used["headerClock"]
        chips = used["chips"]
        header_chips = _models(model for _, model in chips)
        facts.append(("Clock", _compared(used["clock"], clock)))
        facts.append(("Chip", _compared(_models(model for model, _ in chips), header_chips)))
        if used["sound"]:
            facts += _sound_facts([model for model, _ in chips], used["sound"], values)
    return facts


def _sound_facts(chips: "list[int]", sound: "Sound", values: "Values") -> "list[tuple[str, str]]":
    """Return what applies to these chips: only the 6581's filter has a curve, only the 8580 needs a boost."""
    facts = []
    if 6581 in chips:
        by = "chosen by hand" if values["filterBy"] == "hand" else "by author"
        facts.append(("Filter", str(sound["filterCurve"]) + " % dark, " + by))
    if 8580 in chips:
        facts.append(("Digi boost", "on" if sound["digiBoost"] else "off"))
    facts.append(("Combined waveforms", sound["combined"]))
    if len(chips) > 1:
        facts.append(("Stereo", str(values["width"]) + " % wide" if values["width"] else "off"))
    return facts


def _models(chips: "Iterable[int]") -> str:
    models = [str(chip) for chip in chips]
    return "" if "0" in models else " + ".join(models)


def _compared(used: str, header: str) -> str:
    """Return what is in use, and how it compares to the file's header, which is empty if it names nothing."""
    if not header:
        return used + " (not in the file)"
    return used + " (as in the file)" if used == header else used + " (file: " + header + ")"
