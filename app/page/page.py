"""The page: builds its parts and connects them."""

import asyncio
import json

import js
from pyscript import document, window
from pyscript.ffi import create_proxy
from pyscript.js_modules import (
    files,
    local,
    next_task,
    offline,
    player_remote,
    sid_player,
    site,
    start_snapshot,
    storage,
    tunes_collection,
    tunes_list,
)

from app.page.core.analysis import FeatureAnalysis
from app.page.core.judgments import Judgments
from app.page.core.playback import Playback
from app.page.core.recommendations import Recommendations
from app.page.core.release import RELEASE
from app.page.core.resume import Resume
from app.page.core.settings import Settings
from app.page.core.tasks import error_message, spawn
from app.page.core.tune_library import TuneLibrary
from app.page.views.analyze_now import AnalyzeNow
from app.page.views.covers import Covers
from app.page.views.dom import by_id, notice, show_text
from app.page.views.error_line import ErrorLine
from app.page.views.failed_events import FailedEvents
from app.page.views.full_screen import FullScreen
from app.page.views.history_card import HistoryCard
from app.page.views.incognito import Incognito
from app.page.views.insights_tab import InsightsTab
from app.page.views.introduction import Introduction
from app.page.views.learn_offer import LearnOffer
from app.page.views.learning_status import LearningStatus
from app.page.views.links import Links
from app.page.views.local_data_card import LocalDataCard
from app.page.views.match import Match
from app.page.views.now_playing import NowPlaying
from app.page.views.offline_note import OfflineNote
from app.page.views.one_tab import OneTab
from app.page.views.outcomes import Outcomes
from app.page.views.own_music import OwnMusic
from app.page.views.play_tab import PlayTab
from app.page.views.player_bar import PlayerBar
from app.page.views.player_card import PlayerCard
from app.page.views.preferences_tab import PreferencesTab
from app.page.views.rate_tab import RateTab
from app.page.views.save_music import SaveMusic
from app.page.views.share import Share
from app.page.views.sharing_card import SharingCard
from app.page.views.sheet import Sheet
from app.page.views.shortcuts import Shortcuts
from app.page.views.sleep_menu import SleepMenu
from app.page.views.start import Start
from app.page.views.static_hosting import restrict
from app.page.views.stations import Stations
from app.page.views.storage_banner import StorageBanner
from app.page.views.system_controls import SystemControls
from app.page.views.tabs import Tabs
from app.page.views.taste_map import TasteMap
from app.page.views.up_next import UpNext
from sidflow_feedback.page.feedback import Feedback
from sidflow_feedback.player.remote import RemotePlayer
from sidflow_feedback.player.stream import StreamPlayer
from sidflow_feedback.player.wasm import WasmPlayer
from sidflow_feedback.vocabulary import Publication

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.payloads import FullAnalysisState
    from app.page.core.settings import Values
    from app.page.core.tune import Tune
    from sidflow_feedback.player import Player, StateListener
    from sidflow_feedback.types import BootProgress, EngineState, ForgottenEvent

NAME = "sidflow"
EMULATOR = RELEASE + "static/vendor/sid/sid.wasm"
NO_DATABASE = (
    "Feedback is off: the browser offers this page no database ({}). You can play tunes, but nothing is "
    "remembered. To change that, allow this site to store data, or leave private mode."
)
RETRY_SECONDS, MAX_RETRY_SECONDS = 5, 60
"""Pause before the site's collection is asked for again, at first and at most."""

TICK = 250
"""Milliseconds between two updates of the player's position."""


class Page:
    """Everything that lives as long as the page."""

    def __init__(self, feedback: "Feedback") -> None:
        self.feedback = feedback
        self.engine = feedback.engine
        self.settings = Settings(local)
        self._collection = tunes_collection.Collection.new()
        self.library = TuneLibrary(self._collection)
        self.recommendations = Recommendations(self.library, self.engine, self.settings)
        self.playback = Playback(
            *(self.library, self.feedback.recorder, self.recommendations.take),
            *(_notify, _seconds, Judgments(local)),
        )
        self.player = WasmPlayer(sid_player, EMULATOR, self._on_state("wasm"))
        self._analysis = FeatureAnalysis(
            *(self.library, self.playback, self.engine),
            enabled=lambda: self.settings.values["analyze"],
            hidden=lambda: bool(document.hidden),
            on_analyzed=lambda _tunes: self.recommendations.refresh(),
            show=self._show_analysis,
            notify=_notify,
            now=_seconds,
        )
        self._engine_id = ""
        self._tune: Tune | None = None

    def _build_play(self) -> None:
        playback, settings = self.playback, self.settings
        self._tabs = Tabs()
        self._outcomes = Outcomes(self._tabs)
        self._covers = Covers()
        self._sheet = Sheet(self._covers)
        self._player_bar = PlayerBar(playback, settings)
        self._stations = Stations(playback, self.recommendations)
        self._resume = Resume(playback, self.recommendations, local, lambda: self._stations.name)
        self._share = Share(playback)
        self._sleep_menu = SleepMenu(playback, _seconds)
        self._one_tab = OneTab(playback)
        self._system_controls = SystemControls(playback)
        self._incognito = Incognito(playback, self.recommendations)
        tune_list = tunes_list.TuneList.new(self._collection, by_id("tune-list"))
        self._play_tab = PlayTab(
            *(self.library, playback, self.recommendations, settings),
            *(self._collection, tune_list, self._covers),
        )
        self._start = Start(
            *(playback, self.library, self.recommendations),
            *(self._resume, self._stations, self._play_tab),
        )
        self._analyze_now = AnalyzeNow(self.library)
        self._own_music = OwnMusic(self.library, self._collection, playback, self._on_music_changed)
        self._now_playing = NowPlaying(playback, settings, self.player.native)
        self._full_screen = FullScreen(self._covers)
        self._match = Match(playback, self.recommendations, settings)
        self._learning_status = LearningStatus(settings)
        self._up_next = UpNext(playback, self.recommendations, self._learning_status)
        settings.follow(lambda _values: self._up_next.show_basis())
        self._links = Links(
            *(self._tabs, self._covers, playback, self.library),
            *(self._resume, self._stations, self._play_tab),
        )
        self._save_music = SaveMusic(self.library, playback, self.recommendations, self.player.native)
        self._offer = LearnOffer(playback, settings)
        self._introduction = Introduction(playback, self.recommendations, settings, self._offer)

    def _build_tabs(self) -> None:
        playback, settings, engine = self.playback, self.settings, self.engine
        self._offline_note = OfflineNote(self.library, self.recommendations)
        self._banner = StorageBanner(self.feedback.outbox, storage, local)
        self._rate_tab = RateTab(playback, self.recommendations, self._withdraw)
        self._error_line = ErrorLine(engine, self._learning_status)
        self._shortcuts = Shortcuts(settings, self._rate_tab)
        taste_map = TasteMap(engine, self.library, playback, self._stations)
        self._insights_tab = InsightsTab(engine, self.recommendations, self._learning_status, taste_map)
        self._history_card = HistoryCard(engine, self.library, self._withdraw, self._on_delete)
        self._preferences_tab = PreferencesTab(settings, engine)
        self._player_card = PlayerCard(playback, settings, self._players())
        self._sharing_card = SharingCard(settings, engine)
        self._failed_events = FailedEvents(engine, self.library)
        self._local_data_card = LocalDataCard(
            *(engine, self.library, self.feedback.outbox, files, storage, self._forget_all)
        )

    def _connect(self) -> None:
        self._tabs.on_open("insights", self._insights_tab.open)
        self._tabs.on_open("rate", self._error_line.open)
        self._tabs.on_open("preferences", lambda: self._collection.showRoms())
        self._tabs.on_open("preferences", self._player_card.check)
        self.playback.changed.connect(self._on_playback)
        self.playback.taken_back.connect(self._on_taken_back)
        self.feedback.on_model(self.recommendations.use_model)
        self.recommendations.changed.connect(lambda: spawn(self._show_predictions()))
        self._collection.on("fresh", create_proxy(lambda _text: self._on_fresh()))
        self._collection.on("analyzing", create_proxy(lambda text: self._on_analyzing(json.loads(text))))
        self._collection.on("rom-change", create_proxy(lambda _text: self._analysis.retry()))
        self.settings.follow(_show_theme)
        self.settings.follow(lambda _values: spawn(self.feedback.configure(**self.settings.preferences)))
        self.settings.follow(lambda _values: self._analysis.restart())
        # Not `addEventListener`: after a call on an element, MicroPython calls it with a wrong `this` here.
        window.onstorage = create_proxy(lambda event: self._on_storage(event.key))
        restrict(self.settings)
        self.engine.on(Publication.BOOT_PROGRESS, _show_boot_progress)
        self.engine.on(Publication.READY, self._on_engine_ready)
        self.engine.on(Publication.STATE, self._on_engine_state)
        self.engine.on(Publication.SILENT, self._on_engine_silent)
        self.engine.on(Publication.OFF, self._on_engine_failure)
        self.engine.on(Publication.FORGOTTEN, self._on_forgotten)
        js.setInterval(lambda: spawn(self._tick()), TICK)

    def _players(self) -> "dict[str, Player]":
        return {
            "wasm": self.player,
            "stream": StreamPlayer(player_remote, self._on_state("stream")),
            "cli": RemotePlayer(player_remote, "cli", self._on_state("cli")),
            "u64": RemotePlayer(player_remote, "u64", self._on_state("u64")),
        }

    def _on_state(self, pipeline: str) -> "StateListener":
        return lambda state: self.playback.on_player_state(pipeline, state)

    async def start(self) -> None:
        """Show the library, then start the engine: the listener can use the page before it is ready."""
        for step in (self._build_play, self._build_tabs, self._connect):
            await next_task.nextTask()
            step()
        await self._player_card.start()
        try:
            await self.library.load()
            self._play_tab.problem = ""
        except Exception as exc:
            self._play_tab.problem = error_message(exc)
        await self._offline_note.start()
        await self._play_tab.show()
        self._play_tab.places.refresh()
        self._up_next.show()
        self._analysis.restart()
        self.recommendations.refresh()  # Another tab's engine may have been ready before.
        await self._links.start(not site.server)
        await next_task.nextTask()
        self._start.make_good()
        await self._offer_to_go_on()
        document.documentElement.dataset.ui = "ready"
        window.performance.mark("ui-ready")
        if site.server:
            spawn(self._open_site())
        problem = await self.feedback.start()
        if problem:
            self._learning_status.on_problem("off", "Learning is off")
            self._banner.off(NO_DATABASE.format(problem))

    async def _open_site(self) -> None:
        """Add the collection of this site; if it can't be read, say so, and try again until it can."""
        problem, pause = await self._try_to_open_site(), RETRY_SECONDS
        await self._offer_to_go_on()
        said = ""
        if problem:
            notice(problem + " Trying again…")
            said = by_id("notice").textContent
        while problem:
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_RETRY_SECONDS)
            problem = await self._try_to_open_site()
        if said and by_id("notice").textContent == said:
            notice("")
        await self._links.try_again(has_all_tunes=True)

    async def _try_to_open_site(self) -> str:
        """Return why the collection can't be read; empty if it can, or if there is none."""
        try:
            await self.library.open_site(_address(""))
        except Exception as exc:
            return error_message(exc)
        return ""

    async def _offer_to_go_on(self) -> None:
        """Offer to go on where the listener was, unless a link has asked for something else."""
        if not self._links.leads_to_station:
            await self._start.offer()

    async def _tick(self) -> None:
        await self.playback.tick()
        self._player_bar.tick()
        self._sleep_menu.tick()
        self._resume.tick()
        self._banner.tick()
        self._analysis.hosting = self.feedback.hosting
        self._analysis.tick()

    def _on_engine_ready(self, engine_id: str) -> None:
        self._learning_status.on_ready()
        self._banner.off("")
        if engine_id == self._engine_id:
            return
        if not self._engine_id:
            window.performance.mark("engine-ready")
        self._engine_id = engine_id
        if self.feedback.hosting:
            start_snapshot.keepStart()
        offline.keep(RELEASE)
        self.recommendations.use_engine(engine_id)

    def _on_engine_silent(self, _value: None) -> None:
        self._learning_status.on_problem("starting", "Learning doesn't respond. Starting it again…")

    def _on_engine_failure(self, problem: str) -> None:
        self._learning_status.on_problem("off", "Learning couldn't start. Trying again…")
        self._banner.off(problem)

    def _on_engine_state(self, state: "EngineState") -> None:
        self._learning_status.show(state)
        self._up_next.show_basis()
        self._preferences_tab.show(state)
        self._sharing_card.show(state)
        self._failed_events.show(state)
        self._local_data_card.show(state)
        self._history_card.show(state)
        self._insights_tab.show(state)
        self._error_line.show(state)
        self._banner.show(state)

    def _on_storage(self, key: str | None) -> None:
        self.settings.on_storage(key)
        self.playback.on_storage(key)

    def _forget_all(self) -> None:
        """Delete what the page itself keeps of the listener's music; settings stay."""
        self._resume.forget()
        self.playback.forget_all()
        self._offer.forget()
        self._rate_tab.forget_all()
        self.recommendations.forget_all()

    def _withdraw(self, uuid: str) -> None:
        self.playback.forget([uuid])
        self.feedback.undo(uuid)

    def _on_forgotten(self, forgotten: "list[ForgottenEvent]") -> None:
        self.playback.forget([event["uuid"] for event in forgotten])
        self._rate_tab.on_forgotten(forgotten)
        self._history_card.on_forgotten(forgotten)

    def _on_delete(self, path: str) -> None:
        self.recommendations.forget(path, self.playback.tune)
        left = self._resume.left()
        if left and left["path"] == path:
            self._resume.forget()

    def _on_taken_back(self, _judgment: str, tune: "Tune", uuid: str) -> None:
        self._withdraw(uuid)
        self.recommendations.forget(tune.sid_path, self.playback.tune)

    def _on_playback(self) -> None:
        tune = self.playback.tune
        if tune is not self._tune:
            self._tune = tune
            spawn(self.library.follow(tune))
        self.recommendations.on_playing(tune)
        self._analysis.on_playback()

    async def _show_predictions(self) -> None:
        model = self.recommendations.model
        await self._play_tab.show_predictions()
        document.documentElement.dataset.model = model

    def _on_fresh(self) -> None:
        """Take note that more is known of the sound of some tunes."""
        self.recommendations.refresh()
        self._analysis.restart()

    def _on_analyzing(self, state: "FullAnalysisState") -> None:
        """Show the progress of the analysis of all tunes."""
        self._analyze_now.show(state)
        self._analysis.is_full = state["running"]
        self._analysis.restart()

    def _show_analysis(self, text: str, missing: int) -> None:
        show_text(by_id("analysis-status"), text)
        self._analyze_now.show_missing(missing)

    async def _on_music_changed(self) -> None:
        await self._play_tab.show()
        self._play_tab.places.refresh()
        self._analysis.restart()
        await self._links.try_again()


async def open_page() -> Page:
    """Return the page, with its feedback connected."""
    return Page(
        await Feedback.connect(
            NAME,
            notice,
            model=_address("api/model/latest") if site.server else None,
            sync=_address("api/feedback/sync") if site.server else None,
            excerpts=RELEASE + "static/js/sid/excerpt.js",
        )
    )


def _address(path: str) -> str:
    """Return an address below the page's."""
    return str(window.URL.new(path, document.baseURI).href)


def _show_boot_progress(progress: "BootProgress") -> None:
    """Show the progress of the engine's start; loading its files takes about 90 % of it."""
    bar = by_id("engine-start")
    megabytes = f"{progress['fetched'] / 1e6:.0f} of {progress['total'] / 1e6:.0f} MB"
    bar.value = 0.9 * progress["fetched"] / progress["total"]
    bar.title = megabytes
    bar.setAttribute("aria-valuetext", "loaded " + megabytes)


def _seconds() -> float:
    return float(window.performance.now()) / 1000


def _notify(message: str, exc: Exception | None) -> None:
    notice(message + (error_message(exc) if exc else ""))


def _show_theme(values: "Values") -> None:
    document.documentElement.dataset.theme = values["theme"]
