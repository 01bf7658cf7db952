"""The service: the engine's answers to the requests of the pages."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Iterable
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.analysis.analyzer import Analyzer, Excerpts
from sidflow_feedback.analysis.features import extract
from sidflow_feedback.engine.archive import DAMAGED, ImportReport, export_archive, import_archive
from sidflow_feedback.engine.runtime import FeedbackRuntime
from sidflow_feedback.engine.transfer import Transfers
from sidflow_feedback.errors import ArchiveError, FeedbackError, PlayerError, StoreError
from sidflow_feedback.events import RatingEvent
from sidflow_feedback.learning.judgments import IMPLIED_PREFERENCES
from sidflow_feedback.learning.run_history import past_runs
from sidflow_feedback.preferences import validated
from sidflow_feedback.recommending.feature_table import Codes
from sidflow_feedback.recommending.insights import effects, latest_ratings
from sidflow_feedback.recommending.recommender import Collected, Recommender
from sidflow_feedback.recommending.similarity import Space
from sidflow_feedback.store import KINDS
from sidflow_feedback.types import (
    CollectionPart,
    EventRow,
    Explanations,
    Features,
    Insights,
    Items,
    LibraryScores,
    Preferences,
    QueueEntry,
    QueueQuestion,
    RequestChannel,
    RunRecord,
    Scores,
    SimilaritySpace,
    SongAnalysis,
    Songs,
    SongToAnalyze,
    Sound,
    SyncStatus,
    TextFile,
)
from sidflow_feedback.vocabulary import FEATURE_NAMES, SYNC_STATUSES, Post, Publication, Request

UNSYNCED: Final[tuple[SyncStatus, ...]] = ("pending", "processing", "failed")

RATINGS_SHOWN: Final = 1000
"""Maximum number of ratings in the insights."""


class FeedbackService:
    """Answers the requests of the pages of one origin.

    Parameters
    ----------
    runtime
        Keeps, learns, and shares. The caller starts it.
    channel
        Connects the pages.
    excerpts
        Renders songs for the feature analysis. Without it, the pages pass samples instead.
    """

    def __init__(
        self, runtime: FeedbackRuntime, channel: RequestChannel, excerpts: Excerpts | None = None
    ) -> None:
        self._runtime = runtime
        self._channel = channel
        self._engine = str(uuid.uuid4())
        self._analyzer = Analyzer(runtime.background, excerpts) if excerpts else None
        self._forgetting: set[asyncio.Task[None]] = set()
        self._preparing: asyncio.Task[None] | None = None
        self._transfers = Transfers(lambda progress: channel.publish(Publication.TRANSFER, progress))
        self._recommender = Recommender(
            runtime.table, runtime.store, lambda: runtime.trainer.model, runtime.clock
        )
        runtime.writer.subscribe(self._recommender.notify)
        channel.on_failure = runtime.supervisor.report
        channel.on(Post.HELLO, lambda _value: self.welcome())
        channel.on(Post.EVENTS, runtime.receive)
        channel.on(Post.FORGET, self._forget_soon)
        channel.on(Post.FLUSH, lambda _value: runtime.writer.flush_soon())
        channel.on(Post.ONLINE, lambda _value: runtime.on_online())
        channel.on(Post.CANCEL_TRANSFER, lambda _value: self._transfers.cancel())
        channel.answer(Request.CONFIGURE, self._configure)
        channel.answer(Request.LIBRARY, self._add_items)
        channel.answer(Request.COLLECTION, self._collect)
        channel.answer(Request.SIMILARITY, self._use_space)
        channel.answer(Request.SCORES, self._scores)
        channel.answer(Request.PREDICT, self._predict)
        channel.answer(Request.QUEUE, self._queue)
        channel.answer(Request.INTRODUCE, self._introduce)
        channel.answer(Request.WHY, self._why)
        channel.answer(Request.EXTRACT_FEATURES, self._extract_features)
        channel.answer(Request.ANALYZE, self._analyze)
        channel.answer(Request.TRAIN, self._train)
        channel.answer(Request.PAUSE_TRAINING, self._pause_training)
        channel.answer(Request.SYNC, self._sync)
        channel.answer(Request.NEXT_UPLOAD, self._next_upload)
        channel.answer(Request.UNSYNCED, self._unsynced)
        channel.answer(Request.FAILED, self._failed)
        channel.answer(Request.RESEND, self._resend)
        channel.answer(Request.HISTORY, self._history)
        channel.answer(Request.FORGET_ITEM, self._forget_item)
        channel.answer(Request.INSIGHTS, self._insights)
        channel.answer(Request.RUNS, self._runs)
        channel.answer(Request.EXPORT, self._export)
        channel.answer(Request.IMPORT, self._import)
        channel.answer(Request.WIPE, self._wipe)

    def welcome(self) -> None:
        """Publish that this engine runs, what it is doing, and its state."""
        self._channel.publish(Publication.READY, self._engine)
        self._transfers.announce()
        self._runtime.announce()

    async def _configure(self, preferences: Preferences, _binary: object) -> None:
        self._runtime.configure(preferences)
        if self._recommender.similarity.weigh(validated(dict(preferences))["alike"]):
            self._prepare()

    async def _add_items(self, items: Items, _binary: object) -> list[int]:
        return self._recommender.add(items)

    async def _collect(self, part: CollectionPart, columns: Any) -> list[int]:
        known = _column(columns.hasCode, np.uint8).astype(np.bool_)
        width = columns.codes.length // max(1, len(known))
        codes = _column(columns.codes, np.uint8).reshape(len(known), width)
        rows = self._recommender.collect(
            Collected(
                item_ids=columns.itemIds.to_bytes().decode().split("\n"),
                songs=_column(columns.songs, np.uint16),
                start_songs=_column(columns.startSongs, np.uint16),
                features=_column(columns.features, np.float32).reshape(-1, len(FEATURE_NAMES)),
                composers=_column(columns.composers, np.uint32),
                codes=Codes(part["space"], codes, known),
            )
        )
        self._prepare()
        return rows

    def _prepare(self) -> None:
        """Do in idle slots what the first question for similar items would take long for."""
        if self._preparing is None or self._preparing.done():
            self._preparing = asyncio.get_running_loop().create_task(self._prepare_reporting())

    async def _prepare_reporting(self) -> None:
        with self._runtime.supervisor.reporting("Preparing similar tunes"):
            await self._recommender.prepare(self._runtime.background)

    async def _use_space(self, space: SimilaritySpace | None, codebook: Any) -> str:
        similarity = self._recommender.similarity
        if space is None:
            similarity.use_embeddings()
        else:
            book = _column(codebook, np.float32).reshape(space["shape"])
            similarity.use(Space(space["name"], book, np.array(space["weights"], np.float64)))
        return similarity.table.space

    async def _scores(self, _value: None, _binary: object) -> LibraryScores:
        return self._recommender.scores()

    async def _predict(self, songs: Songs, _binary: object) -> Scores:
        return self._recommender.predict(songs)

    async def _queue(self, question: QueueQuestion, _binary: object) -> list[QueueEntry]:
        return await self._recommender.queue(**question)

    async def _introduce(self, only: str | None, _binary: object) -> list[int]:
        return await self._recommender.introduce(self._runtime.background, only)

    async def _why(self, row: int, _binary: object) -> Explanations | None:
        return self._recommender.explain(row)

    async def _analyze(self, song: SongToAnalyze, tune: object) -> SongAnalysis | None:
        if self._analyzer is None:
            raise PlayerError("This engine can't render tunes. Ask for the features of samples instead.")
        return await self._analyzer.analyze(tune, **song)

    async def _extract_features(self, sound: Sound, samples: Any) -> Features:
        return extract(np.asarray(samples.to_py(), np.float32), sound["rate"], sound["duration"])

    async def _train(self, _value: None, _binary: object) -> str:
        await self._runtime.trainer.train_now()
        return "Learned."

    async def _pause_training(self, paused: bool, _binary: object) -> None:
        trainer = self._runtime.trainer
        (trainer.pause if paused else trainer.resume)()

    async def _unsynced(self, limit: int, _binary: object) -> list[EventRow]:
        """Return the newest events that are not synced, for whatever reason."""
        return await self._newest(UNSYNCED, limit)

    async def _failed(self, limit: int, _binary: object) -> list[EventRow]:
        """Return the newest events that the server has refused."""
        return await self._newest(("failed",), limit)

    async def _resend(self, uuids: list[str] | None, _binary: object) -> str:
        count = await self._runtime.resend(uuids)
        return f"{count} {'event goes' if count == 1 else 'events go'} with the next upload."

    async def _history(self, limit: int, _binary: object) -> list[EventRow]:
        """Return the newest events."""
        return await self._newest(SYNC_STATUSES, limit)

    async def _newest(self, statuses: Iterable[SyncStatus], limit: int) -> list[EventRow]:
        rows = [
            row
            for kind in KINDS
            for status in statuses
            for row in await self._runtime.store.with_status(kind, status, limit=limit)
        ]
        rows.sort(key=lambda row: row.event.timestamp, reverse=True)
        return [cast("EventRow", row.to_record()) for row in rows[:limit]]

    async def _insights(self, _value: None, _binary: object) -> Insights:
        runtime, table = self._runtime, self._recommender.table
        model, store = runtime.trainer.model, runtime.store
        found = await store.newest("rating", limit=RATINGS_SHOWN)
        ratings = [event for event in found if isinstance(event, RatingEvent)]
        ratings.sort(key=lambda event: event.timestamp, reverse=True)
        actions = await store.newest("implicit", limit=RATINGS_SHOWN, actions=tuple(IMPLIED_PREFERENCES))
        return {
            "model": model.version,
            "map": self._recommender.taste_map(),
            "known": int((~np.isnan(table.features[table.starts, 0])).sum()),
            "effects": effects(model, table.features),
            "rated": latest_ratings(ratings),
            "judged": len({(event.track.item_id, event.track.song) for event in (*ratings, *actions)}),
            "runs": await past_runs(store),
            "shares": [*runtime.shares, (runtime.clock.epoch(), runtime.trainer.state.cpu_share)],
        }

    async def _runs(self, _value: None, _binary: object) -> list[RunRecord]:
        return await past_runs(self._runtime.store)

    def _forget_soon(self, uuids: list[str]) -> None:
        """Forget events that a page has withdrawn. If that fails, the page's outbox asks again."""
        task = asyncio.get_running_loop().create_task(self._forget(uuids))
        self._forgetting.add(task)
        task.add_done_callback(self._forgetting.discard)

    async def _forget(self, uuids: list[str]) -> None:
        with self._runtime.supervisor.reporting("Forgetting events"), contextlib.suppress(FeedbackError):
            await self._runtime.forget(uuids)
            self._recommender.reset()

    async def _forget_item(self, item_id: str, _binary: object) -> str:
        gone = await self._runtime.forget_item(item_id)
        self._recommender.reset()
        sent = sum(row.status == "synced" for row in gone)
        text = f"Deleted: {len(gone)} plays, likes, and ratings of this tune."
        return f"{text} {sent} of them were already uploaded; the server keeps those." if sent else text

    async def _export(self, _value: None, _binary: object) -> TextFile:
        runtime = self._runtime
        with self._transfers.begin() as step:
            with contextlib.suppress(StoreError):  # On a full disk, a copy is needed most.
                await runtime.writer.flush()
            return TextFile(await export_archive(runtime.store, now=runtime.clock.epoch(), step=step))

    async def _import(self, _value: None, archive: object) -> str:
        """Import an archive: its text, or its bytes."""
        report, had_learned = ImportReport(), bool(await self._runtime.store.snapshots())
        with self._transfers.begin() as step:
            try:
                await import_archive(self._runtime.store, _text(archive), report=report, step=step)
            finally:  # What was imported before an error is learned from, too.
                # Imported snapshots, which a store takes that has none, have learned from these events.
                await self._runtime.restore(report.stored if had_learned else ())
                self._recommender.reset()
        return f"{len(report.stored)} events imported, {report.duplicates} were here already."

    async def _wipe(self, _value: None, _binary: object) -> str:
        await self._runtime.wipe()
        self._recommender.reset()
        return "Everything in this browser was deleted."

    async def _sync(self, _value: None, _binary: object) -> str:
        return f"The server has accepted {await self._runtime.sync.sync_now()} events."

    async def _next_upload(self, _value: None, _binary: object) -> str | None:
        return await self._runtime.sync.next_payload()


def _text(archive: object) -> str:
    if isinstance(archive, str):
        return archive
    try:
        return bytes(cast("bytes", archive)).decode()
    except UnicodeDecodeError as exc:
        raise ArchiveError(DAMAGED) from exc


def _column(array: Any, dtype: type[np.generic]) -> NDArray[Any]:
    """Return the numbers of a typed array of JavaScript."""
    return np.frombuffer(array.to_bytes(), dtype)
