"""Taste learning on a page: records there, learns in an engine of its own. For MicroPython and Pyodide."""

import asyncio
import time

import js
from pyscript.js_modules import channel, host, idle, outbox, storage

from sidflow_feedback import rows
from sidflow_feedback.engine_link import EngineLink
from sidflow_feedback.recorder import Recorder

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

ENGINE = ("/page/engine.py", "/page/engine.json")


class Feedback:
    """What a page needs of this library. Nothing here waits for the engine, which starts in a worker.

    Parameters
    ----------
    on_problem
        Called with a message when something could not be kept.
    engine
        Addresses of the engine's entry script and of its PyScript configuration.

    Attributes
    ----------
    recorder
        Records ratings and actions, safely from the first moment on; see `Recorder`.
    engine
        The line to the engine; see `EngineLink`.
    outbox
        What is not in the database yet: its ``size``, and ``unsaved``, what a crash of the page would lose.
    model
        Version of the model that predicts; None as long as there is none.
    """

    def __init__(
        self, on_problem: "Callable[[str], None]" = print, engine: "tuple[str, str]" = ENGINE
    ) -> None:
        self._line = channel.EngineChannel.new()
        self._place = engine
        self._preferences: dict[str, Any] = {}
        self._engine = ""
        self.engine = EngineLink(self._line)
        self.outbox = outbox.Outbox.new(self._line)
        self.recorder = Recorder(
            self.outbox, js.crypto.randomUUID, _epoch, js.crypto.randomUUID(), on_problem
        )
        self.model: str | None = None
        self.engine.on("ready", self._welcome)
        self.engine.on("state", self._follow)

    async def start(self) -> str:
        """Start the engine, unless another tab of this origin runs it; return why not, else an empty text."""
        problem = str(await storage.databaseProblem())
        if not problem:
            idle.grantIdleTime(self._line)
            host.hostEngine(self._place[0], self._place[1], self.outbox.drain)
        return problem

    async def configure(self, **preferences: "Any") -> None:
        """Set preferences such as ``training=True``, now and for each engine that takes over.

        `preferences.DEFAULTS` has their names; those that are not given, or not valid, are the defaults.
        """
        self._preferences = preferences
        if self.engine.ready:
            await self.engine.ask("configure", preferences)

    async def predict(self, songs: "list[dict[str, float] | None]") -> "list[dict[str, float] | None]":
        """Return the predicted ``e, m, c, p``, each from 1 to 5, for the features of songs.

        None for a song of which a feature is missing. Waits for the engine; the model's error comes as a
        JavaScript error.
        """
        answer = await self.engine.ask("predict", {"features": rows.pack(songs)})
        scores = rows.unpack(answer["scores"])
        return [rows.score(scores, row) for row in range(len(songs))]

    def _welcome(self, engine: str) -> None:
        if engine == self._engine:
            return  # It greets all pages whenever one has come.
        self._engine = engine
        asyncio.create_task(self.engine.ask("configure", self._preferences))

    def _follow(self, state: "dict[str, Any]") -> None:
        training = state["training"]
        self.model = training["localVersion"] or training["baseVersion"]
        self.recorder.model_version = self.model


def _epoch() -> float:
    return time.time() * 1000  # Not JavaScript's `Date.now`: MicroPython cuts its whole numbers to 32 bits.
