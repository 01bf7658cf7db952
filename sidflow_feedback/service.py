"""The service: what pages may ask the engine, and its answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.features import extract
from sidflow_feedback.runtime import FeedbackRuntime
from sidflow_feedback.types import Record

Handler: TypeAlias = Callable[[Any, Any], Awaitable[Any]]

Excerpt: TypeAlias = Callable[[Any], Awaitable[tuple[NDArray[np.float32], int]]]
"""Renders the beginning of a .sid file, given as its bytes: samples in [-1, 1], and their rate in Hz."""


class Line(Protocol):
    """The engine's end of the line to the pages, as `channel.EngineEnd` has it."""

    def publish(self, kind: str, value: Any = None) -> None:
        """Tell all pages."""

    def on(self, kind: str, listener: Callable[[Any], None]) -> None:
        """Call ``listener(value)`` for each message of this kind."""

    def answer(self, kind: str, handler: Handler) -> None:
        """Answer each question of this kind with ``await handler(value, binary)``."""


class FeedbackService:
    """Answers the pages of one origin from one runtime.

    Parameters
    ----------
    runtime
        Started by the caller.
    line
        Where the questions come from.
    excerpt
        Renders a listener's own tune, for its features.
    """

    def __init__(self, runtime: FeedbackRuntime, line: Line, excerpt: Excerpt) -> None:
        self._runtime = runtime
        self._line = line
        self._excerpt = excerpt
        line.on("hello", lambda _value: self.welcome())
        line.on("events", runtime.receive)
        line.answer("configure", self._configure)
        line.answer("predict", self._predict)
        line.answer("features", self._features)
        line.answer("train", self._train)
        line.answer("pause-training", self._pause_training)
        line.answer("sync", self._sync)

    def welcome(self) -> None:
        """Tell the pages that the engine is there, and in which state."""
        self._line.publish("ready")
        self._runtime.announce()

    async def _configure(self, preferences: Record, _binary: object) -> None:
        self._runtime.configure(preferences)

    async def _predict(self, tunes: Any, _binary: object) -> list[list[dict[str, float]]]:
        return self._runtime.predict(tunes)

    async def _features(self, question: Record, tune: object) -> dict[str, float]:
        samples, rate = await self._excerpt(tune)
        return extract(samples, rate, question["duration"])

    async def _train(self, _value: object, _binary: object) -> str:
        run = await self._runtime.trainer.train_now()
        return "Learned." if run.accepted else f"Not kept: {run.reason}"

    async def _pause_training(self, paused: bool, _binary: object) -> None:
        trainer = self._runtime.trainer
        (trainer.pause if paused else trainer.resume)()

    async def _sync(self, _value: object, _binary: object) -> str:
        return f"The server has taken {await self._runtime.sync.sync_now()} events."
