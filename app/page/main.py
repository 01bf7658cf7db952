"""The page's entry: builds its parts and ties them together."""

import js
from pyscript import document, window
from pyscript.js_modules import files, host, offline, player_remote, sid_player, storage

from app.page.dom import by_id, notice, reason, spawn
from app.page.footer import Footer
from app.page.kept_card import KeptCard
from app.page.library import Library
from app.page.play_tab import PlayTab
from app.page.playback import Playback
from app.page.player_card import PlayerCard
from app.page.preferences_tab import PreferencesTab
from app.page.rate_tab import RateTab
from app.page.recommendations import Recommendations
from app.page.serverless import restrict
from app.page.settings import Settings
from app.page.sharing_card import SharingCard
from app.page.storage_banner import StorageBanner
from app.page.tabs import Tabs
from app.page.up_next import UpNext
from sidflow_feedback.page import Feedback
from sidflow_feedback.player.remote import RemotePlayer
from sidflow_feedback.player.stream import StreamPlayer
from sidflow_feedback.player.wasm import WasmPlayer

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

RELEASE = window.URL.new("..", document.querySelector("script[type=mpy]").src).href
"""Address below which the files of this release are; another release is elsewhere."""

SID_ENGINE = RELEASE + "static/vendor/sid/sid.wasm"
STAYS_OFF = "Playing works, but nothing is remembered; allow this page to keep data, or leave private mode."
TICK = 250
"""Milliseconds between two looks at the player's position."""


class Page:
    """Everything that lives as long as the page."""

    def __init__(self) -> None:
        self.feedback = Feedback(notice, RELEASE)
        self.engine = self.feedback.engine
        self.settings = Settings()
        self.library = Library()
        self.recommendations = Recommendations(self.library, self.engine, self.settings)
        self.playback = Playback(
            self.library, self.feedback.recorder, self.recommendations.take, _tell, _seconds
        )
        self.player = WasmPlayer(sid_player, SID_ENGINE, self._heard("wasm"))
        self._engine = ""
        self._build()

    def _build(self) -> None:
        Tabs()
        self._footer = Footer(self.playback, self.settings)
        self._play_tab = PlayTab(
            self.library, self.playback, self.recommendations, self.settings, self._learn_features
        )
        self._up_next = UpNext(self.playback, self.recommendations)
        self._banner = StorageBanner(self.feedback.outbox, storage)
        RateTab(self.playback, self.recommendations, lambda: spawn(self._banner.persist()))
        self._preferences_tab = PreferencesTab(self.settings, self.engine)
        self._player_card = PlayerCard(self.playback, self.settings, self._players())
        self._sharing_card = SharingCard(self.settings, self.engine)
        self._kept_card = KeptCard(self.engine, self.library, files)
        self.playback.subscribe(lambda: self.recommendations.heard(self.playback.tune))
        self.feedback.on_model(self.recommendations.use_model)
        self.recommendations.subscribe(self._recommended)
        self.settings.subscribe(_show_theme)
        self.settings.subscribe(self._configure)
        restrict(self.settings)
        self.engine.on("start", _show_start)
        self.engine.on("ready", self._engine_ready)
        self.engine.on("state", self._engine_state)
        self.engine.on("off", self._engine_off)
        js.setInterval(lambda: spawn(self._tick()), TICK)

    def _players(self) -> "dict[str, Any]":
        def address() -> str:
            return str(self.settings.values["u64Address"])

        return {
            "wasm": self.player,
            "stream": StreamPlayer(player_remote, self._heard("stream")),
            "cli": RemotePlayer(player_remote, "cli", self._heard("cli")),
            "u64": RemotePlayer(player_remote, "u64", self._heard("u64"), address),
        }

    def _heard(self, pipeline: str) -> "Callable[[dict[str, Any]], None]":
        return lambda state: self.playback.hear(pipeline, state)

    async def start(self) -> None:
        """Show the library, then start the engine: a listener can click before it is there."""
        await self._player_card.start()
        try:
            await self.library.load()
        except Exception as exc:
            by_id("no-tunes").textContent = reason(exc)
        self._play_tab.show()
        self._up_next.show()
        self.recommendations.add(self.library.tunes)  # Another tab's engine may have been there before.
        document.documentElement.dataset.ui = "ready"
        window.performance.mark("ui-ready")
        problem = await self.feedback.start()
        if problem:
            self._engine_off("the browser has no database for this page (" + problem + "). " + STAYS_OFF)

    async def _tick(self) -> None:
        await self.playback.tick()
        if self.playback.status == "playing":
            self._footer.show_position()
        self._banner.tick()

    def _engine_ready(self, engine: str) -> None:
        if engine == self._engine:
            return
        if not self._engine:
            window.performance.mark("engine-ready")
        self._engine = engine
        document.documentElement.dataset.engine = "ready"
        by_id("engine-status").textContent = "Ready to learn"
        by_id("engine-start").hidden = True
        host.keepStart()
        offline.keep(RELEASE)
        self.recommendations.use_engine(engine)

    def _engine_off(self, problem: str) -> None:
        document.documentElement.dataset.engine = "off"
        by_id("engine-status").textContent = "Learning is off"
        by_id("engine-start").hidden = True
        self._banner.off(problem)

    def _engine_state(self, state: "dict[str, Any]") -> None:
        self._preferences_tab.show(state)
        self._sharing_card.show(state)
        self._kept_card.show(state)
        self._banner.show(state)

    def _configure(self, values: "dict[str, Any]") -> None:
        spawn(self.feedback.configure(**values))

    def _recommended(self) -> None:
        document.documentElement.dataset.model = self.recommendations.model

    async def _learn_features(self, tune: "dict[str, Any]") -> None:
        if tune["features"]:
            return
        self.recommendations.add([tune])
        try:
            length = self.playback.track["length"] if self.playback.track else None
            features = await self.engine.ask("features", {"duration": length}, tune["data"])
        except Exception as exc:
            notice("This tune plays, but nothing can be learned from it. " + reason(exc))
            return
        self.playback.learn(tune, features)
        self.recommendations.add([tune])


def _show_start(progress: "dict[str, Any]") -> None:
    """Show how far the engine is: nine tenths are what it has to fetch."""
    bar, megabytes = (
        by_id("engine-start"),
        f"{progress['fetched'] / 1e6:.0f} of {progress['total'] / 1e6:.0f} MB",
    )
    bar.value = 0.9 * progress["fetched"] / progress["total"]
    bar.title = megabytes
    bar.setAttribute("aria-valuetext", "loaded " + megabytes)


def _seconds() -> float:
    return float(window.performance.now()) / 1000


def _tell(message: str, exc: Exception | None) -> None:
    notice(message + (reason(exc) if exc else ""))


def _show_theme(values: "dict[str, Any]") -> None:
    document.documentElement.dataset.theme = values["theme"]


page = Page()
window.sidPlayer = page.player.native  # For the browser's console, and for tests.
spawn(page.start())
