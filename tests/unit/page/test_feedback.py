"""`Feedback` on CPython, with stand-ins for the JavaScript around it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sidflow_feedback.errors import FeedbackError
from sidflow_feedback.page import wire_format
from sidflow_feedback.page.feedback import Feedback
from sidflow_feedback.vocabulary import Publication, Request
from tests.contracts.samples import FEATURES

RUN = {"time": 1.0, "accepted": False, "reason": "the error grew"}
TRACKS: Any = [{"item_id": "a", "features": FEATURES}, {"item_id": "b", "features": None}]


class Channel:
    """The channel of a page, whose engine answers from a script."""

    new: Callable[[str], Channel]

    def __init__(self, name: str) -> None:
        self.name = name
        self.ready = False
        self.off = ""
        self.listeners: dict[str, list[Callable[[str], None]]] = {}
        self.requests: list[tuple[str, Any]] = []
        self.answers: dict[str, Callable[[Any], Any]] = {}

    def on(self, kind: str, listener: Callable[[str], None]) -> None:
        self.listeners.setdefault(kind, []).append(listener)

    def publish(self, kind: Any, value: object) -> None:
        self.ready = self.ready or kind == Publication.READY
        for listener in self.listeners[kind]:
            listener(json.dumps(value))

    async def request(self, kind: Any, text: str, _binary: object) -> str:
        self.requests.append((kind, json.loads(text)))
        answer = self.answers.get(kind)
        return json.dumps(answer(json.loads(text)) if answer else None)

    def turnOff(self, problem: str) -> None:  # noqa: N802  JavaScript's name.
        self.off = problem


Channel.new = Channel


class Outbox:
    """An outbox that keeps what is appended."""

    new: Callable[[Channel], Outbox]

    def __init__(self, _channel: Channel) -> None:
        self.kept: dict[str, str] = {}
        self.withdrawn: list[str] = []

    @property
    def size(self) -> int:
        return len(self.kept)

    def append(self, uuid: str, text: str) -> str:
        self.kept[uuid] = text
        return "saved"

    def withdraw(self, uuid: str) -> None:
        self.withdrawn.append(uuid)


Outbox.new = Outbox


class Browser:
    """The library's JavaScript modules: each is this object."""

    EngineChannel, Outbox = Channel, Outbox
    problem = ""

    def __init__(self) -> None:
        self.modules = self.channel = self.outbox = self.storage = self.idle = self.host = self
        self.count = 0
        self.hosted: list[Any] = []

    def make_uuid(self) -> str:
        self.count += 1
        return f"uuid-{self.count}"

    def create_proxy(self, function: Any) -> Any:
        return function

    async def databaseProblem(self) -> str:  # noqa: N802  JavaScript's name.
        return self.problem

    def grantIdleTime(self, _channel: Channel) -> None:  # noqa: N802
        pass

    def engine_setup(self, choices: dict[str, str]) -> dict[str, str]:
        return choices

    def hostEngine(self, setup: dict[str, str], _channel: Channel, _on_change: object) -> None:  # noqa: N802
        self.hosted.append(setup)


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def feedback(browser: Browser) -> Feedback:
    return Feedback(browser, "radio")


def channel_of(feedback: Feedback) -> Channel:
    found = feedback.engine.channel
    assert isinstance(found, Channel)
    return found


def engine_state(run: object = None, version: str = "global-1", runs: int = 0) -> dict[str, Any]:
    training = {"lastRun": run, "runs": runs, "baseVersion": version, "localVersion": None}
    return {"problem": None, "counts": {"ratings": {}, "implicit": {}}, "training": training, "sync": {}}


@pytest.mark.parametrize("name", ["", "My Radio", "radio.outbox", "a" * 41, "r\u00e4dio"])
def test_name_that_could_meet_another_is_refused(browser: Browser, name: str) -> None:
    with pytest.raises(FeedbackError, match="Choose 1 to 40 lowercase letters"):
        Feedback(browser, name)


async def test_start_hosts_an_engine_with_the_given_addresses(browser: Browser) -> None:
    feedback = Feedback(browser, "radio", sync="https://radio.example/sync")
    assert await feedback.start() == ""
    assert browser.hosted == [{"name": "radio", "sync": "https://radio.example/sync"}]
    assert channel_of(feedback).name == "radio"


async def test_without_a_database_the_state_says_why(browser: Browser, feedback: Feedback) -> None:
    browser.problem = "storage is blocked"
    states: list[Any] = []
    feedback.on_state(states.append)
    assert await feedback.start() == "storage is blocked"
    assert (feedback.state["engine"], feedback.state["problem"]) == (
        "off",
        "Learning is off: storage is blocked",
    )
    assert [state["engine"] for state in states] == ["starting", "off"]
    assert channel_of(feedback).off == "Learning is off: storage is blocked"
    assert browser.hosted == []


async def test_state_tells_of_a_silent_engine_until_it_is_back(feedback: Feedback) -> None:
    channel = channel_of(feedback)
    channel.publish(Publication.READY, "engine-1")
    channel.publish(Publication.STATE, engine_state())
    assert feedback.state["engine"] == "ready"
    states: list[Any] = []
    feedback.on_state(states.append)
    channel.publish(Publication.SILENT, None)
    channel.publish(Publication.READY, "engine-1")
    channel.publish(Publication.OFF, "Learning couldn't start.")
    channel.publish(Publication.READY, "engine-2")
    assert [state["engine"] for state in states] == ["ready", "starting", "ready", "off", "ready"]
    assert "doesn't respond" in states[1]["problem"]
    assert [state["problem"] for state in states[2:]] == [None, "Learning couldn't start.", None]


async def test_preferences_add_up_and_reach_each_engine(feedback: Feedback) -> None:
    channel = channel_of(feedback)
    await feedback.configure(training=True)
    assert channel.requests == []
    channel.publish(Publication.READY, "engine-1")
    await feedback.configure(cadence=5)
    assert channel.requests[-1] == (Request.CONFIGURE, {"training": True, "cadence": 5})


@pytest.mark.parametrize("wrong", [{"teaching": True}, {"training": 1}, {"training": True, "cadence": 1}])
async def test_wrong_preference_is_refused_and_changes_nothing(
    feedback: Feedback, wrong: dict[str, Any]
) -> None:
    with pytest.raises(FeedbackError, match=r"teaching|training|cadence"):
        await feedback.configure(**wrong)
    channel_of(feedback).publish(Publication.READY, "engine-1")
    assert channel_of(feedback).requests == []


def test_run_that_is_not_kept_is_told_once_with_its_reason(feedback: Feedback) -> None:
    runs: list[Any] = []
    feedback.on_run(runs.append)
    for run, number in ((None, 0), (RUN, 1), (RUN, 1)):
        channel_of(feedback).publish(Publication.STATE, engine_state(run, runs=number))
    assert runs == [RUN]


def test_run_before_this_page_is_not_told(feedback: Feedback) -> None:
    runs: list[Any] = []
    feedback.on_run(runs.append)
    for restored in (None, RUN):  # The engine reads it from the store a moment after its start.
        channel_of(feedback).publish(Publication.STATE, engine_state(restored))
    assert runs == []
    assert feedback.state["training"] is not None
    assert feedback.state["training"]["lastRun"] == RUN


def test_state_has_model_and_waiting_events(feedback: Feedback) -> None:
    feedback.recorder.action("like", TRACKS[0])
    channel_of(feedback).publish(Publication.STATE, engine_state(version="global-2"))
    assert feedback.state["engine"] == "ready"
    assert feedback.state["model"] == feedback.recorder.model_version == "global-2"
    assert feedback.state["waiting"] == 1


def test_undo_takes_back_the_last_rating_or_a_given_event(feedback: Feedback) -> None:
    first, like, second = (
        feedback.recorder.rating({"p": 1}, TRACKS[0]),
        feedback.recorder.action("like", TRACKS[0]),
        feedback.recorder.rating({"p": 2}, TRACKS[0]),
    )
    assert [feedback.undo(), feedback.undo(like), feedback.undo(), feedback.undo()] == [
        *(second, like, first),
        None,
    ]
    assert feedback.outbox.withdrawn == [second, like, first]


def test_rating_that_was_taken_back_by_name_is_not_the_last_one(feedback: Feedback) -> None:
    first, second = (feedback.recorder.rating({"p": stars}, TRACKS[0]) for stars in (1, 2))
    feedback.undo(second)
    assert feedback.undo() == first


async def test_rank_has_only_the_given_tracks(feedback: Feedback) -> None:
    channel = channel_of(feedback)
    channel.answers = {
        Request.LIBRARY: lambda items: [10 + i for i in range(len(items["itemIds"]))],
        Request.QUEUE: lambda _question: [[11, True], [3, False], [10, False]],
    }
    ranked = await feedback.rank(TRACKS, exploration=50)
    assert ranked == [{"track": TRACKS[1], "surprise": True}, {"track": TRACKS[0], "surprise": False}]
    sent = dict(channel.requests)
    assert sent[Request.LIBRARY]["features"] == wire_format.pack([FEATURES, None])
    assert sent[Request.QUEUE]["exploration"] == 50


async def test_rank_asks_the_engine_that_took_over_again(feedback: Feedback) -> None:
    channel = channel_of(feedback)
    engines = iter(["engine-2"])

    def queue(_question: object) -> list[object]:
        for engine in engines:
            channel.publish(Publication.READY, engine)
            return []  # This engine has no tracks yet.
        return [[0, False], [1, False]]

    channel.answers = {Request.LIBRARY: lambda _items: [0, 1], Request.QUEUE: queue}
    channel.publish(Publication.READY, "engine-1")
    assert [entry["track"] for entry in await feedback.rank(TRACKS)] == TRACKS
