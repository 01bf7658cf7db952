"""The channel between pages and engine: real JavaScript at one end, real Python at the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Error, Page

from tests.browser.conftest import Pyodide, open_harness
from tests.browser.site import Site
from tests.patience import PATIENCE_MS

CONNECT = """async (patience) => {
  const { EngineChannel } = await import("/sidflow_feedback/page/channel.js");
  const { grantIdleTime } = await import("/sidflow_feedback/page/idle.js");
  window.heard = [];
  window.channel = new EngineChannel("sidflow");
  window.grant = () => grantIdleTime(channel);
  channel.on("news", (json) => heard.push(JSON.parse(json)));
  const noAnswer = () => new Promise((_, reject) => setTimeout(reject, patience, new Error("no answer")));
  window.ask = async (type, value, binary) => {
    const answer = channel.request(type, JSON.stringify(value), binary ?? null);
    return JSON.parse(await Promise.race([answer, noAnswer()]));
  };
}"""
VALUES: list[Any] = [None, 0, 1.5, -(2**40), "", 'Ü "\\ \u2028 🎵', [], {}, {"a": [1, None, {"b": False}]}]


@pytest.fixture
def engine(pyodide: Pyodide) -> Iterator[Pyodide]:
    pyodide.call("channel", "connect")
    yield pyodide
    pyodide.call("channel", "disconnect")
    pyodide.call("channel", "take_notes")


@pytest.fixture
def open_tab(pyodide: Pyodide, site: Site) -> Iterator[Callable[[], Page]]:
    tabs = []

    def open_tab() -> Page:
        tabs.append(open_harness(pyodide.page.context, site))
        tabs[-1].evaluate(CONNECT, PATIENCE_MS)
        return tabs[-1]

    yield open_tab
    for tab in tabs:
        tab.close()


@pytest.fixture
def tab(open_tab: Callable[[], Page], engine: Pyodide) -> Page:  # noqa: ARG001
    return open_tab()


def ask(tab: Page, kind: str, value: Any = None) -> Any:
    return tab.evaluate("([kind, value]) => ask(kind, value)", [kind, value])


@pytest.mark.parametrize("value", VALUES)
def test_value_is_returned_unchanged(tab: Page, value: Any) -> None:
    assert ask(tab, "echo", value) == value


def test_engine_answers_hello_with_ready(tab: Page) -> None:
    tab.wait_for_function("channel.ready")


def test_listener_that_comes_after_ready_hears_of_the_engine(tab: Page) -> None:
    tab.wait_for_function("channel.ready")
    tab.evaluate("channel.on('ready', (json) => { window.late = json; })")
    tab.wait_for_function("window.late")


def test_request_from_before_the_engine_starts_is_answered(
    open_tab: Callable[[], Page], pyodide: Pyodide
) -> None:
    tab = open_tab()
    tab.evaluate("() => { window.answers = Promise.all([1, 2, 3].map((n) => ask('echo', n))); }")
    assert tab.evaluate("channel.ready") is False
    pyodide.call("channel", "connect")
    pyodide.call("channel", "publish", "ready", None)
    assert tab.evaluate("answers") == [1, 2, 3]
    pyodide.call("channel", "disconnect")


def test_answers_in_any_order_are_matched_to_their_requests(tab: Page) -> None:
    answers = tab.evaluate("Promise.all([0.3, 0.2, 0.1, 0].map((wait) => ask('later', wait)))")
    assert answers == [0.3, 0.2, 0.1, 0]


def test_bytes_are_sent_with_the_json(tab: Page) -> None:
    assert tab.evaluate("ask('sum', 'x', new Uint8Array([1, 2, 255]).buffer)") == ["x", 258]


def test_refusal_keeps_its_message(tab: Page) -> None:
    with pytest.raises(Error, match=r"There are 3 ratings\. Training starts at 8\."):
        ask(tab, "refuse")


def test_failure_is_reported_without_details(tab: Page) -> None:
    with pytest.raises(Error, match=r"The engine failed at 'break'\. Try again\.") as caught:
        ask(tab, "break")
    assert "secret" not in caught.value.message
    assert ask(tab, "echo", "still here") == "still here"


def test_messages_arrive_in_order(tab: Page, engine: Pyodide) -> None:
    tab.evaluate("for (let i = 0; i < 200; i++) channel.post('note', JSON.stringify(i)); 0")
    ask(tab, "echo")
    assert engine.call("channel", "take_notes") == list(range(200))


def test_message_of_an_unknown_type_is_ignored(tab: Page) -> None:
    tab.evaluate("channel.post('nobody-listens', '1'); channel.post('nobody-listens')")
    assert ask(tab, "echo", 1) == 1


def test_publications_reach_all_tabs_and_answers_only_the_requester(
    tab: Page, open_tab: Callable[[], Page], engine: Pyodide
) -> None:
    other = open_tab()
    assert ask(tab, "echo", "mine") == "mine"
    assert ask(other, "echo", "other") == "other"
    engine.call("channel", "publish", "news", {"counts": [1, 2]})
    for page in (tab, other):
        page.wait_for_function("heard.length > 0")
        assert page.evaluate("heard") == [{"counts": [1, 2]}]


def test_posts_to_the_engine_do_not_reach_other_tabs(tab: Page, open_tab: Callable[[], Page]) -> None:
    other = open_tab()
    other.evaluate("channel.post('news', '1'); channel.post('note', '1')")
    assert ask(other, "echo", "the engine has heard it") == "the engine has heard it"
    assert ask(tab, "echo", "and this tab has had the time") == "and this tab has had the time"
    assert tab.evaluate("heard") == []


def test_requests_of_two_tabs_are_answered_concurrently(tab: Page, open_tab: Callable[[], Page]) -> None:
    other = open_tab()
    tab.evaluate("() => { window.slow = ask('later', 0.5); }")
    assert ask(other, "echo", "quick") == "quick"
    assert tab.evaluate("slow") == 0.5


def test_closed_engine_receives_nothing(open_tab: Callable[[], Page], pyodide: Pyodide) -> None:
    pyodide.call("channel", "connect")
    tab = open_tab()
    tab.wait_for_function("channel.ready")
    pyodide.call("channel", "disconnect")
    tab.evaluate("channel.post('note', '1')")
    pyodide.call("channel", "connect")
    assert ask(tab, "echo", 1) == 1  # The new engine is ready and would have received later messages.
    assert pyodide.call("channel", "take_notes") == []
    pyodide.call("channel", "disconnect")


def test_page_grants_idle_time(tab: Page, engine: Pyodide) -> None:
    tab.evaluate("grant()")
    slots = engine.call("channel", "idle_slots", 5)
    assert len(slots) == 5
    assert all(0 <= slot <= 50 for slot in slots)  # The maximum that a browser grants.
    assert max(slots) > 0


def test_page_without_idle_callbacks_grants_short_slots(tab: Page, engine: Pyodide) -> None:
    tab.evaluate("delete window.requestIdleCallback; grant()")
    assert engine.call("channel", "idle_slots", 2) == [5, 5]


def test_hidden_page_grants_short_slots(tab: Page, engine: Pyodide) -> None:
    tab.evaluate("Object.defineProperty(document, 'hidden', { value: true })")
    tab.evaluate("window.requestIdleCallback = () => {}")  # A hidden page gets no idle callbacks.
    tab.evaluate("grant()")
    assert engine.call("channel", "idle_slots", 2) == [5, 5]


@pytest.mark.parametrize(
    ("saver", "mended", "reason"),
    [
        (
            "Object.defineProperty(navigator, 'connection', { value: { saveData: true } })",
            "navigator.connection.saveData = false",
            "data saver",
        ),
        (
            "window.battery = { charging: false, level: 0.15 }; navigator.getBattery = async () => battery",
            "battery.charging = true",
            "battery is low",
        ),
    ],
    ids=["data", "battery"],
)
def test_page_that_saves_data_or_power_withholds_slots_with_a_reason(
    tab: Page, engine: Pyodide, saver: str, mended: str, reason: str
) -> None:
    tab.evaluate(saver)
    tab.evaluate("grant()")
    assert reason in engine.call("channel", "idle_withheld")
    tab.evaluate(mended)
    assert engine.call("channel", "idle_withheld") is None


def test_engine_asks_another_page_for_a_slot_if_the_first_closes(
    open_tab: Callable[[], Page], engine: Pyodide
) -> None:
    engine.page.evaluate(
        "() => { window.slots = python.call('tests.browser.in_pyodide.channel', 'idle_slots', '[1]'); }"
    )
    tab = open_tab()
    tab.evaluate("window.asked = 0; channel.on('idle-wanted', () => (asked += 1))")
    tab.wait_for_function("asked > 0")
    tab.evaluate("grant()")
    assert engine.page.evaluate("slots.then((json) => JSON.parse(json).length)") == 1


def test_page_clock_runs(engine: Pyodide) -> None:
    assert engine.call("channel", "clock_runs") is True


SILENT_ENGINE = """() => {  // announces itself, and falls silent
  window.engine = new BroadcastChannel("sidflow-feedback");
  window.say = (type) => engine.postMessage({ to: "pages", type, json: '"engine-1"' });
}"""
WATCH = """() => {
  window.deaths = 0;
  channel.watch(() => { deaths += 1; });
  for (const type of ["ready", "silent"]) channel.on(type, () => heard.push(type));
}"""


def test_silent_engine_is_noticed_and_so_is_its_return(
    open_tab: Callable[[], Page], pyodide: Pyodide, site: Site
) -> None:
    tab, other = open_tab(), open_harness(pyodide.page.context, site)
    other.evaluate(SILENT_ENGINE)
    tab.evaluate(WATCH)
    other.evaluate("say('ready')")
    tab.wait_for_function("heard.join().endsWith('ready,silent')")  # It may have been silent before, too.
    other.evaluate("say('starting')")  # Another one is on its way, but not there.
    tab.wait_for_function("deaths > 0")
    assert tab.evaluate("new Set(heard).size") == 2
    other.evaluate("() => { heard = null; setInterval(say, 200, 'beat'); }")
    tab.wait_for_function("heard.at(-1) === 'ready'")
    other.close()


def test_failing_listener_keeps_nothing_from_the_others(tab: Page, engine: Pyodide) -> None:
    tab.evaluate(
        """() => {
          channel.on("weather", () => { throw new Error("injected"); });
          channel.on("weather", (json) => heard.push(JSON.parse(json)));
        }"""
    )
    engine.call("channel", "publish", "weather", "rain")
    tab.wait_for_function("heard.length > 0")
    assert tab.evaluate("heard") == ["rain"]


def test_answer_that_is_no_json_fails_the_request(tab: Page) -> None:
    with pytest.raises(Error, match=r"The engine failed at 'unwritable'\."):
        ask(tab, "unwritable")


def test_thousand_broken_messages_end_nothing(tab: Page) -> None:
    tab.evaluate(
        """() => {
          for (let i = 0; i < 1000; i++) channel.post(i % 2 ? "note" : "echo", "{");
        }"""
    )
    assert ask(tab, "echo", "still here") == "still here"
