"""The service: what pages may ask the engine, and its answers."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, Protocol, TypeAlias

import numpy as np

from sidflow_feedback.analysis.analyzer import Analyzer, Excerpts
from sidflow_feedback.analysis.features import extract
from sidflow_feedback.engine.archive import export_archive, import_archive
from sidflow_feedback.engine.runtime import FeedbackRuntime
from sidflow_feedback.errors import FeedbackError, PlayerError
from sidflow_feedback.learning.run_history import past_runs
from sidflow_feedback.recommending.insights import effects, latest_ratings, taste_map
from sidflow_feedback.recommending.recommender import Recommender
from sidflow_feedback.store import KINDS
from sidflow_feedback.types import Record, SyncStatus
from sidflow_feedback.vocabulary import MIN_RATED, SYNC_STATUSES, Post, Publication, Request

Handler: TypeAlias = Callable[[Any, Any], Awaitable[Any]]

WAITING: Final[tuple[SyncStatus, ...]] = ("pending", "processing", "failed")


RATINGS_SHOWN: Final = 1000


class Line(Protocol):
    """The engine's end of the line to the pages, as `channel.PageChannel` has it."""

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
    excerpts
        Renders tunes to analyze them. Without it, the pages pass samples instead.
    """

    def __init__(self, runtime: FeedbackRuntime, line: Line, excerpts: Excerpts | None = None) -> None:
        self._runtime = runtime
        self._line = line
        self._engine = str(uuid.uuid4())
        self._analyzer = Analyzer(runtime.background, excerpts) if excerpts else None
        self._forgetting: set[asyncio.Task[None]] = set()
        self._recommender = Recommender(runtime.store, lambda: runtime.trainer.model, runtime.clock)
        line.on(Post.HELLO, lambda _value: self.welcome())
        line.on(Post.EVENTS, runtime.receive)
        line.on(Post.FORGET, self._forget_soon)
        line.on(Post.FLUSH, lambda _value: runtime.writer.flush_soon())
        line.on(Post.ONLINE, lambda _value: runtime.on_online())
        line.answer(Request.CONFIGURE, self._configure)
        line.answer(Request.LIBRARY, self._library)
        line.answer(Request.SCORES, self._scores)
        line.answer(Request.PREDICT, self._predict)
        line.answer(Request.QUEUE, self._queue)
        line.answer(Request.WHY, self._why)
        line.answer(Request.EXTRACT_FEATURES, self._features_of_sound)
        line.answer(Request.ANALYZE, self._measure)
        line.answer(Request.TRAIN, self._train)
        line.answer(Request.PAUSE_TRAINING, self._pause_training)
        line.answer(Request.SYNC, self._sync)
        line.answer(Request.NEXT_UPLOAD, self._next_payload)
        line.answer(Request.UNSYNCED, self._waiting)
        line.answer(Request.HISTORY, self._history)
        line.answer(Request.FORGET_ITEM, self._forget_item)
        line.answer(Request.INSIGHTS, self._insights)
        line.answer(Request.EXPORT, self._export)
        line.answer(Request.IMPORT, self._import)
        line.answer(Request.WIPE, self._wipe)

    def welcome(self) -> None:
        """Tell the pages that an engine is there, which one, and in which state."""
        self._line.publish(Publication.READY, self._engine)
        self._runtime.announce()

    async def _configure(self, preferences: Record, _binary: object) -> None:
        self._runtime.configure(preferences)

    async def _library(self, tunes: Record, _binary: object) -> list[int]:
        return self._recommender.add(tunes)

    async def _scores(self, _value: object, _binary: object) -> Record:
        return self._recommender.scores()

    async def _predict(self, songs: Record, _binary: object) -> Record:
        return self._recommender.predict(songs)

    async def _queue(self, question: Record, _binary: object) -> list[tuple[int, bool]]:
        return await self._recommender.queue(**question)

    async def _why(self, row: int, _binary: object) -> Record | None:
        return self._recommender.why(row)

    async def _measure(self, question: Record, tune: object) -> Record | None:
        if self._analyzer is None:
            raise PlayerError("This engine can't render tunes. Ask for the features of samples instead.")
        return await self._analyzer.measure(tune, **question)

    async def _features_of_sound(self, question: Record, samples: Any) -> dict[str, float]:
        return extract(np.asarray(samples.to_py(), np.float32), question["rate"], question["duration"])

    async def _train(self, _value: object, _binary: object) -> str:
        run = await self._runtime.trainer.train_now()
        return "Learned." if run.accepted else f"Not kept: {run.reason}"

    async def _pause_training(self, paused: bool, _binary: object) -> None:
        trainer = self._runtime.trainer
        (trainer.pause if paused else trainer.resume)()

    async def _waiting(self, limit: int, _binary: object) -> list[Record]:
        """Return the newest events that are not synced, whatever keeps them back."""
        return await self._newest(WAITING, limit)

    async def _history(self, limit: int, _binary: object) -> list[Record]:
        """Return the newest events."""
        return await self._newest(SYNC_STATUSES, limit)

    async def _newest(self, statuses: Iterable[SyncStatus], limit: int) -> list[Record]:
        rows = [
            row
            for kind in KINDS
            for status in statuses
            for row in await self._runtime.store.with_status(kind, status, limit=limit)
        ]
        rows.sort(key=lambda row: row.event.timestamp, reverse=True)
        return [row.to_record() for row in rows[:limit]]

    async def _insights(self, _value: object, _binary: object) -> Record:
        """Return figures of what was learned, how, and at what cost."""
        runtime, features = self._runtime, self._recommender.library.features
        model = runtime.trainer.model
        return {
            "model": model.version,
            "map": taste_map(model, features),
            "effects": effects(model, features),
            "rated": latest_ratings(await runtime.store.ratings(RATINGS_SHOWN)),
            "runs": await past_runs(runtime.store),
            "shares": [*runtime.shares, (runtime.clock.epoch(), runtime.trainer.state.cpu_share)],
            "least": MIN_RATED,
        }

    def _forget_soon(self, uuids: list[str]) -> None:
        """Forget events that a page has withdrawn; if that fails, its outbox asks again."""
        task = asyncio.get_running_loop().create_task(self._forget(uuids))
        self._forgetting.add(task)
        task.add_done_callback(self._forgetting.discard)

    async def _forget(self, uuids: list[str]) -> None:
        with contextlib.suppress(FeedbackError):
            await self._runtime.forget(uuids)

    async def _forget_item(self, item_id: str, _binary: object) -> str:
        gone = await self._runtime.forget_item(item_id)
        sent = sum(row.status == "synced" for row in gone)
        told = f"Forgotten: {len(gone)} plays, likes and ratings of this tune."
        return f"{told} {sent} of them had been sent; the server keeps those." if sent else told

    async def _export(self, _value: object, _binary: object) -> str:
        return await export_archive(self._runtime.store, now=self._runtime.clock.epoch())

    async def _import(self, text: str, _binary: object) -> str:
        report = await import_archive(self._runtime.store, text)
        await self._runtime.restore()
        return f"{len(report.stored)} events imported, {len(report.duplicates)} were there already."

    async def _wipe(self, _value: object, _binary: object) -> str:
        await self._runtime.wipe()
        return "Everything that was kept here is deleted."

    async def _sync(self, _value: object, _binary: object) -> str:
        return f"The server has taken {await self._runtime.sync.sync_now()} events."

    async def _next_payload(self, _value: object, _binary: object) -> str | None:
        return await self._runtime.sync.next_payload()
