"""The outbox: a recorded event is never lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from sidflow_feedback.events import Event, event_to_record
from tests.browser.conftest import KillableBrowser, Pyodide, open_harness
from tests.browser.site import Site
from tests.contracts.samples import NOON, implicit, rating

OPEN_OUTBOX = """async () => {
  const { EngineChannel } = await import("/sidflow_feedback/page/channel.js");
  const { Outbox, LIMIT } = await import("/sidflow_feedback/page/outbox.js");
  window.LIMIT = LIMIT;
  window.failures = [];
  window.addEventListener("error", ({ message }) => failures.push(message));
  window.channel = new EngineChannel("sidflow");
  window.outbox = new Outbox(channel);
}"""
SHIFT = """years => {
  const now = Date.now.bind(Date);
  Date.now = () => now() + years * 365 * 24 * 3600 * 1000;
}"""
OPEN_FAKE_ENGINE = """() => {  // hears what an engine would hear, and says what an engine would say
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
    """Open an outbox that also sends the events of closed tabs, as the tab with the engine does."""
    with_outbox(page).evaluate("outbox.drain(true)")
    return page


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return with_outbox(open_page())


@pytest.fixture
def fake_engine(open_page: OpenPage, page: Page) -> Page:
    page = open_page()
    page.evaluate(OPEN_FAKE_ENGINE)
    return page


def append(page: Page, *events: Event) -> list[str]:
    entries = [[event.uuid, json.dumps(event_to_record(event))] for event in events]
    safe: list[str] = page.evaluate("entries => entries.map((entry) => outbox.append(...entry))", entries)
    return safe


def publish(fake_engine: Page, kind: str, value: Any = None) -> None:
    fake_engine.evaluate("([kind, value]) => say(kind, value)", [kind, value])


def received(fake_engine: Page, count: int) -> list[list[str]]:
    """Wait for `count` events; return the uuids in each batch."""
    fake_engine.wait_for_function(
        "count => batches.flatMap((batch) => JSON.parse(batch)).length >= count", arg=count
    )
    return [
        [record["uuid"] for record in json.loads(batch)]
        for batch in fake_engine.evaluate("batches.splice(0)")
    ]


def received_again(fake_engine: Page, *events: Event) -> None:
    """Wait for these events in one batch, of which there may be several: who drains repeats them."""
    assert all(batch == uuids(*events) for batch in received(fake_engine, len(events)))


def wait_for_batch(fake_engine: Page, *events: Event) -> None:
    """Wait for a batch of these events, whatever else comes."""
    fake_engine.wait_for_function(
        """wanted => batches.some((batch) =>
            JSON.stringify(JSON.parse(batch).map(({ uuid }) => uuid)) === JSON.stringify(wanted))""",
        arg=uuids(*events),
    )


def wait_size(page: Page, size: int) -> None:
    page.wait_for_function("size => outbox.size === size", arg=size)
    assert page.evaluate("failures") == []


def uuids(*events: Event) -> list[str]:
    return [event.uuid for event in events]


def test_event_is_sent_to_the_engine_at_once(page: Page, fake_engine: Page) -> None:
    first, second, third = rating(), implicit(), rating()
    assert append(page, first, second) == ["saved", "saved"]
    assert received(fake_engine, 2) == [uuids(first, second)]  # One task, one message.
    append(page, third)
    assert received(fake_engine, 1) == [uuids(third)]


def test_record_arrives_unchanged(page: Page, fake_engine: Page) -> None:
    event = rating()
    append(page, event)
    fake_engine.wait_for_function("batches.length > 0")
    assert json.loads(fake_engine.evaluate("batches[0]")) == [event_to_record(event)]


def test_event_survives_a_crash_right_after_its_append(killable: KillableBrowser) -> None:
    page = with_outbox(killable.open_page())
    events: list[Event] = [rating(), implicit(), rating()]
    append(page, *events[:2])
    killable.arm()
    killable.die(page, APPEND_AND_DIE, [events[2].uuid, json.dumps(event_to_record(events[2]))])
    reopened, fake_engine = with_drain(killable.open_page()), killable.open_page()
    assert reopened.evaluate("outbox.size") == 3
    fake_engine.evaluate(OPEN_FAKE_ENGINE)
    publish(fake_engine, "ready")
    assert received(fake_engine, 1)[0] == uuids(*events)


def test_events_from_before_a_crash_are_stored_once(killable: KillableBrowser, site: Site) -> None:
    page = with_outbox(killable.open_page())
    events: list[Event] = [rating(), implicit(), rating()]
    append(page, *events[:2])
    killable.arm()
    killable.die(page, APPEND_AND_DIE, [events[2].uuid, json.dumps(event_to_record(events[2]))])
    tabs = [with_drain(killable.open_page()) for _ in range(2)]  # Both tabs send the stored entries.
    engine = Pyodide(killable.open_page(), site)
    assert engine.call("engine", "run") is True
    for tab in tabs:
        wait_size(tab, 0)
    events.append(implicit(timestamp=NOON + 1))
    append(tabs[0], events[3])
    wait_size(tabs[0], 0)
    assert sorted(tabs[0].evaluate(STORED)) == sorted(uuids(*events))
    engine.call("engine", "stop")


def test_entries_are_resent_in_order_when_an_engine_is_ready(page: Page, fake_engine: Page) -> None:
    events = [rating() for _ in range(12)]
    append(page, *events)
    received(fake_engine, 12)
    publish(fake_engine, "ready")
    assert received(fake_engine, 1) == [uuids(*events)]


def test_order_survives_a_reload(page: Page, fake_engine: Page) -> None:
    before, after = [rating() for _ in range(3)], [rating() for _ in range(3)]
    append(page, *before)
    page.reload()
    page.wait_for_function("globalThis.harness")
    append(with_drain(page), *after)
    received(fake_engine, 6)
    publish(fake_engine, "ready")
    wait_for_batch(fake_engine, *before, *after)


@pytest.mark.parametrize("years", [-10, -1, 1, 10])
def test_order_survives_a_clock_that_jumps(page: Page, fake_engine: Page, years: int) -> None:
    before, after = [rating() for _ in range(3)], [rating() for _ in range(3)]
    append(page, *before)
    page.reload()
    page.wait_for_function("globalThis.harness")
    page.evaluate(SHIFT, years)
    append(with_drain(page), *after)
    received(fake_engine, 6)
    publish(fake_engine, "ready")
    wait_for_batch(fake_engine, *before, *after)


def test_events_of_a_closed_tab_whose_clock_was_ahead_are_resent(
    open_page: OpenPage, fake_engine: Page
) -> None:
    with_drain(open_page())
    gone = with_outbox(open_page())
    gone.evaluate(SHIFT, 1)
    event = rating()
    append(gone, event)
    received_again(fake_engine, event)
    gone.close()
    fake_engine.evaluate("batches.splice(0)")
    received_again(fake_engine, event)


def test_uuid_in_capitals_is_recognized_when_it_is_committed(page: Page, fake_engine: Page) -> None:
    """The engine answers with lowercase letters."""
    old, new = (rating(uuid=rating().uuid.upper()) for _ in range(2))
    page.evaluate(
        "([uuid, json]) => localStorage.setItem(`sidflow.outbox.${uuid}`, `1.1 ${json}`)",
        [old.uuid, json.dumps(event_to_record(old))],
    )
    with_outbox(page)
    append(page, new)
    received(fake_engine, 1)
    page.evaluate("outbox.drain(true)")
    publish(fake_engine, "ready")
    assert received(fake_engine, 2)[-1] == uuids(old, new)
    publish(fake_engine, "committed", [old.uuid.lower(), new.uuid.lower()])
    wait_size(page, 0)
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('sidflow.'))") == []


def test_empty_outbox_sends_nothing(page: Page, fake_engine: Page) -> None:
    publish(fake_engine, "ready")
    page.wait_for_function("channel.ready")
    append(page, rating())
    assert len(received(fake_engine, 1)) == 1


def test_only_committed_events_leave_the_outbox(page: Page, fake_engine: Page) -> None:
    kept, gone = rating(), rating()
    append(page, kept, gone)
    publish(fake_engine, "committed", [gone.uuid, rating().uuid])
    wait_size(page, 1)
    received(fake_engine, 2)
    publish(fake_engine, "ready")
    assert received(fake_engine, 1) == [[kept.uuid]]


def test_size_is_updated_in_other_tabs(page: Page, open_page: OpenPage, fake_engine: Page) -> None:
    event = rating()
    append(page, event)
    other = with_outbox(open_page())
    assert other.evaluate("outbox.size") == 1
    publish(fake_engine, "committed", [event.uuid])
    wait_size(page, 0)
    wait_size(other, 0)


def test_refused_event_is_set_aside_with_its_reason_and_not_resent(page: Page, fake_engine: Page) -> None:
    good, bad = rating(), rating()
    append(page, bad, good)
    received(fake_engine, 2)
    publish(fake_engine, "refused", [{"uuid": bad.uuid, "reason": "song: must be more"}])
    wait_size(page, 1)
    publish(fake_engine, "ready")
    assert received(fake_engine, 1) == [[good.uuid]]
    aside = json.loads(page.evaluate("uuid => localStorage.getItem(`sidflow.refused.${uuid}`)", bad.uuid))
    assert aside["reason"] == "song: must be more"
    assert bad.uuid in aside["entry"]


def test_refusal_of_an_unknown_event_is_ignored(page: Page, fake_engine: Page) -> None:
    append(page, rating())
    publish(fake_engine, "refused", [{"uuid": "None", "reason": "event: must be an object"}])
    publish(fake_engine, "committed", [])
    append(page, rating())
    received(fake_engine, 2)
    wait_size(page, 2)


@pytest.mark.parametrize("broken", ["", "nonsense", "1.2 {", "1.2 null", "1.2 3,4"])
def test_damaged_entry_does_not_block_the_others(page: Page, fake_engine: Page, broken: str) -> None:
    event = rating()
    append(page, event)
    received(fake_engine, 1)
    page.evaluate("broken => localStorage.setItem('sidflow.outbox.broken', broken)", broken)
    page.evaluate("outbox.drain(true)")
    publish(fake_engine, "ready")
    assert received(fake_engine, 1)[0] == [event.uuid]
    wait_size(page, 1)
    aside = json.loads(page.evaluate("localStorage.getItem('sidflow.refused.broken')") or "{}")
    assert aside.get("entry", "") == broken


@pytest.mark.parametrize("entry", ['{"kind": "rating"}', '{"uuid": "another"}', '{"uuid": null}', "[]"])
def test_entries_without_their_uuid_make_room_for_others(page: Page, fake_engine: Page, entry: str) -> None:
    page.evaluate(
        """entry => {
          for (let i = 0; i < LIMIT; i++) {
            const uuid = `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`;
            localStorage.setItem(`sidflow.outbox.${uuid}`, `${i}.1 ${entry}`);
          }
        }""",
        entry,
    )
    with_outbox(page)
    page.evaluate("outbox.drain(true)")
    publish(fake_engine, "ready")
    wait_size(page, 0)
    event = rating()
    assert append(page, event) == ["saved"]
    assert received(fake_engine, 1) == [[event.uuid]]


REFUSE_MANY = """(count) => {
  for (let i = 0; i < count; i++) {
    const entry = `${1000 + i}.1 {}`;
    localStorage.setItem(`sidflow.refused.old-${i}`, JSON.stringify({ reason: "bad", entry }));
  }
}"""


def refused(page: Page) -> list[str]:
    kept: list[str] = page.evaluate("Object.keys(localStorage).filter((key) => key.includes('.refused.'))")
    return sorted(key.removeprefix("sidflow.refused.") for key in kept)


def test_refused_events_are_bounded_and_stay_counted(page: Page, fake_engine: Page) -> None:
    page.evaluate(REFUSE_MANY, 4000)
    with_outbox(page)
    assert refused(page) == sorted(f"old-{number}" for number in range(3800, 4000))
    assert page.evaluate("outbox.refused") == 4000
    bad = rating()
    append(page, bad)
    received(fake_engine, 1)
    publish(fake_engine, "refused", [{"uuid": bad.uuid, "reason": "bad"}])
    wait_size(page, 0)
    assert bad.uuid in refused(page)
    assert "old-3800" not in refused(page)
    assert page.evaluate("outbox.refused") == 4001
    publish(fake_engine, "wiped")
    page.wait_for_function("outbox.refused === 0")


def test_refused_events_make_room_for_good_ones(page: Page) -> None:
    page.evaluate(
        """() => {
          const kept = "x".repeat(100_000);
          try { for (let i = 0; i < 150; i++) localStorage.setItem(`sidflow.refused.${i}`, kept); }
          catch { /* full */ }
          for (let size = 2 ** 16; size >= 1; size /= 2)
            try { for (let i = 0; ; i++) localStorage.setItem(`ballast.${size}.${i}`, "x".repeat(size)); }
            catch { /* full to this size */ }
        }"""
    )
    with_outbox(page)
    assert append(page, rating()) == ["saved"]
    assert page.evaluate("outbox.unsaved") == 0


def test_full_outbox_rejects_new_events_and_keeps_the_old_ones(page: Page) -> None:
    limit = page.evaluate("LIMIT")
    page.evaluate("for (let i = 0; i < LIMIT; i++) localStorage.setItem(`sidflow.outbox.${i}`, `${i} {}`)")
    with_outbox(page)
    assert append(page, rating()) == ["full"]
    assert page.evaluate("outbox.size") == limit


@pytest.fixture
def pages_without_storage(without_storage: BrowserContext, site: Site) -> tuple[Page, Page]:
    page, fake_engine = (open_harness(without_storage, site) for _ in range(2))
    fake_engine.evaluate(OPEN_FAKE_ENGINE)
    return with_outbox(page), fake_engine


def test_events_stay_in_memory_without_storage(pages_without_storage: tuple[Page, Page]) -> None:
    page, fake_engine = pages_without_storage
    events = [rating() for _ in range(3)]
    assert append(page, *events) == ["unsaved"] * 3
    wait_size(page, 3)
    assert received(fake_engine, 3) == [uuids(*events)]
    publish(fake_engine, "ready")
    assert received(fake_engine, 1) == [uuids(*events)]
    publish(fake_engine, "committed", uuids(*events[:2]))
    wait_size(page, 1)
    publish(fake_engine, "refused", [{"uuid": events[2].uuid, "reason": "bad"}])
    wait_size(page, 0)


def test_events_stay_in_memory_in_order_when_storage_is_full(page: Page, fake_engine: Page) -> None:
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
    received(fake_engine, 4)
    publish(fake_engine, "ready")
    assert received(fake_engine, 1) == [uuids(*before, *after)]
    publish(fake_engine, "refused", [{"uuid": before[0].uuid, "reason": "bad"}])
    publish(fake_engine, "committed", uuids(before[1], *after))
    wait_size(page, 0)


@pytest.mark.parametrize("suppressed", ["pagehide", "visibilitychange"])
def test_leaving_the_page_requests_a_flush(open_page: OpenPage, fake_engine: Page, suppressed: str) -> None:
    """Depending on the browser and on how the page is left, only one of the two events may fire."""
    page = open_page()
    page.evaluate(
        "type => addEventListener(type, event => event.stopImmediatePropagation(), { capture: true })",
        suppressed,
    )
    append(with_outbox(page), rating())
    received(fake_engine, 1)
    page.reload()
    fake_engine.wait_for_function("flushes > 0")


def test_leaving_the_page_with_an_empty_outbox_sends_nothing(page: Page, fake_engine: Page) -> None:
    event = rating()
    append(page, event)
    received(fake_engine, 1)
    publish(fake_engine, "committed", uuids(event))
    wait_size(page, 0)
    page.reload()
    fake_engine.wait_for_timeout(300)
    assert fake_engine.evaluate("flushes") == 0


def test_events_of_a_closed_tab_are_resent_without_a_new_engine(
    open_page: OpenPage, fake_engine: Page
) -> None:
    with_drain(open_page())
    gone = with_outbox(open_page())
    event = rating()
    append(gone, event)
    received_again(fake_engine, event)
    gone.close()
    fake_engine.evaluate("batches.splice(0)")
    received_again(fake_engine, event)


def withdraw(page: Page, event: Event) -> None:
    page.evaluate("uuid => outbox.withdraw(uuid)", event.uuid)


def test_event_withdrawn_in_the_same_task_is_never_sent(page: Page, fake_engine: Page) -> None:
    event, other = rating(), rating()
    for record in (event, other):
        page.evaluate(
            "([uuid, json]) => { globalThis.run ??= []; run.push([uuid, json]); }",
            [record.uuid, json.dumps(event_to_record(record))],
        )
    page.evaluate("() => { for (const entry of run) outbox.append(...entry); outbox.withdraw(run[0][0]); }")
    assert received(fake_engine, 1) == [[other.uuid]]
    wait_size(page, 1)
    publish(fake_engine, "ready")
    assert received(fake_engine, 1) == [[other.uuid]]


def test_another_page_repeats_a_withdrawal_until_the_event_is_deleted(
    killable: KillableBrowser, site: Site
) -> None:
    page = with_outbox(killable.open_page())
    gone, kept = rating(), rating()
    append(page, gone, kept)
    killable.arm()
    killable.die(page, WITHDRAW_AND_DIE, gone.uuid)
    tab = with_drain(killable.open_page())
    assert tab.evaluate("outbox.size") == 1
    engine = Pyodide(killable.open_page(), site)
    assert engine.call("engine", "run") is True
    wait_size(tab, 0)
    tab.wait_for_function("Object.keys(localStorage).length === 0")
    assert tab.evaluate(STORED) == [kept.uuid]
    engine.call("engine", "stop")


def test_next_engine_deletes_a_stored_event_withdrawn_before_a_crash(
    killable: KillableBrowser, site: Site
) -> None:
    page = with_outbox(killable.open_page())
    page.evaluate(
        """async (rows) => {
          const { open } = await import("/sidflow_feedback/store/indexeddb.js");
          const database = await open("sidflow-feedback");
          await database.add(rows);
          database.close();
        }""",
        json.dumps([event_to_record(gone := rating()), event_to_record(kept := rating())]),
    )
    killable.arm()
    killable.die(page, WITHDRAW_AND_DIE, gone.uuid)
    tab = with_drain(killable.open_page())
    engine = Pyodide(killable.open_page(), site)
    assert engine.call("engine", "run") is True
    tab.wait_for_function("Object.keys(localStorage).length === 0")
    assert tab.evaluate(STORED) == [kept.uuid]
    engine.call("engine", "stop")


def test_entry_that_survives_its_withdrawal_is_not_sent(page: Page, fake_engine: Page) -> None:
    event = rating()
    append(page, event)
    received(fake_engine, 1)
    page.evaluate("uuid => localStorage.setItem(`sidflow.withdrawn.${uuid}`, '')", event.uuid)
    page.reload()
    page.wait_for_function("globalThis.harness")
    with_drain(page)
    append(page, other := rating())
    publish(fake_engine, "ready")
    assert received(fake_engine, 2) == [[other.uuid], [other.uuid]]
    publish(fake_engine, "forgotten", [{"uuid": event.uuid, "sent": "no"}])
    wait_size(page, 1)
    assert page.evaluate("Object.keys(localStorage).length") == 1


def test_deleting_everything_empties_the_outbox(page: Page, fake_engine: Page) -> None:
    append(page, rating(), rating())
    publish(fake_engine, "refused", [{"uuid": "any", "reason": "bad"}])
    publish(fake_engine, "wiped")
    wait_size(page, 0)
    assert page.evaluate("Object.keys(localStorage)") == []
