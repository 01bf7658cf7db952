"""The runtime with its parts in memory, and the service that answers the pages."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from sidflow_feedback.engine.archive import export_archive
from sidflow_feedback.engine.runtime import FeedbackRuntime
from sidflow_feedback.engine.service import FeedbackService
from sidflow_feedback.errors import FeedbackError, StoreError
from sidflow_feedback.events import event_from_record
from sidflow_feedback.idle.manual import ManualIdleClock
from sidflow_feedback.learning.global_model import FIRST_RETRY, INTERVAL
from sidflow_feedback.learning.manifest import model_to_manifest
from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.page.engine_client import EngineClient
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.sync.transport.memory import MemoryTransport
from sidflow_feedback.types import Items, QueueQuestion, Record, TextFile
from sidflow_feedback.vocabulary import FEATURE_NAMES, NO_MODEL, Post, Request
from tests.unit.analysis.pretended_sound import PretendedSound

FEATURES = dict(zip(FEATURE_NAMES, (8.0, 0.1, 1500.0, 3000.0, 0.05, 120.0, 0.5, 90.0), strict=True))


def manifest(version: str = "global-1") -> Record:
    scaler = FeatureScaler(tuple(FEATURES.values()), (1.0,) * len(FEATURES))
    return model_to_manifest(Model(version, version, scaler, Network.random(1)), {})


def rating(**fields: Any) -> Record:
    return {
        "kind": "rating",
        "uuid": str(uuid.uuid4()),
        "timestamp": 1_700_000_000_000,
        "sidPath": "Demo/A.sid",
        "song": 1,
        "ratings": {"e": 1, "m": 2, "c": 3},
        "features": FEATURES,
        **fields,
    }


def played() -> Record:
    event = rating(kind="implicit", action="play")
    del event["ratings"]
    return event


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Pages:
    """The pages' end of the channel: records what is published, and sends requests."""

    def __init__(self) -> None:
        self.published: list[tuple[str, Any]] = []
        self.on_failure: Callable[[str, Exception], None] = lambda _name, _exc: None
        self._listeners: dict[str, Callable[[Any], None]] = {}
        self._handlers: dict[str, Callable[[Any, Any], Awaitable[Any]]] = {}

    def publish(self, kind: str, value: Any = None) -> None:
        self.published.append((kind, value))

    def on(self, kind: str, listener: Callable[[Any], None]) -> None:
        self._listeners[kind] = listener

    def answer(self, kind: str, handler: Callable[[Any, Any], Awaitable[Any]]) -> None:
        self._handlers[kind] = handler

    def say(self, kind: str, value: Any = None) -> None:
        self._listeners[kind](value)

    async def request(self, kind: str, text: str, binary: Any) -> str | TextFile:
        """Answer as the JavaScript channel does: with JSON, or with a file."""
        answer = await self._handlers[kind](json.loads(text), binary)
        return answer if isinstance(answer, TextFile) else json.dumps(answer)

    @property
    def answered(self) -> set[str]:
        return set(self._handlers)

    @property
    def received(self) -> set[str]:
        return set(self._listeners)

    def last(self, kind: str) -> Any:
        return next((value for name, value in reversed(self.published) if name == kind), None)


class Engine:
    """A runtime with a manual clock, and the pages that it serves."""

    def __init__(self, transport: MemoryTransport) -> None:
        self.store = MemoryStore()
        self.clock = ManualIdleClock(grant=50)
        self.pages = Pages()
        self.transport = transport
        self.runtime = FeedbackRuntime(self.store, self.clock, transport, publish=self.pages.publish)
        self.excerpts = PretendedSound(self.clock)
        self.service = FeedbackService(self.runtime, self.pages, self.excerpts)
        self.client = EngineClient(self.pages, lambda function: function)

    async def pass_time(self, seconds: float = 1.0) -> None:
        await self.clock.advance(seconds)


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine(MemoryTransport(model=manifest()))
    await engine.runtime.start()
    yield engine
    await engine.runtime.aclose()


async def test_an_event_is_committed_and_acknowledged(engine: Engine) -> None:
    event = rating()
    engine.pages.say("events", [event])
    await engine.pass_time()
    assert [found.uuid for found in await engine.store.ratings(9)] == [event["uuid"]]
    assert engine.pages.last("committed") == [event["uuid"]]
    assert engine.pages.last("state")["counts"]["ratings"]["pending"] == 1


async def test_invalid_event_is_refused_with_the_reason_and_the_others_are_stored(engine: Engine) -> None:
    good, bad = rating(), rating(ratings={"e": 9})
    engine.pages.say("events", [bad, good])
    await engine.pass_time()
    assert engine.pages.last("committed") == [good["uuid"]]
    [refusal] = engine.pages.last("refused")
    assert refusal["uuid"] == bad["uuid"]
    assert "ratings.e" in refusal["reason"]
    engine.pages.say("events", [bad])  # The page may have missed the answer.
    await engine.pass_time()
    books = engine.pages.last("state")["counts"]["books"]
    assert books == {"recorded": 2, "stored": 1, "undone": 0, "refused": 1, "pruned": 0}
    assert await engine.store.audit() == []


async def test_state_is_published_when_a_page_connects(engine: Engine) -> None:
    await engine.pass_time()
    engine.pages.published.clear()
    engine.pages.say("hello")
    await engine.pass_time()
    assert [kind for kind, _ in engine.pages.published] == ["ready", "transfer", "state", "beat"]


async def test_pages_register_tunes_and_request_predictions_a_queue_and_an_explanation(
    engine: Engine,
) -> None:
    await engine.pass_time()
    song = np.array(list(FEATURES.values()), "<f4").tobytes()
    tunes: Items = {
        "itemIds": ["Demo/A.sid", "Demo/B.sid"],
        "songs": [1, 2],
        "startSongs": [1, 1],
        "features": _base64(3 * song),
    }
    assert await engine.client.ask(Request.LIBRARY, tunes) == [0, 1]
    answer = await engine.client.ask(Request.SCORES)
    assert answer["model"] == "global-1"
    scores = np.frombuffer(base64.b64decode(answer["scores"]), "<f4").reshape(3, 4)
    assert ((scores >= 1) & (scores <= 5)).all()
    question: QueueQuestion = {"limit": 9, "exploration": 0, "offset": 0, "recent": []}
    assert [tuple(entry) for entry in await engine.client.ask(Request.QUEUE, question)] == [
        (0, False),
        (1, False),
    ]
    engine.pages.say("events", [played()])
    await engine.pass_time()
    assert [row for row, _ in await engine.client.ask(Request.QUEUE, question)] == [1, 0]
    why = await engine.client.ask(Request.WHY, 2)
    assert why is not None
    assert list(why) == ["e", "m", "c", "p"]
    assert why["p"]["prediction"] == pytest.approx(scores[2, 3])


async def test_every_request_of_the_vocabulary_has_an_answer(engine: Engine) -> None:
    assert engine.pages.answered == {value for name, value in vars(Request).items() if name.isupper()}
    assert engine.pages.received == {value for name, value in vars(Post).items() if name.isupper()} - {
        Post.IDLE_GRANTED
    }, "the idle clock receives that one"


async def test_training_is_off_until_configured(engine: Engine) -> None:
    await engine.pass_time()
    with pytest.raises(FeedbackError, match="off"):
        await engine.client.ask(Request.TRAIN)
    await engine.client.ask(Request.CONFIGURE, {"training": True})
    asking = asyncio.ensure_future(engine.client.ask(Request.TRAIN))
    await engine.pass_time()
    with pytest.raises(FeedbackError, match="8"):
        await asking


async def test_sync_is_off_until_configured(engine: Engine) -> None:
    engine.pages.say("events", [rating()])
    await engine.pass_time()
    with pytest.raises(FeedbackError, match="off"):
        await engine.client.ask(Request.SYNC)
    assert engine.transport.sent == []
    await engine.client.ask(Request.CONFIGURE, {"sync": True})
    assert "1 event" in await engine.client.ask(Request.SYNC)
    assert engine.pages.published


async def test_events_are_stored_while_there_is_no_global_model() -> None:
    engine = Engine(MemoryTransport())
    await engine.runtime.start()
    engine.pages.say("events", [rating()])
    await engine.pass_time()
    assert engine.pages.last("state")["counts"]["ratings"]["pending"] == 1
    assert "can't start yet" in engine.pages.last("state")["problem"]
    with pytest.raises(FeedbackError, match="no model yet"):
        await engine.client.ask(Request.SCORES)
    engine.transport.model = manifest()
    await engine.pass_time(70)
    assert engine.pages.last("state")["problem"] is None
    assert engine.pages.last("state")["training"]["baseVersion"] == "global-1"
    await engine.runtime.aclose()


async def test_closing_commits_queued_events_and_leaves_no_task(engine: Engine) -> None:
    event = rating()
    engine.pages.say("events", [event])
    await engine.runtime.aclose()
    assert engine.pages.last("committed") == [event["uuid"]]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_claims_of_an_earlier_engine_return_to_pending() -> None:
    engine = Engine(MemoryTransport(model=manifest()))
    await engine.store.add([event_from_record(rating())])
    await engine.store.claim(1, owner="an engine that is gone", now=engine.clock.epoch())
    await engine.runtime.start()
    await engine.pass_time()
    assert (await engine.store.counts()).ratings["pending"] == 1
    [row] = await engine.store.rows("rating")
    assert row.attempts == 1
    await engine.runtime.aclose()


async def test_wiping_deletes_stored_and_queued_events_and_notifies_the_outboxes(
    engine: Engine,
) -> None:
    engine.pages.say("events", [rating()])
    await engine.pass_time()
    engine.pages.say("events", [rating()])
    await engine.client.ask(Request.WIPE)
    await engine.pass_time()
    assert await engine.store.ratings(9) == []
    assert "wiped" in [kind for kind, _ in engine.pages.published]
    assert engine.runtime.trainer.model.version == "global-1"


async def test_predictions_go_on_while_everything_is_deleted(engine: Engine) -> None:
    await engine.pass_time()
    wipe = engine.store.wipe

    async def wipe_slowly() -> None:
        await asyncio.sleep(0)
        await wipe()

    engine.store.wipe = wipe_slowly  # type: ignore[method-assign]
    wiping = asyncio.create_task(engine.runtime.wipe())
    while not wiping.done():
        assert engine.runtime.trainer.model.version == "global-1"
        await asyncio.sleep(0)
    assert wiping.exception() is None


async def test_failed_deletion_leaves_the_model_and_learning(engine: Engine) -> None:
    await engine.pass_time()

    async def fail() -> None:
        raise StoreError("The database is full.")

    engine.store.wipe = fail  # type: ignore[method-assign]
    with pytest.raises(FeedbackError, match="full"):
        await engine.client.ask(Request.WIPE)
    assert engine.runtime.trainer.model.version == "global-1"
    await engine.client.ask(Request.CONFIGURE, {"training": True})
    asking = asyncio.ensure_future(engine.client.ask(Request.TRAIN))
    await engine.pass_time()
    with pytest.raises(FeedbackError, match="8"):
        await asking


async def learn(engine: Engine) -> None:
    engine.pages.say("events", [rating(sidPath=f"Demo/{n}.sid") for n in range(12)])
    await engine.client.ask(Request.CONFIGURE, {"training": True})
    await engine.pass_time(30)


async def archive_of(*records: Record) -> str:
    store = MemoryStore()
    await store.add([event_from_record(record) for record in records])
    return "".join(await export_archive(store, now=0))


async def test_imported_events_are_learned_from_even_if_they_are_older_than_the_model(engine: Engine) -> None:
    await learn(engine)
    assert engine.runtime.trainer.model.version == "local-1"
    old = [rating(sidPath=f"Old/{n}.sid", timestamp=1000 + n) for n in range(9)]
    text = await archive_of(*old)
    answer = await engine.client.ask(Request.IMPORT, None, text.encode())
    assert answer == "9 events imported, 0 were here already."
    await engine.pass_time(600)
    assert engine.runtime.trainer.model.version == "local-2"
    assert engine.pages.last("state")["counts"]["books"]["recorded"] == 21
    assert engine.pages.last("transfer") is None


async def test_import_without_text_is_refused(engine: Engine) -> None:
    with pytest.raises(FeedbackError, match="damaged or incomplete"):
        await engine.client.ask(Request.IMPORT, None, b"\xff\xfe")


async def test_one_export_or_import_at_a_time_which_can_be_canceled(engine: Engine) -> None:
    await engine.store.add([event_from_record(rating())])
    first = asyncio.ensure_future(engine.client.ask(Request.EXPORT))
    await asyncio.sleep(0)
    for ask in (engine.client.ask(Request.EXPORT), engine.client.ask(Request.IMPORT, None, "{}")):
        with pytest.raises(FeedbackError, match="under way"):
            await ask
    engine.pages.say("cancel-transfer")
    with pytest.raises(FeedbackError, match="Canceled"):
        await first
    assert json.loads(await (await engine.client.ask(Request.EXPORT)).text())["ratings"]


async def test_export_stores_what_is_queued_and_works_on_a_full_disk(engine: Engine) -> None:
    engine.pages.say("events", [rating()])
    whole = json.loads(await (await engine.client.ask(Request.EXPORT)).text())
    assert len(whole["ratings"]) == 1

    async def fail(_events: object) -> None:
        raise StoreError("The disk is full.")

    engine.store.add = fail  # type: ignore[assignment, method-assign]
    engine.pages.say("events", [rating()])
    assert json.loads(await (await engine.client.ask(Request.EXPORT)).text())["ratings"] == whole["ratings"]


async def test_nothing_learned_stays_when_the_store_fails_after_a_deletion(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await learn(engine)
    assert engine.runtime.trainer.model.version == "local-1"

    async def fail(*_args: object, **_options: object) -> None:
        raise StoreError("The database can't be read.")

    with monkeypatch.context() as broken:
        broken.setattr(engine.store, "snapshots", fail)
        await engine.client.ask(Request.WIPE)
    assert engine.runtime.trainer.model.version == "global-1"
    await learn(engine)
    assert engine.runtime.trainer.model.version.startswith("local-")


async def test_newer_global_model_is_requested_and_adopted(engine: Engine) -> None:
    await engine.pass_time()
    await engine.pass_time(INTERVAL)
    assert engine.transport.model_requests == [None, "global-1"]
    engine.transport.model = manifest("global-2")
    await engine.pass_time(INTERVAL)
    assert engine.runtime.trainer.model.version == "global-2"
    assert engine.pages.last("state")["training"]["baseVersion"] == "global-2"
    await engine.pass_time(INTERVAL)
    assert engine.transport.model_requests == [None, "global-1", "global-1", "global-2"]


async def test_model_is_requested_at_once_when_back_online(engine: Engine) -> None:
    await engine.pass_time()
    engine.transport.model = manifest("global-2")
    engine.runtime.on_online()
    await engine.pass_time()
    assert engine.runtime.trainer.model.version == "global-2"


@pytest.mark.parametrize(
    "damage",
    [
        {"weightData": "AAAA"},
        {"weightData": "A" * 5_000_000},
        {"modelTopology": {"class_name": "Functional"}},
        {"featureStats": {}},
        {"version": None},
    ],
)
async def test_invalid_newer_model_is_refused_and_the_current_one_stays(
    engine: Engine, damage: Record
) -> None:
    await engine.pass_time()
    model = engine.runtime.trainer.model
    engine.transport.model = manifest("global-2") | damage
    await engine.pass_time(INTERVAL)
    assert engine.runtime.trainer.model is model
    assert "newest model can't be used" in engine.pages.last("state")["problem"]
    assert next(iter(damage)) in engine.pages.last("state")["problem"]
    assert "The one before stays" in engine.pages.last("state")["problem"]
    engine.transport.model = manifest("global-2")
    await engine.pass_time(FIRST_RETRY + 1)
    assert engine.runtime.trainer.model.version == "global-2"
    assert engine.pages.last("state")["problem"] is None


async def test_unreachable_server_is_asked_less_and_less_often(engine: Engine) -> None:
    await engine.pass_time()
    engine.transport.online = False
    await engine.pass_time(INTERVAL)
    engine.transport.model_requests.clear()
    await engine.pass_time(3600)
    assert len(engine.transport.model_requests) == 5  # after 1, 3, 7, 15 and 31 minutes
    assert engine.pages.last("state")["problem"] is None
    assert engine.runtime.trainer.model.version == "global-1"


@pytest.mark.parametrize(
    "answer",
    [
        manifest() | {"featureStats": {**manifest()["featureStats"], "means": [10**400] * 8}},
        manifest() | {"version": "v" * 200_000},
        {"error": "e" * 200_000},
        {"error": {"message": "e" * 200_000}},
    ],
    ids=["number of 400 digits", "long version", "error that is a text", "long error"],
)
async def test_hostile_model_is_refused_and_requested_again(answer: Record) -> None:
    engine = Engine(MemoryTransport(model=answer))
    await engine.runtime.start()
    await engine.pass_time()
    assert "can't start yet" in engine.pages.last("state")["problem"]
    assert len(engine.pages.last("state")["problem"]) < 1000
    engine.transport.model = manifest()
    await engine.pass_time(FIRST_RETRY)
    assert engine.pages.last("state")["problem"] is None


async def test_invalid_first_model_is_requested_again() -> None:
    engine = Engine(MemoryTransport(model=manifest() | {"weightData": "AAAA"}))
    await engine.runtime.start()
    await engine.pass_time()
    assert f"{NO_MODEL}weightData" in engine.pages.last("state")["problem"]
    engine.transport.model = manifest()
    await engine.pass_time(FIRST_RETRY)
    assert engine.runtime.trainer.model.version == "global-1"
    assert engine.transport.model_requests == [None, None]
    await engine.runtime.aclose()


async def test_event_withdrawn_before_it_is_stored_is_never_stored(engine: Engine) -> None:
    event, other = rating(), rating()
    engine.pages.say("events", [event, other])
    engine.pages.say("forget", [event["uuid"]])
    await engine.pass_time()
    assert [found.uuid for found in await engine.store.ratings(9)] == [other["uuid"]]
    assert engine.pages.last("forgotten") == [{"uuid": event["uuid"], "sent": "no"}]
    engine.pages.say("events", [event])  # Another tab had read it before it was taken back.
    await engine.pass_time()
    assert [found.uuid for found in await engine.store.ratings(9)] == [other["uuid"]]
    assert engine.pages.last("committed") == [event["uuid"]]


async def test_event_withdrawn_while_it_is_written_is_deleted(engine: Engine) -> None:
    event = rating()
    add = engine.store.add

    async def add_slowly(events: Any) -> Any:
        engine.pages.say("forget", [event["uuid"]])
        await asyncio.sleep(0.01)
        return await add(events)

    engine.store.add = add_slowly  # type: ignore[method-assign]
    engine.pages.say("events", [event])
    await engine.pass_time()
    await asyncio.sleep(0.05)
    await engine.pass_time()
    assert await engine.store.ratings(9) == []


async def test_withdrawal_reports_whether_the_event_was_sent(engine: Engine) -> None:
    event = rating()
    engine.pages.say("events", [event])
    await engine.pass_time()
    await engine.client.ask(Request.CONFIGURE, {"sync": True})
    await engine.client.ask(Request.SYNC)
    engine.pages.say("forget", [event["uuid"]])
    await engine.pass_time()
    assert engine.pages.last("forgotten") == [{"uuid": event["uuid"], "sent": "yes"}]
    assert set(engine.pages.last("state")["counts"]["ratings"].values()) == {0}


async def test_forgetting_an_item_includes_its_queued_events(engine: Engine) -> None:
    other = rating(sidPath="Demo/B.sid")
    engine.pages.say("events", [rating(), other, rating(song=2)])
    await engine.pass_time()
    engine.pages.say("events", [played()])
    assert "4 " not in await engine.client.ask(Request.FORGET_ITEM, "Demo/C.sid")
    assert "Deleted: 3 " in await engine.client.ask(Request.FORGET_ITEM, "Demo/A.sid")
    await engine.pass_time()
    left = await engine.client.ask(Request.HISTORY, 50)
    assert [row["uuid"] for row in left] == [other["uuid"]]
    assert len(engine.pages.last("forgotten")) == 3


async def test_forgetting_a_rating_deletes_the_model_that_learned_from_it(engine: Engine) -> None:
    now = int(engine.clock.epoch())
    ratings = [rating(timestamp=now - 1000 + n, sidPath=f"Demo/{n}.sid") for n in range(12)]
    engine.pages.say("events", ratings)
    await engine.client.ask(Request.CONFIGURE, {"training": True})
    await engine.pass_time(30)
    assert engine.runtime.trainer.model.version == "local-1"
    engine.pages.say("forget", [ratings[0]["uuid"]])
    await engine.pass_time()
    assert await engine.store.snapshots() == []
    assert engine.runtime.trainer.model.version == "global-1"
    await engine.pass_time(90)
    assert engine.runtime.trainer.model.version == "local-2"
    last = engine.runtime.trainer.state.last_run
    assert last is not None
    assert last.samples == 11


async def test_failed_deletion_succeeds_when_it_is_repeated(engine: Engine) -> None:
    event = rating()
    engine.pages.say("events", [event])
    await engine.pass_time()
    forget = engine.store.forget

    async def broken(_uuids: object) -> Any:
        raise StoreError("the database is gone")

    engine.store.forget = broken  # type: ignore[assignment, method-assign]
    engine.pages.say("forget", [event["uuid"]])
    await engine.pass_time()
    assert engine.pages.last("forgotten") is None
    engine.store.forget = forget  # type: ignore[method-assign]
    engine.pages.say("forget", [event["uuid"]])
    await engine.pass_time()
    assert await engine.store.ratings(9) == []


async def test_insights_have_the_runs_and_the_share_of_the_processor(engine: Engine) -> None:
    newest = engine.store.newest

    async def newest_takes_time(*args: Any, **options: Any) -> Any:
        engine.clock.spend(100)
        return await newest(*args, **options)

    engine.store.newest = newest_takes_time  # type: ignore[method-assign]
    engine.pages.say("events", [rating(sidPath=f"Demo/{n}.sid") for n in range(12)])
    await engine.client.ask(Request.CONFIGURE, {"training": True})
    await engine.pass_time(10)
    shares = [value["training"]["cpuShare"] for kind, value in engine.pages.published if kind == "state"]
    assert max(shares) > 0
    await engine.pass_time(90)
    assert engine.pages.last("state")["training"]["cpuShare"] == 0, "the fall is published, too"
    insights = await engine.client.ask(Request.INSIGHTS)
    assert insights["model"] == "local-1"
    [run] = insights["runs"]
    assert run["samples"] == 12
    assert (len(insights["rated"]), insights["judged"]) == (12, 12)
    assert max(share for _, share in insights["shares"]) > 0
    await engine.client.ask(Request.WIPE)
    assert (await engine.client.ask(Request.INSIGHTS))["runs"] == []
