"""The card of the tune that plays: what it is, what it is played with, and its voices."""

from pyscript import document, window
from pyscript.js_modules import sid_scope

from app.page.views.dom import by_id, describe, minutes, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from app.page.core.playback import Playback
    from app.page.core.settings import Settings

SOURCES = {
    "catalog": "from the catalog",
    "songlengths": "from the Songlengths list",
    "measured": "measured: then it falls silent",
    "default": "assumed: the file does not say",
}
"""Where a length comes from, in plain words."""

CHIP_VOICES = 3


class NowPlaying:
    """Shows the playback's tune; mutes its voices, chooses clock and chip.

    Parameters
    ----------
    native
        The page's JavaScript player, whose waves the oscilloscope shows.
    """

    def __init__(self, playback: "Playback", settings: "Settings", native: "Any") -> None:
        self._playback = playback
        self._settings = settings
        self._scope = sid_scope.Scope.new(by_id("scope"), native)
        self._calm = window.matchMedia("(prefers-reduced-motion: reduce)")
        for name in ("clock", "chip"):
            on(by_id(name), "change", lambda event: settings.change(event.target.id, event.target.value))
        on(by_id("waves"), "click", lambda _event: settings.change("waves", "off" if self._waves() else "on"))
        on(self._calm, "change", lambda _event: self.show())
        settings.follow(self._configure)
        playback.changed.connect(self.show)

    def show(self) -> None:
        """Show the playback's state."""
        tune, track = self._playback.tune, self._playback.track
        by_id("now-playing").hidden = tune is None
        by_id("now-hint").hidden = tune is not None
        if tune is not None and track is not None:
            by_id("now-name").textContent = tune["title"]
            by_id("now-author").textContent = tune["author"]
            describe(by_id("now-facts"), _facts(tune, track, self._playback.used))
            self._show_voices()
            self._show_abilities()
        self._show_scope()

    def _configure(self, values: "dict[str, Any]") -> None:
        for name in ("clock", "chip"):
            by_id(name).value = values[name]
        clock, chip = values["clock"], values["chip"]
        self._playback.override("" if clock == "file" else clock, 0 if chip == "file" else int(chip))
        self.show()

    def _voices(self) -> int:
        used = self._playback.used
        return CHIP_VOICES * (len(used["chips"]) if used else 1)

    def _waves(self) -> bool:
        wish = self._settings.values["waves"]
        return wish == "on" or (wish == "auto" and not self._calm.matches)

    def _show_voices(self) -> None:
        group = by_id("voices")
        if group.children.length != self._voices():
            group.replaceChildren()
            for voice in range(self._voices()):
                group.append(self._voice_button(voice))
        for voice in range(self._voices()):
            button = group.children[voice]
            button.disabled = "mute" not in self._playback.abilities
            button.setAttribute("aria-pressed", "true" if self._muted(voice) else "false")

    def _voice_button(self, voice: int) -> "Any":
        button = document.createElement("button")
        button.type = "button"
        button.textContent = _voice_name(voice, self._voices() > CHIP_VOICES)
        button.setAttribute("aria-label", "Mute " + button.textContent)
        on(button, "click", lambda _event: self._playback.mute(voice, not self._muted(voice)))
        return button

    def _muted(self, voice: int) -> bool:
        return bool(self._playback.muted >> voice & 1)

    def _show_abilities(self) -> None:
        abilities = self._playback.abilities
        missing = [what for ability, what in LIMITS if ability not in abilities]
        for name in ("clock", "chip"):
            by_id(name).disabled = "override" not in abilities
        by_id("waves").disabled = "scope" not in abilities
        by_id("now-why").hidden = not missing
        by_id("now-why").textContent = (
            "This player can't " + ", ".join(missing) + ". The player in this page can: see Preferences."
        )

    def _show_scope(self) -> None:
        on_show = self._waves() and "scope" in self._playback.abilities
        by_id("waves").setAttribute("aria-pressed", "true" if on_show else "false")
        by_id("scope").hidden = not on_show
        by_id("scope").setAttribute("aria-label", "Waves of " + str(self._voices()) + " voices as they sound")
        self._scope.show(self._voices(), on_show and self._playback.status == "playing")


LIMITS = (
    ("seek", "go to a place in the song"),
    ("mute", "mute voices"),
    ("scope", "show their waves"),
    ("override", "change clock or chip"),
)
"""What a player may be unable to do, as the card says it."""


def _voice_name(voice: int, several_chips: bool) -> str:
    name = "voice " + str(voice % CHIP_VOICES + 1)
    return "SID " + str(voice // CHIP_VOICES + 1) + ", " + name if several_chips else "V" + name[1:]


def _facts(tune: "dict[str, Any]", track: "Any", used: "dict[str, Any] | None") -> "list[tuple[str, str]]":
    length = minutes(track["length"]) + ", " + SOURCES.get(track["length_source"], track["length_source"])
    facts = [("Released", tune.get("released") or "not said")]
    facts.append(("Song", str(track["song"]) + " of " + str(tune["songs"])))
    facts.append(("Length", length))
    if used:
        chips = used["chips"]
        facts.append(("Clock", _used(used["clock"], _said(used["headerClock"]))))
        facts.append(("Chip", _used(_models(chip for chip, _ in chips), _models(said for _, said in chips))))
    return facts


def _said(header_clock: str) -> str:
    return "" if header_clock == "unknown" else header_clock


def _models(chips: "Any") -> str:
    models = [str(chip) for chip in chips]
    return "" if "0" in models else " + ".join(models)


def _used(used: str, said: str) -> str:
    """Say what is in use, and how that relates to what the file says; an empty `said` is nothing."""
    if not said:
        return used + ": the file does not say"
    return used + ": as the file says" if used == said else used + " (file says " + said + ")"
