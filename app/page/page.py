"""The page: builds its parts and ties them together."""

import js
from pyscript import document, window
from pyscript.js_modules import (
    files,
    offline,
    player_remote,
    sid_player,
    start_snapshot,
    storage,
    tunes_collection,
    tunes_list,
)

from app.page.core.analysis import Measuring
from app.page.core.playback import Playback
from app.page.core.recommendations import Recommendations
from app.page.core.settings import Settings
from app.page.core.tune_library import TuneLibrary
from app.page.views.dom import by_id, notice, reason, spawn
from app.page.views.history_card import HistoryCard
from app.page.views.incognito import Incognito
from app.page.views.insights_tab import InsightsTab
from app.page.views.local_data_card import LocalDataCard
from app.page.views.now_playing import NowPlaying
from app.page.views.own_music import OwnMusic
from app.page.views.play_tab import PlayTab
from app.page.views.player_bar import PlayerBar
from app.page.views.player_card import PlayerCard
from app.page.views.preferences_tab import PreferencesTab
from app.page.views.rate_tab import RateTab
from app.page.views.sharing_card import SharingCard
from app.page.views.shortcuts import Shortcuts
from app.page.views.static_hosting import restrict
from app.page.views.storage_banner import StorageBanner
from app.page.views.tabs import Tabs
from app.page.views.up_next import UpNext
from sidflow_feedback.page.feedback import Feedback
from sidflow_feedback.player.remote import RemotePlayer
from sidflow_feedback.player.stream import StreamPlayer
from sidflow_feedback.player.wasm import WasmPlayer
from sidflow_feedback.vocabulary import Publication

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sidflow_feedback.types import BootProgress, EngineState, ForgottenEvent

RELEASE = window.URL.new("..", document.querySelector("script[type=mpy]").src).href
"""Address below which the files of this release are; another release is elsewhere."""

SID_WASM = RELEASE + "static/vendor/sid/sid.wasm"
STAYS_OFF = "Playing works, but nothing is remembered; allow this page to keep data, or leave private mode."
TICK = 250
"""Milliseconds between two looks at the player's position."""


class Page:
    """Everything that lives as long as the page."""

    def __init__(self) -> None:
        self.feedback = Feedback(notice, RELEASE)
        self.engine = self.feedback.engine
        self.settings = Settings()
        self._collection = tunes_collection.Collection.new()
        self.library = TuneLibrary(self._collection)
        self.recommendations = Recommendations(self.library, self.engine, self.settings)
        self.playback = Playback(
            self.library, self.feedback.recorder, self.recommendations.take, _tell, _seconds
        )
        self.player = WasmPlayer(sid_player, SID_WASM, self._heard("wasm"))
        self._measuring = Measuring(
            *(self.library, self.playback, self.engine),
            wanted=lambda: bool(self.settings.values["measure"]),
            hidden=lambda: bool(document.hidden),
            on_learned=self.recommendations.add,
            show=_show_measuring,
            tell=_tell,
            now=_seconds,
        )
        self._engine = ""
        self._tune: dict[str, Any] | None = None
        self._build()

    def _build(self) -> None:
        tabs = Tabs()
        self._player_bar = PlayerBar(self.playback, self.settings)
        self._incognito = Incognito(self.playback, self.feedback.recorder, self.recommendations)
        tune_list = tunes_list.TuneList.new(self._collection, by_id("tune-list"))
        self._play_tab = PlayTab(self.library, self.playback, self.recommendations, self.settings, tune_list)
        self._own_music = OwnMusic(self.library, self._collection, self.playback, self._music_changed)
        NowPlaying(self.playback, self.settings, self.player.native)
        self.library.analyzed.connect(self.recommendations.add)
        self._up_next = UpNext(self.playback, self.recommendations)
        self._banner = StorageBanner(self.feedback.outbox, storage)
        self._rate_tab = RateTab(
            self.playback, self.recommendations, self._withdraw, lambda: spawn(self._banner.persist())
        )
        for part in (self._player_bar, self._rate_tab):
            self._incognito.subscribe(part.show)
        Shortcuts(self.settings, self._rate_tab)
        self._insights_tab = InsightsTab(self.engine)
        tabs.when_opened("insights", self._insights_tab.open)
        self._history_card = HistoryCard(self.engine, self.library, self._withdraw, self._forget_heard)
        self._preferences_tab = PreferencesTab(self.settings, self.engine)
        self._player_card = PlayerCard(self.playback, self.settings, self._players())
        self._sharing_card = SharingCard(self.settings, self.engine)
        self._kept_card = LocalDataCard(self.engine, self.library, self.feedback.outbox, files, storage)
        self.playback.changed.connect(self._playing)
        self.feedback.on_model(self.recommendations.use_model)
        self.recommendations.changed.connect(lambda: spawn(self._recommended()))
        self.settings.follow(_show_theme)
        self.settings.follow(self._configure)
        self.settings.follow(lambda _values: self._measuring.changed())
        restrict(self.settings)
        self.engine.on(Publication.BOOT_PROGRESS, _show_start)
        self.engine.on(Publication.READY, self._engine_ready)
        self.engine.on(Publication.STATE, self._engine_state)
        self.engine.on(Publication.OFF, self._engine_off)
        self.engine.on(Publication.FORGOTTEN, self._forgotten)
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
        await self._play_tab.show()
        self._up_next.show()
        self._measuring.changed()
        self.recommendations.add(self.library.tunes)  # Another tab's engine may have been there before.
        document.documentElement.dataset.ui = "ready"
        window.performance.mark("ui-ready")
        spawn(self.library.load_measured())
        problem = await self.feedback.start()
        if problem:
            self._engine_off("the browser has no database for this page (" + problem + "). " + STAYS_OFF)

    async def _tick(self) -> None:
        await self.playback.tick()
        self._player_bar.tick()
        self._banner.tick()
        self._measuring.hosting = self.feedback.hosting
        self._measuring.tick()

    def _engine_ready(self, engine: str) -> None:
        if engine == self._engine:
            return
        if not self._engine:
            window.performance.mark("engine-ready")
        self._engine = engine
        document.documentElement.dataset.engine = "ready"
        by_id("engine-status").textContent = "Ready to learn"
        by_id("engine-start").hidden = True
        start_snapshot.keepStart()
        offline.keep(RELEASE)
        self.recommendations.use_engine(engine)

    def _engine_off(self, problem: str) -> None:
        document.documentElement.dataset.engine = "off"
        by_id("engine-status").textContent = "Learning is off"
        by_id("engine-start").hidden = True
        self._banner.off(problem)

    def _engine_state(self, state: "EngineState") -> None:
        self._preferences_tab.show(state)
        self._sharing_card.show(state)
        self._kept_card.show(state)
        self._history_card.show(state)
        self._insights_tab.show(state)
        self._banner.show(state)

    def _withdraw(self, uuid: str) -> None:
        self.feedback.outbox.withdraw(uuid)

    def _forgotten(self, gone: "list[ForgottenEvent]") -> None:
        self._rate_tab.forgotten(gone)
        self._history_card.forgotten(gone)

    def _forget_heard(self, path: str) -> None:
        self.recommendations.forget(path, self.playback.tune)

    def _configure(self, values: "dict[str, Any]") -> None:
        spawn(self.feedback.configure(**values))

    def _playing(self) -> None:
        tune = self.playback.tune
        if tune is not self._tune:
            self._tune = tune
            spawn(self.library.follow(tune))
        self.recommendations.heard(tune)
        self._measuring.heard()

    async def _recommended(self) -> None:
        model = self.recommendations.model
        await self._play_tab.show_predictions()
        document.documentElement.dataset.model = model

    async def _music_changed(self) -> None:
        await self._play_tab.show()
        self._measuring.changed()


def _show_start(progress: "BootProgress") -> None:
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


def _show_measuring(text: str) -> None:
    by_id("measuring-status").textContent = text


def _show_theme(values: "dict[str, Any]") -> None:
    document.documentElement.dataset.theme = values["theme"]
