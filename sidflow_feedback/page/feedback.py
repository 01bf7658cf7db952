"""Taste learning on a page: records events there, and learns in an engine of its own."""

import asyncio
import sys
import time

from sidflow_feedback.errors import FeedbackError
from sidflow_feedback.page import wire_format
from sidflow_feedback.page.engine_client import EngineClient
from sidflow_feedback.page.recorder import Recorder
from sidflow_feedback.page.signal import Signal
from sidflow_feedback.preferences import PREFERENCES
from sidflow_feedback.vocabulary import Publication, Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from sidflow_feedback.types import (
        EngineState,
        FeedbackState,
        Items,
        LastRun,
        QueueQuestion,
        RankedTrack,
        Refusal,
        Songs,
        Sound,
        Track,
    )

NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
MAX_NAME = 40

BATCH = 200
"""Tracks that are handed to the engine at a time, so that the page stays responsive."""

SILENT = "Learning doesn't respond. It is started again. What you do meanwhile is kept."

MAX_TRACKS = 1_000_000
"""More than the engine has from all pages together."""


class Feedback:
    """Learns what a listener likes: records their actions, trains a model in a worker, and predicts.

    `connect` makes one, with the parameters below except `browser`. Nothing here waits for the engine, which
    starts in a worker. All tabs that use the same name share one engine and its data; other names on the
    origin have an engine and data of their own.

    Parameters
    ----------
    browser
        `ConfiguredBrowser` or `InstalledBrowser`.
    name
        Your application's name: 1 to 40 lowercase letters, digits, and hyphens. It sets database, engine,
        and stored keys apart from those of other applications on the same origin.
    on_problem
        Called with a message when an event can't be kept.
    model, sync
        Addresses of the global model's manifest, and of the endpoint that takes shared feedback. The
        library brings a model; without an endpoint, nothing can be shared. The server must allow requests
        from the page's origin.
    excerpts
        Address of a JavaScript module that renders tunes for `Request.ANALYZE`.

    Attributes
    ----------
    recorder
        Records ratings and actions; see `Recorder`.
    engine
        Sends other requests to the engine; see `EngineClient`.
    outbox
        The events that are not in the database yet: ``size``, their number, and ``unsaved``, how many of
        them a crash of the page would lose.
    model
        Version of the model that predicts; None as long as there is none.
    hosting
        Whether the engine runs in this tab.

    Examples
    --------
    >>> feedback = await Feedback.connect("my-radio")  # doctest: +SKIP
    >>> await feedback.start()  # doctest: +SKIP
    ''
    >>> features = await feedback.features(samples, 44100, 93.5)  # doctest: +SKIP
    >>> track = {"item_id": "loop-7", "features": features}  # doctest: +SKIP
    >>> feedback.recorder.rating({"e": 4, "p": 5}, track)  # doctest: +SKIP
    >>> await feedback.predict([features])  # doctest: +SKIP
    [{'e': 3.1, 'm': 2.4, 'c': 3.9, 'p': 4.2}]
    """

    def __init__(
        self,
        browser: "Any",
        name: str,
        on_problem: "Callable[[str], None]" = print,
        *,
        model: "str | None" = None,
        sync: "str | None" = None,
        excerpts: "str | None" = None,
    ) -> None:
        if not 0 < len(name) <= MAX_NAME or not all(character in NAME_CHARACTERS for character in name):
            raise FeedbackError(
                f"The name '{name}' can't be used. Choose 1 to {MAX_NAME} lowercase letters, digits, "
                "and hyphens."
            )
        given = {"name": name, "model": model, "sync": sync, "excerpts": excerpts}
        self.model: str | None = None
        self.hosting = False
        self._browser = browser
        self._choices = {key: value for key, value in given.items() if value is not None}
        self._on_problem = on_problem
        self._preferences: dict[str, Any] = {}
        self._engine = self._off = ""
        self._silent = False
        self._engine_state: EngineState | None = None
        self._model_changed: Signal[[str]] = Signal()
        self._state_changed: Signal[[FeedbackState]] = Signal()
        self._trained: Signal[[LastRun]] = Signal()
        self._channel = browser.modules.channel.EngineChannel.new(name)
        self.engine = EngineClient(self._channel, browser.create_proxy)
        self.outbox = browser.modules.outbox.Outbox.new(self._channel)
        self.recorder = Recorder(self.outbox, browser.make_uuid, _epoch, browser.make_uuid(), on_problem)
        self.engine.on(Publication.READY, self._on_ready)
        self.engine.on(Publication.STATE, self._on_state)
        self.engine.on(Publication.REFUSED, self._report)
        self.engine.on(Publication.OFF, self._on_off)
        self.engine.on(Publication.SILENT, self._on_silent)

    @classmethod
    async def connect(
        cls,
        name: str,
        on_problem: "Callable[[str], None]" = print,
        *,
        model: "str | None" = None,
        sync: "str | None" = None,
        excerpts: "str | None" = None,
    ) -> "Feedback":
        """Return a `Feedback` that records from now on. Its engine starts with `start`.

        Raises
        ------
        FeedbackError
            The name is invalid, this Python does not run in a browser, or the page's configuration lacks the
            library's JavaScript module.
        """
        browser = await _browser()
        return cls(browser, name, on_problem, model=model, sync=sync, excerpts=excerpts)

    async def start(self) -> str:
        """Start the engine, unless another tab runs it.

        Returns
        -------
        str
            Why there can be no engine: the browser has no database for this page. Empty where there can.
        """
        modules, create_proxy = self._browser.modules, self._browser.create_proxy
        problem = str(await modules.storage.databaseProblem())
        if problem:
            off = "Learning is off: " + problem
            self._channel.turnOff(off)
            self._on_off(off)
        else:
            modules.idle.grantIdleTime(self._channel)
            setup = self._browser.engine_setup(self._choices)
            modules.host.hostEngine(setup, self._channel, create_proxy(self._host))
        return problem

    async def configure(self, **preferences: "Any") -> None:
        """Change preferences such as ``training=True``, for this engine and each that takes over.

        `sidflow_feedback.preferences.PREFERENCES` lists them, with their defaults. They last as long as the
        page: call this again on the next one.

        Raises
        ------
        FeedbackError
            There is no such preference, or a value is invalid. Nothing is changed then.
        """
        for name, value in preferences.items():
            problem = PREFERENCES.problem(name, value)
            if problem is not None:
                raise FeedbackError(name + ": " + problem)
        self._preferences.update(preferences)
        if self.engine.ready:
            await self.engine.ask(Request.CONFIGURE, self._preferences)

    @property
    def state(self) -> "FeedbackState":
        """What is known of the engine, its model, and the stored events."""
        known = self._engine_state
        return {
            "engine": "off" if self._off else "ready" if known and not self._silent else "starting",
            "problem": self._off or (SILENT if self._silent else known["problem"] if known else None),
            "model": self.model,
            "waiting": int(self.outbox.size),
            "counts": known["counts"] if known else None,
            "training": known["training"] if known else None,
            "sync": known["sync"] if known else None,
        }

    def on_state(self, listener: "Callable[[FeedbackState], object]") -> None:
        """Call ``listener(state)`` now, and after each change of the engine's state."""
        self._state_changed.connect(listener)
        listener(self.state)

    def on_model(self, listener: "Callable[[str], object]") -> None:
        """Call ``listener(version)`` now, and whenever predictions come from another model."""
        self._model_changed.connect(listener)
        if self.model is not None:
            listener(self.model)

    def on_run(self, listener: "Callable[[LastRun], object]") -> None:
        """Call ``listener(run)`` after each training run.

        ``tells`` has the dimensions whose predictions are better than chance, as in ``ep``; ``error`` says
        how far they are off, and ``meanError`` how far the listener's mean is off, in rating points.
        """
        self._trained.connect(listener)

    async def features(self, samples: "Any", rate: int, seconds: float) -> "dict[str, float]":
        """Return the 8 audio features of a sound, for `predict` and for the ``features`` of a track.

        Parameters
        ----------
        samples
            The first 20 s or so: a ``Float32Array``, mono, in [-1, 1]. They stay on this machine.
        rate
            Samples per second.
        seconds
            Length of the whole item.
        """
        sound: Sound = {"rate": rate, "duration": seconds}
        return await self.engine.ask(Request.EXTRACT_FEATURES, sound, samples)

    async def predict(self, songs: "list[dict[str, float] | None]") -> "list[dict[str, float] | None]":
        """Return the predicted ``e``, ``m``, ``c``, and ``p`` of items, each from 1 to 5.

        Waits for the engine, and fails as long as that has no model; see `on_model`.

        Parameters
        ----------
        songs
            The features of each item.

        Returns
        -------
        list of dict or None
            One for each item; None where features are missing.
        """
        question: Songs = {"features": wire_format.pack(songs)}
        answer = await self.engine.ask(Request.PREDICT, question)
        scores = wire_format.unpack(answer["scores"])
        return [wire_format.score(scores, row) for row in range(len(songs))]

    async def rank(
        self, tracks: "Sequence[Track]", *, exploration: int = 3, offset: int = 0
    ) -> "list[RankedTrack]":
        """Return the tracks in the order in which the listener should hear them.

        Those that they may like most come first, with surprises among them. Then come those without features,
        those played lately, and those disliked.

        Parameters
        ----------
        tracks
            Tracks as for `Recorder.action`, each with another ``item_id``.
        exploration
            Number of surprises among 100 tracks, 0 to 50.
        offset
            Number of tracks that were taken from the order before: it places the surprises.

        Returns
        -------
        list of RankedTrack
            Each has ``track``, the same object, and ``surprise``.
        """
        question: QueueQuestion = {
            "limit": MAX_TRACKS,
            "exploration": exploration,
            "offset": offset,
            "recent": [],
        }
        while True:
            by_row = await self._add(tracks)
            engine = self._engine
            found = await self.engine.ask(Request.QUEUE, question)
            if engine == self._engine:  # Otherwise another one has taken over, which has other rows.
                return [{"track": by_row[row], "surprise": extra} for row, extra in found if row in by_row]

    def undo(self, uuid: "str | None" = None) -> "str | None":
        """Take an event back, wherever it is, and forget what was learned from it.

        If it was uploaded already, the server keeps it: `Publication.FORGOTTEN` tells.

        Parameters
        ----------
        uuid
            The event, as `Recorder` returned it; the last rating on this page, unless given.

        Returns
        -------
        str or None
            The event that is gone; None if there was no rating.
        """
        ratings = self.recorder.ratings
        if uuid is None:
            if not ratings:
                return None
            uuid = ratings[-1]
        if uuid in ratings:
            ratings.remove(uuid)
        self.outbox.withdraw(uuid)
        return uuid

    async def export_file(self) -> "Any":
        """Return all stored events and models as a ``Blob`` of JavaScript, for the listener to keep.

        The page reads none of it, so this doesn't hold it up, however many events there are. What is still in
        the outbox is stored first.
        """
        self.outbox.resend()
        return await self.engine.ask(Request.EXPORT)

    async def export_archive(self) -> str:
        """Return the content of `export_file`: a JSON text."""
        return str(await (await self.export_file()).text())

    async def import_archive(self, archive: "Any") -> str:
        """Add the events of an archive; return how many were new, in words.

        Parameters
        ----------
        archive
            Its text, or a ``Blob`` or ``File`` of JavaScript, of which the page reads nothing.

        Raises
        ------
        FeedbackError
            It isn't intact, and nothing was imported; or the import stopped halfway, as the message says. It
            can be repeated: no event is added twice.
        """
        return await self.engine.ask(Request.IMPORT, None, archive)

    async def wipe(self) -> None:
        """Delete everything that is stored under this name, and what was learned from it."""
        await self.engine.ask(Request.WIPE)

    async def _add(self, tracks: "Sequence[Track]") -> "dict[int, Track]":
        """Give the engine these tracks; return them by its rows."""
        by_row: dict[int, Track] = {}
        for start in range(0, len(tracks), BATCH):
            batch = tracks[start : start + BATCH]
            items: Items = {
                "itemIds": [track["item_id"] for track in batch],
                "songs": [1] * len(batch),
                "startSongs": [1] * len(batch),
                "features": wire_format.pack([track.get("features") for track in batch]),
            }
            rows = await self.engine.ask(Request.LIBRARY, items)
            by_row.update(zip(rows, batch))  # noqa: B905  MicroPython has no `strict`.
        return by_row

    def _host(self, hosting: bool) -> None:
        self.hosting = bool(hosting)
        self.outbox.drain(self.hosting)

    def _on_ready(self, engine: str) -> None:
        """Send the preferences to this engine, unless it has them."""
        was_away = self._silent or self._off
        self._silent, self._off = False, ""
        if was_away:
            self._state_changed.emit(self.state)
        if engine == self._engine:
            return
        self._engine = engine
        if self._preferences:
            asyncio.create_task(self.engine.ask(Request.CONFIGURE, self._preferences))

    def _on_state(self, state: "EngineState") -> None:
        before, self._engine_state = self._engine_state, state
        run, training = state["training"]["lastRun"], state["training"]
        model = training["localVersion"] or training["baseVersion"]
        if model and model != self.model:
            self.model = self.recorder.model_version = model
            self._model_changed.emit(model)
        if run and before and training["runs"] > before["training"]["runs"]:
            self._trained.emit(run)
        self._state_changed.emit(self.state)

    def _on_off(self, problem: str) -> None:
        self._off = problem
        self._state_changed.emit(self.state)

    def _on_silent(self, _value: None) -> None:
        self._silent = True
        self._state_changed.emit(self.state)

    def _report(self, refusals: "list[Refusal]") -> None:
        self._on_problem("This wasn't recorded: " + refusals[0]["reason"] + ".")


async def _browser() -> "Any":
    """Return the browser's part of the library, by the way in which the library came to the page."""
    if sys.platform not in ("webassembly", "emscripten"):
        raise FeedbackError("Feedback needs a browser: use it in a PyScript or Pyodide page.")
    if sys.implementation.name != "micropython":
        from sidflow_feedback.page.installed import InstalledBrowser

        return await InstalledBrowser.load()
    from sidflow_feedback.page.configured import ConfiguredBrowser

    return ConfiguredBrowser.load()


def _epoch() -> float:
    return time.time() * 1000  # Not JavaScript's `Date.now`: MicroPython cuts its whole numbers to 32 bits.
