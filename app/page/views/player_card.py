"""The Preferences tab's card of players: which one plays, and why others are not available."""

import json

from pyscript.js_modules import player_remote, sid_audio, site

from app.page.core.tasks import error_message, spawn
from app.page.views.dom import by_id, describe, on
from app.page.views.static_hosting import NO_SERVER

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.settings import Settings, Values
    from sidflow_feedback.player import Player

NAMES = (
    ("wasm", "In this page"),
    ("stream", "Streamed by the server"),
    ("cli", "sidplayfp"),
    ("u64", "Ultimate 64"),
)
REMOTE = ("stream", "cli", "u64")


class PlayerCard:
    """Gives the chosen player to the playback, even in the middle of a tune."""

    def __init__(self, playback: "Playback", settings: "Settings", players: "dict[str, Player]") -> None:
        self._playback = playback
        self._settings = settings
        self._players = players
        self._chosen = ""
        on(by_id("check-players"), "click", lambda _event: self.check())

    async def start(self) -> None:
        """Use the chosen player, and follow the settings from now on."""
        await self._use(self._settings.values["player"])
        self._settings.follow(self._on_settings)

    def _on_settings(self, values: "Values") -> None:
        if values["player"] != self._chosen:
            spawn(self._use(values["player"]))

    async def _use(self, name: str) -> None:
        self._chosen = name
        await self._playback.use(self._players[name])

    def check(self) -> None:
        """Show which players are available, and why the others are not."""
        spawn(self._check())

    async def _check(self) -> None:
        problems: dict[str, str | None] = {"wasm": str(sid_audio.whyUnsupported()) or None}
        if site.server:
            try:
                problems.update(json.loads(await player_remote.call("GET", "api/player")))
            except Exception as exc:
                problems.update(dict.fromkeys(REMOTE, error_message(exc)))
        else:
            problems.update(dict.fromkeys(REMOTE, NO_SERVER))
        missing = [title for name, title in NAMES if problems[name]]
        text = (
            "Not available: " + ", ".join(missing) + ". Details say why."
            if missing
            else "All players are ready."
        )
        by_id("player-summary").textContent = text
        describe(by_id("player-status"), [(title, problems[name] or "ready") for name, title in NAMES])
