"""Taste learning on a page: records there, learns in an engine of its own. For MicroPython and Pyodide."""

import asyncio
import time

import js
from pyscript.js_modules import channel, host, idle, outbox, storage

from sidflow_feedback.page import wire_format
from sidflow_feedback.page.engine_client import EngineClient
from sidflow_feedback.page.recorder import Recorder
from sidflow_feedback.page.signal import Signal
from sidflow_feedback.vocabulary import Publication, Request

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Feedback:
    """What a page needs of this library. Nothing here waits for the engine, which starts in a worker.

    Parameters
    ----------
    on_problem
        Called with a message when something could not be kept.
    root
        Where this software is served, with a slash at the end: above ``page/``, ``lib/`` and ``static/``.

    Attributes
    ----------
    recorder
        Records ratings and actions, safely from the first moment on; see `Recorder`.
    engine
        The line to the engine; see `EngineClient`.
    outbox
        What is not in the database yet: its ``size``, and ``unsaved``, what a crash of the page would lose.
    model
        Version of the model that predicts; None as long as there is none.
    hosting
        Whether the engine runs in this tab.
    """

    def __init__(self, on_problem: "Callable[[str], None]" = print, root: str = "/") -> None:
        self._line = channel.EngineChannel.new()
        self._page = root + "page/"
        self._preferences: dict[str, Any] = {}
        self._engine = ""
        self.engine = EngineClient(self._line)
        self.outbox = outbox.Outbox.new(self._line)
        self.recorder = Recorder(
            self.outbox, js.crypto.randomUUID, _epoch, js.crypto.randomUUID(), on_problem
        )
        self.model: str | None = None
        self.hosting = False
        self._model_changed: Signal[[str]] = Signal()
        self._on_problem = on_problem
        self.engine.on(Publication.READY, self._welcome)
        self.engine.on(Publication.STATE, self._follow)
        self.engine.on(Publication.REFUSED, self._report)

    async def start(self) -> str:
        """Start the engine, unless another tab of this origin runs it; return why not, else an empty text."""
        problem = str(await storage.databaseProblem())
        if not problem:
            idle.grantIdleTime(self._line)
            host.hostEngine(self._page + "engine.py", self._page + "engine.json", self._host)
        return problem

    async def configure(self, **preferences: "Any") -> None:
        """Set preferences such as ``training=True``, now and for each engine that takes over.

        `preferences.DEFAULTS` has their names; those that are not given, or not valid, are the defaults.
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
        """Return the 8 features of a sound, for `predict` and for the ``features`` of a track.

        Parameters
        ----------
        samples
            Its beginning, 20 s or so: a ``Float32Array``, mono, in [-1, 1]. Stays on this machine.
        rate
            Samples in a second.
        seconds
            Length of the whole song.
        """
        features: dict[str, float] = await self.engine.ask(
            Request.EXTRACT_FEATURES, {"rate": rate, "duration": seconds}, samples
        )
        return features

    async def predict(self, songs: "list[dict[str, float] | None]") -> "list[dict[str, float] | None]":
        """Return the predicted ``e, m, c, p`` of songs, each from 1 to 5, from their features.

        None where a feature is missing. Waits for the engine; fails while that has no model (see `on_model`).
        """
        answer = await self.engine.ask(Request.PREDICT, {"features": wire_format.pack(songs)})
        scores = wire_format.unpack(answer["scores"])
        return [wire_format.score(scores, row) for row in range(len(songs))]

    def _host(self) -> None:
        self.hosting = True
        self.outbox.drain()

    def _welcome(self, engine: str) -> None:
        if engine == self._engine:
            return  # It greets all pages whenever one has come.
        self._engine = engine
        asyncio.create_task(self.engine.ask(Request.CONFIGURE, self._preferences))

    def _follow(self, state: "dict[str, Any]") -> None:
        training = state["training"]
        model = training["localVersion"] or training["baseVersion"]
        if model is None or model == self.model:
            return
        self.model = self.recorder.model_version = model
        self._model_changed.emit(model)

    def _report(self, refusals: "list[dict[str, str]]") -> None:
        self._on_problem("This wasn't recorded: " + refusals[0]["reason"] + ".")


def _epoch() -> float:
    return time.time() * 1000  # Not JavaScript's `Date.now`: MicroPython cuts its whole numbers to 32 bits.
