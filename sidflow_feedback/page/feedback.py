"""Taste learning on a page: records events there, and learns in an engine of its own."""

import asyncio
import sys
import time

from sidflow_feedback.errors import FeedbackError
from sidflow_feedback.page import wire_format
from sidflow_feedback.page.engine_client import EngineClient
from sidflow_feedback.page.recorder import Recorder
from sidflow_feedback.page.signal import Signal
from sidflow_feedback.vocabulary import Publication, Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sidflow_feedback.types import EngineState, Refusal, Songs, Sound


class Feedback:
    """Learns what a listener likes: records their actions, trains a model in a worker, and predicts.

    Nothing here waits for the engine, which starts in a worker. All tabs of an origin share one.

    On Pyodide, everything comes out of the installed package; call `start` before anything else. On
    MicroPython, the page's configuration names the library's files, and `recorder` works at once.

    Parameters
    ----------
    on_problem
        Called with a message when an event can't be kept.
    root
        MicroPython only: the address of the library's site, with a slash at the end. The folders ``page/``,
        ``sidflow_feedback/``, and ``static/`` are below it.

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

    Raises
    ------
    FeedbackError
        If this Python does not run in a browser.

    Examples
    --------
    >>> feedback = Feedback()  # doctest: +SKIP
    >>> await feedback.start()  # doctest: +SKIP
    ''
    >>> features = await feedback.features(samples, 44100, 93.5)  # doctest: +SKIP
    >>> track = {"item_id": "loop-7", "features": features}  # doctest: +SKIP
    >>> feedback.recorder.rating({"e": 4, "p": 5}, track)  # doctest: +SKIP
    >>> await feedback.predict([features])  # doctest: +SKIP
    [{'e': 3.1, 'm': 2.4, 'c': 3.9, 'p': 4.2}]
    """

    recorder: Recorder
    engine: EngineClient
    outbox: "Any"

    def __init__(self, on_problem: "Callable[[str], None]" = print, root: str = "/") -> None:
        self.model: str | None = None
        self.hosting = False
        self._on_problem = on_problem
        self._preferences: dict[str, Any] = {}
        self._engine = ""
        self._model_changed: Signal[[str]] = Signal()
        self._browser: Any = None
        if sys.platform not in ("webassembly", "emscripten"):
            raise FeedbackError("Feedback needs a browser: use it in a PyScript or Pyodide page.")
        if sys.implementation.name == "micropython":
            from sidflow_feedback.page.configured import ConfiguredBrowser

            self._connect(ConfiguredBrowser(root))

    def _connect(self, browser: "Any") -> None:
        self._browser = browser
        self._channel = browser.channel.EngineChannel.new()
        self.engine = EngineClient(self._channel, browser.create_proxy)
        self.outbox = browser.outbox.Outbox.new(self._channel)
        self.recorder = Recorder(
            self.outbox, browser.make_uuid, _epoch, browser.make_uuid(), self._on_problem
        )
        self.engine.on(Publication.READY, self._configure_engine)
        self.engine.on(Publication.STATE, self._follow_model)
        self.engine.on(Publication.REFUSED, self._report)

    async def start(self) -> str:
        """Start the engine, unless another tab of this origin runs it.

        Returns
        -------
        str
            Why there can be no engine: the browser has no database for this page. Empty where there can.
        """
        if self._browser is None:
            from sidflow_feedback.page.installed import InstalledBrowser

            self._connect(await InstalledBrowser.load())
        browser = self._browser
        problem = str(await browser.storage.databaseProblem())
        if not problem:
            browser.idle.grantIdleTime(self._channel)
            browser.host.hostEngine(browser.engine_starter(), browser.create_proxy(self._host))
        return problem

    async def configure(self, **preferences: "Any") -> None:
        """Set preferences such as ``training=True``, for this engine and each that takes over.

        `sidflow_feedback.preferences.PREFERENCES` lists them. Those that are left out, or invalid, get their
        defaults.
        """
        self._preferences = preferences
        if self.engine.ready:
            await self.engine.ask(Request.CONFIGURE, preferences)

    def on_model(self, listener: "Callable[[str], None]") -> None:
        """Call ``listener(version)`` now, and whenever predictions come from another model."""
        self._model_changed.connect(listener)
        if self.model is not None:
            listener(self.model)

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

    def _host(self) -> None:
        self.hosting = True
        self.outbox.drain()

    def _configure_engine(self, engine: str) -> None:
        if engine == self._engine:
            return  # `ready` is broadcast each time a page connects.
        self._engine = engine
        asyncio.create_task(self.engine.ask(Request.CONFIGURE, self._preferences))

    def _follow_model(self, state: "EngineState") -> None:
        training = state["training"]
        model = training["localVersion"] or training["baseVersion"]
        if model is None or model == self.model:
            return
        self.model = self.recorder.model_version = model
        self._model_changed.emit(model)

    def _report(self, refusals: "list[Refusal]") -> None:
        self._on_problem("This wasn't recorded: " + refusals[0]["reason"] + ".")


def _epoch() -> float:
    return time.time() * 1000  # Not JavaScript's `Date.now`: MicroPython cuts its whole numbers to 32 bits.
