"""The Preferences' card of players: which one plays, and why another can't."""

import json

from pyscript.js_modules import player_remote, sid_audio, site

from app.page.views.dom import by_id, describe, on, reason, spawn
from app.page.views.static_hosting import NO_SERVER

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from app.page.core.playback import Playback
    from app.page.core.settings import Settings

NAMES = (
    ("wasm", "In this page"),
    ("stream", "Streamed by the server"),
    ("cli", "sidplayfp"),
    ("u64", "Ultimate 64"),
)


class PlayerCard:
    """Gives the chosen player to the playback, in mid-tune too."""

    def __init__(self, playback: "Playback", settings: "Settings", players: "dict[str, Any]") -> None:
        self._playback = playback
        self._settings = settings
        self._players = players
        self._chosen = ""
        self._address: str | None = None
        on(by_id("tab-preferences"), "click", lambda _event: spawn(self._check()))
        on(by_id("check-players"), "click", lambda _event: spawn(self._check()))

    async def start(self) -> None:
        """Use the chosen player; from now on follow the settings."""
        self._address = self._settings.values["u64Address"]
        await self._use(self._settings.values["player"])
        self._settings.follow(self._changed)

    def _changed(self, values: "dict[str, Any]") -> None:
        if values["player"] != self._chosen:
            spawn(self._use(values["player"]))
        if values["u64Address"] != self._address:
            self._address = values["u64Address"]
            spawn(self._check())

    async def _use(self, name: str) -> None:
        self._chosen = name
        await self._playback.use(self._players[name])

    async def _check(self) -> None:
        """Show of each player whether it can be used, else why not."""
        why: dict[str, Any] = {"wasm": str(sid_audio.whyUnsupported()) or None}
        if not site.server:
            why.update(dict.fromkeys(("stream", "cli", "u64"), NO_SERVER))
            self._show(why)
            return
        try:
            url = "/api/player?address=" + (self._address or "")
            why.update(json.loads(await player_remote.call("GET", url)))
        except Exception as exc:
            why.update(dict.fromkeys(("stream", "cli", "u64"), reason(exc)))
        self._show(why)

    def _show(self, why: "dict[str, Any]") -> None:
        describe(by_id("player-status"), [(title, why[name] or "ready") for name, title in NAMES])
