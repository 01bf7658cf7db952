"""The outbox: an event that was recorded is not lost, whatever happens next."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from sidflow_feedback.events import Event, event_to_record
from tests.browser.conftest import Mortal, Pyodide, open_harness
from tests.browser.site import Site
from tests.contracts.samples import NOON, implicit, rating

OPEN_OUTBOX = """async () => {
  const { EngineChannel } = await import("/sidflow_feedback/page/channel.js");
  const { Outbox, LIMIT } = await import("/sidflow_feedback/page/outbox.js");
  window.LIMIT = LIMIT;
  window.failures = [];
  window.addEventListener("error", ({ message }) => failures.push(message));
  window.channel = new EngineChannel();
  window.outbox = new Outbox(channel);
}"""
OPEN_EAR = """() => {  // hears what an engine would hear, and says what an engine would say
  window.batches = [];
  window.flushes = 0;
  const line = new BroadcastChannel("sidflow-feedback");
  line.onmessage = ({ data }) => {
    if (data.to !== "engine") return;
    if (data.type === "events") batches.push(data.json);
    if (data.type === "flush") flushes += 1;
  };
  window.say = (type, value) => line.postMessage({ to: "pages", type, json: JSON.stringify(value) });
}"""
APPEND_AND_DIE = """([uuid, json]) => {
  outbox.append(uuid, json);
  const request = new XMLHttpRequest();
  request.open("GET", "/test/kill", false);
  request.send();
}"""
WITHDRAW_AND_DIE = """uuid => {
  outbox.withdraw(uuid);
  const request = new XMLHttpRequest();
  request.open("GET", "/test/kill", false);
  request.send();
}"""
STORED = """async () => {
  const { open } = await import("/sidflow_feedback/store/indexeddb.js");
  const database = await open("sidflow-feedback");
  const rows = [...JSON.parse(await database.newest("rating", 100)),
                ...JSON.parse(await database.newest("implicit", 100))];
  database.close();
  return rows.map((row) => row.uuid);
}"""

OpenPage = Callable[[], Page]


def with_outbox(page: Page) -> Page:
    page.evaluate(OPEN_OUTBOX)
    return page


def with_drain(page: Page) -> Page:
    """A tab that also hands over what others left behind, as the one that runs the engine does."""
    with_outbox(page).evaluate("outbox.drain()")
    return page


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return with_outbox(open_page())


@pytest.fixture
def ear(open_page: OpenPage, page: Page) -> Page:
    page = open_page()
    page.evaluate(OPEN_EAR)
    return page


def append(page: Page, *events: Event) -> list[str]:
    entries = [[event.uuid, json.dumps(event_to_record(event))] for event in events]
    safe: list[str] = page.evaluate("entries => entries.map((entry) => outbox.append(...entry))", entries)
    return safe


def say(ear: Page, kind: str, value: Any = None) -> None:
    ear.evaluate("([kind, value]) => say(kind, value)", [kind, value])


def heard(ear: Page, count: int) -> list[list[str]]:
    """Wait for so many events; return the uuids in each batch."""
    ear.wait_for_function("count => batches.flatMap((batch) => JSON.parse(batch)).length >= count", arg=count)
    return [[record["uuid"] for record in json.loads(batch)] for batch in ear.evaluate("batches.splice(0)")]


def wait_size(page: Page, size: int) -> None:
    page.wait_for_function("size => outbox.size === size", arg=size)
    assert page.evaluate("failures") == []


def uuids(*events: Event) -> list[str]:
    return [event.uuid for event in events]


def test_event_is_handed_to_the_engine_at_once(page: Page, ear: Page) -> None:
    first, second, third = rating(), implicit(), rating()
    assert append(page, first, second) == ["saved", "saved"]
    assert heard(ear, 2) == [uuids(first, second)]  # One task, one message.
    append(page, third)
    assert heard(ear, 1) == [uuids(third)]


def test_record_arrives_as_it_was_written(page: Page, ear: Page) -> None:
    event = rating()
    append(page, event)
    ear.wait_for_function("batches.length > 0")
    assert json.loads(ear.evaluate("batches[0]")) == [event_to_record(event)]


def test_event_is_there_after_a_crash_right_behind_its_append(mortal: Mortal) -> None:
    page = with_outbox(mortal.open_page())
    events: list[Event] = [rating(), implicit(), rating()]
    append(page, *events[:2])
    mortal.arm()
    mortal.die(page, APPEND_AND_DIE, [events[2].uuid, json.dumps(event_to_record(events[2]))])
    again, ear = with_drain(mortal.open_page()), mortal.open_page()
    assert again.evaluate("outbox.size") == 3
    ear.evaluate(OPEN_EAR)
    say(ear, "ready")
    assert heard(ear, 1)[0] == uuids(*events)


def test_what_was_recorded_before_a_crash_is_stored_once_when_an_engine_comes(
    mortal: Mortal, site: Site
) -> None:
    page = with_outbox(mortal.open_page())
    events: list[Event] = [rating(), implicit(), rating()]
    append(page, *events[:2])
    mortal.arm()
    mortal.die(page, APPEND_AND_DIE, [events[2].uuid, json.dumps(event_to_record(events[2]))])
    tabs = [with_drain(mortal.open_page()) for _ in range(2)]  # both send what they find
    engine = Pyodide(mortal.open_page(), site)
    assert engine.call("engine", "run") is True
    for tab in tabs:
        wait_size(tab, 0)
    events.append(implicit(timestamp=NOON + 1))
    append(tabs[0], events[3])
    wait_size(tabs[0], 0)
    assert sorted(tabs[0].evaluate(STORED)) == sorted(uuids(*events))
    engine.call("engine", "stop")


def test_entries_are_resent_in_order_when_an_engine_is_ready(page: Page, ear: Page) -> None:
    events = [rating() for _ in range(12)]
    append(page, *events)
    heard(ear, 12)
    say(ear, "ready")
    assert heard(ear, 1) == [uuids(*events)]


def test_order_outlives_a_reload(page: Page, ear: Page) -> None:
    before, after = [rating() for _ in range(3)], [rating() for _ in range(3)]
    append(page, *before)
    page.reload()
    page.wait_for_function("globalThis.harness")
    append(with_drain(page), *after)
    heard(ear, 6)
    say(ear, "ready")
    assert heard(ear, 1)[-1] == uuids(*before, *after)


def test_nothing_waits_nothing_is_sent(page: Page, ear: Page) -> None:
    say(ear, "ready")
    append(page, rating())
    assert len(heard(ear, 1)) == 1


def test_committed_events_are_forgotten_and_no_others(page: Page, ear: Page) -> None:
    kept, gone = rating(), rating()
    append(page, kept, gone)
    say(ear, "committed", [gone.uuid, rating().uuid])
    wait_size(page, 1)
    heard(ear, 2)
    say(ear, "ready")
    assert heard(ear, 1) == [[kept.uuid]]


def test_other_tabs_count_down_too(page: Page, open_page: OpenPage, ear: Page) -> None:
    event = rating()
    append(page, event)
    other = with_outbox(open_page())
    assert other.evaluate("outbox.size") == 1
    say(ear, "committed", [event.uuid])
    wait_size(page, 0)
    wait_size(other, 0)


def test_refused_event_is_kept_aside_with_its_reason_and_not_sent_again(page: Page, ear: Page) -> None:
    good, bad = rating(), rating()
    append(page, bad, good)
    heard(ear, 2)
    say(ear, "refused", [{"uuid": bad.uuid, "reason": "song: must be more"}])
    wait_size(page, 1)
    say(ear, "ready")
    assert heard(ear, 1) == [[good.uuid]]
    aside = json.loads(page.evaluate("uuid => localStorage.getItem(`sidflow.refused.${uuid}`)", bad.uuid))
    assert aside["reason"] == "song: must be more"
    assert bad.uuid in aside["entry"]


def test_refusal_of_an_unknown_event_does_no_harm(page: Page, ear: Page) -> None:
    append(page, rating())
    say(ear, "refused", [{"uuid": "None", "reason": "event: must be an object"}])
    say(ear, "committed", [])
    append(page, rating())
    heard(ear, 2)
    wait_size(page, 2)


@pytest.mark.parametrize("broken", ["", "nonsense", "1.2 {", "1.2 null", "1.2 3,4"])
def test_damaged_entry_does_not_hold_up_the_others(page: Page, ear: Page, broken: str) -> None:
    event = rating()
    append(page, event)
    heard(ear, 1)
    page.evaluate("broken => localStorage.setItem('sidflow.outbox.broken', broken)", broken)
    page.evaluate("outbox.drain()")
    say(ear, "ready")
    assert heard(ear, 1)[0] == [event.uuid]
    wait_size(page, 1)
    aside = json.loads(page.evaluate("localStorage.getItem('sidflow.refused.broken')") or "{}")
    assert aside.get("entry", "") == broken


def test_full_outbox_says_so_and_keeps_what_it_has(page: Page) -> None:
    limit = page.evaluate("LIMIT")
    page.evaluate("for (let i = 0; i < LIMIT; i++) localStorage.setItem(`sidflow.outbox.${i}`, `${i} {}`)")
    with_outbox(page)
    assert append(page, rating()) == ["full"]
    assert page.evaluate("outbox.size") == limit


@pytest.fixture
def forgetful(without_storage: BrowserContext, site: Site) -> tuple[Page, Page]:
    page, ear = (open_harness(without_storage, site) for _ in range(2))
    ear.evaluate(OPEN_EAR)
    return with_outbox(page), ear


def test_without_storage_events_are_kept_in_memory_and_that_is_shown(forgetful: tuple[Page, Page]) -> None:
    page, ear = forgetful
    events = [rating() for _ in range(3)]
    assert append(page, *events) == ["unsaved"] * 3
    wait_size(page, 3)
    assert heard(ear, 3) == [uuids(*events)]
    say(ear, "ready")
    assert heard(ear, 1) == [uuids(*events)]
    say(ear, "committed", uuids(*events[:2]))
    wait_size(page, 1)
    say(ear, "refused", [{"uuid": events[2].uuid, "reason": "bad"}])
    wait_size(page, 0)


def test_when_storage_is_full_events_are_kept_in_memory_in_order(page: Page, ear: Page) -> None:
    before, after = [rating() for _ in range(2)], [rating() for _ in range(2)]
    assert append(page, *before) == ["saved", "saved"]
    page.evaluate(
        """() => {
          for (let size = 2 ** 22; size >= 1; size /= 2)
            try { for (let i = 0; ; i++) localStorage.setItem(`ballast.${size}.${i}`, "x".repeat(size)); }
            catch { /* full to this size */ }
        }"""
    )
    assert append(page, *after) == ["unsaved", "unsaved"]
    heard(ear, 4)
    say(ear, "ready")
    assert heard(ear, 1) == [uuids(*before, *after)]
    say(ear, "refused", [{"uuid": before[0].uuid, "reason": "bad"}])
    say(ear, "committed", uuids(before[1], *after))
    wait_size(page, 0)


@pytest.mark.parametrize("unheard", ["pagehide", "visibilitychange"])
def test_page_that_goes_away_has_its_events_committed_at_once(
    open_page: OpenPage, ear: Page, unheard: str
) -> None:
    """Browsers tell it by either event; some, and some ways of leaving, by one of them only."""
    page = open_page()
    page.evaluate(
        "type => addEventListener(type, event => event.stopImmediatePropagation(), { capture: true })",
        unheard,
    )
    append(with_outbox(page), rating())
    heard(ear, 1)
    page.reload()
    ear.wait_for_function("flushes > 0")


def test_page_that_goes_away_with_nothing_to_commit_is_silent(page: Page, ear: Page) -> None:
    event = rating()
    append(page, event)
    heard(ear, 1)
    say(ear, "committed", uuids(event))
    wait_size(page, 0)
    page.reload()
    ear.wait_for_timeout(300)
    assert ear.evaluate("flushes") == 0


def test_what_a_tab_that_is_gone_left_behind_is_handed_over_without_a_new_engine(
    open_page: OpenPage, ear: Page
) -> None:
    with_drain(open_page())
    gone = with_outbox(open_page())
    event = rating()
    append(gone, event)
    assert heard(ear, 1) == [uuids(event)]
    gone.close()
    assert heard(ear, 1) == [uuids(event)]


def withdraw(page: Page, event: Event) -> None:
    page.evaluate("uuid => outbox.withdraw(uuid)", event.uuid)


def test_event_taken_back_in_the_same_moment_is_never_handed_over(page: Page, ear: Page) -> None:
    event, other = rating(), rating()
    for record in (event, other):
        page.evaluate(
            "([uuid, json]) => { globalThis.run ??= []; run.push([uuid, json]); }",
            [record.uuid, json.dumps(event_to_record(record))],
        )
    page.evaluate("() => { for (const entry of run) outbox.append(...entry); outbox.withdraw(run[0][0]); }")
    assert heard(ear, 1) == [[other.uuid]]
    wait_size(page, 1)
    say(ear, "ready")
    assert heard(ear, 1) == [[other.uuid]]


def test_event_taken_back_is_taken_back_again_by_another_page_until_it_is_gone(
    mortal: Mortal, site: Site
) -> None:
    page = with_outbox(mortal.open_page())
    gone, kept = rating(), rating()
    append(page, gone, kept)
    mortal.arm()
    mortal.die(page, WITHDRAW_AND_DIE, gone.uuid)
    tab = with_drain(mortal.open_page())
    assert tab.evaluate("outbox.size") == 1
    engine = Pyodide(mortal.open_page(), site)
    assert engine.call("engine", "run") is True
    wait_size(tab, 0)
    tab.wait_for_function("Object.keys(localStorage).length === 0")
    assert tab.evaluate(STORED) == [kept.uuid]
    engine.call("engine", "stop")


def test_stored_event_taken_back_right_before_a_crash_is_deleted_by_the_next_engine(
    mortal: Mortal, site: Site
) -> None:
    page = with_outbox(mortal.open_page())
    page.evaluate(
        """async (rows) => {
          const { open } = await import("/sidflow_feedback/store/indexeddb.js");
          const database = await open("sidflow-feedback");
          await database.add(rows);
          database.close();
        }""",
        json.dumps([event_to_record(gone := rating()), event_to_record(kept := rating())]),
    )
    mortal.arm()
    mortal.die(page, WITHDRAW_AND_DIE, gone.uuid)
    tab = with_drain(mortal.open_page())
    engine = Pyodide(mortal.open_page(), site)
    assert engine.call("engine", "run") is True
    tab.wait_for_function("Object.keys(localStorage).length === 0")
    assert tab.evaluate(STORED) == [kept.uuid]
    engine.call("engine", "stop")


def test_entry_that_outlived_its_withdrawal_is_not_handed_over(page: Page, ear: Page) -> None:
    event = rating()
    append(page, event)
    heard(ear, 1)
    page.evaluate("uuid => localStorage.setItem(`sidflow.withdrawn.${uuid}`, '')", event.uuid)
    page.reload()
    page.wait_for_function("globalThis.harness")
    with_drain(page)
    append(page, other := rating())
    say(ear, "ready")
    assert heard(ear, 2) == [[other.uuid], [other.uuid]]
    say(ear, "forgotten", [{"uuid": event.uuid, "sent": "no"}])
    wait_size(page, 1)
    assert page.evaluate("Object.keys(localStorage).length") == 1


def test_delete_everything_empties_the_outbox_too(page: Page, ear: Page) -> None:
    append(page, rating(), rating())
    say(ear, "refused", [{"uuid": "any", "reason": "bad"}])
    say(ear, "wiped")
    wait_size(page, 0)
    assert page.evaluate("Object.keys(localStorage)") == []
