"""Real database failures: none of them deletes a row that should stay."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page

from sidflow_feedback.vocabulary import EVENT_VERSION
from tests.browser.conftest import KillableBrowser, Pyodide, open_harness
from tests.browser.site import Site

OpenPage = Callable[[], Page]


def with_faults(page: Page) -> Page:
    page.evaluate("async () => { window.faults = await import('/test/browser/store_faults.js'); }")
    return page


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return with_faults(open_page())


@pytest.fixture
def other(open_page: OpenPage) -> Page:
    return with_faults(open_page())


def open_store(page: Page) -> None:
    page.evaluate("async () => { window.store = await faults.openStore('feedback'); }")


def outcome(page: Page, attempt: str = "faults.openStore('feedback')") -> str:
    """Return the outcome of an attempt: ``done`` or the error's name."""
    page.evaluate(
        f"() => {{ window.ended = null; faults.outcome({attempt}).then(how => {{ ended = how; }}); }}"
    )
    page.wait_for_function("window.ended")
    ended: str = page.evaluate("ended")
    return ended


def add(page: Page, kind: str, count: int = 1, **more: Any) -> dict[str, Any]:
    report: dict[str, Any] = page.evaluate(
        "([kind, count, more]) => store.add(faults.events(kind, count, more)).then(JSON.parse)",
        [kind, count, more],
    )
    return report


def counts(page: Page) -> dict[str, dict[str, int]]:
    """Return the counters, and check that the books balance."""
    found: dict[str, dict[str, int]] = json.loads(page.evaluate("store.counts()"))
    books = found.pop("books")
    stored = sum(sum(counter.values()) for counter in found.values())
    assert books["recorded"] == stored + books["undone"] + books["refused"] + books["pruned"]
    return found


def books(page: Page) -> dict[str, int]:
    found: dict[str, int] = json.loads(page.evaluate("store.counts()"))["books"]
    return found


def real_counts(page: Page) -> dict[str, dict[str, int]]:
    """Count the rows directly, without the counters."""
    content = page.evaluate("faults.content('feedback')")
    zeros = {"pending": 0, "processing": 0, "synced": 0, "failed": 0, "local": 0}
    return {
        name: zeros | Counter(standing(row) for row in content[store])
        for name, store in (("ratings", "ratings"), ("implicit", "implicit-events"))
    }


def standing(row: dict[str, Any]) -> str:
    is_play = row.get("action") == "play"
    return "local" if is_play and row["syncStatus"] == "pending" else str(row["syncStatus"])


@pytest.mark.parametrize("by_time", [False, True])
def test_migration_keeps_all_rows_and_counts_them(page: Page, by_time: bool) -> None:
    before = page.evaluate(
        """async byTime => {
             (await faults.makeVersion1("feedback", 43, byTime)).close();
             return faults.content("feedback");
           }""",
        by_time,
    )
    open_store(page)
    assert page.evaluate("faults.content('feedback')") == before
    assert counts(page) == real_counts(page)
    assert counts(page)["ratings"] == {
        "pending": 11, "processing": 11, "synced": 11, "failed": 10, "local": 0,
    }  # fmt: skip
    assert books(page) == {"recorded": 86, "undone": 0, "refused": 0, "pruned": 0}
    failed = json.loads(page.evaluate("store.newest('rating', 99, 'failed')"))
    assert [row["timestamp"] % 1000 for row in failed] == list(range(39, 0, -4))
    claimed = json.loads(page.evaluate(f"store.claim(99, 'me', Date.now(), 30000, {EVENT_VERSION}, true)"))
    assert len(claimed) == 22  # The ratings: plays are not sent.
    assert counts(page) == real_counts(page)
    assert json.loads(page.evaluate("store.snapshots()")) == [{"version": "local-1"}]


def test_books_of_version_3_are_opened_with_what_is_stored(page: Page) -> None:
    page.evaluate(
        """async () => {
             const play = (i) => ({ ...faults.event("implicit", i), syncStatus: "pending" });
             const rows = [1, 2, 3, 4, 5].map(play);
             (await faults.makeVersion3("feedback", rows)).close();
           }"""
    )
    open_store(page)
    assert counts(page) == real_counts(page)
    assert counts(page)["implicit"]["local"] == 5
    assert books(page) == {"recorded": 5, "undone": 0, "refused": 0, "pruned": 0}
    add(page, "rating", 2)
    assert books(page)["recorded"] == 7


def test_old_tab_closes_its_connection_for_a_newer_version(page: Page, other: Page) -> None:
    open_store(page)
    add(page, "rating", 3)
    blocked = other.evaluate(
        """async () => {
             let blocked = false;
             const opening = indexedDB.open("feedback", 99);
             opening.onblocked = () => { blocked = true; };
             window.newer = await faults.done(opening);
             return blocked;
           }"""
    )
    assert blocked is False
    assert outcome(page, "store.counts()") == "VersionError"
    assert outcome(page) == "VersionError"


def test_failed_open_is_not_cached(page: Page) -> None:
    open_store(page)
    page.evaluate("async () => { (await faults.done(indexedDB.open('feedback', 99))).close(); }")
    assert outcome(page, "store.counts()") == "VersionError"
    page.evaluate("faults.done(indexedDB.deleteDatabase('feedback'))")
    assert len(add(page, "rating", 2)["stored"]) == 2
    assert counts(page) == real_counts(page)


def test_blocked_open_fails_until_the_other_tab_closes_its_connection(page: Page, other: Page) -> None:
    other.evaluate("async () => { window.old = await faults.makeVersion1('feedback', 8); }")
    assert outcome(page) == "BlockedError"
    assert outcome(page) == "BlockedError"
    other.evaluate("old.close()")
    open_store(page)
    assert len(add(page, "rating")["stored"]) == 1
    assert counts(page) == real_counts(page)
    assert sum(counts(page)["ratings"].values()) == 9


def test_tab_that_closes_its_connection_in_time_does_not_block(page: Page, other: Page) -> None:
    other.evaluate(
        """async () => {
             window.old = await faults.makeVersion1("feedback", 8);
             old.onversionchange = () => setTimeout(() => old.close(), 500);
           }"""
    )
    assert outcome(page) == "done"


def test_deleted_database_is_recreated(page: Page, other: Page) -> None:
    open_store(page)
    add(page, "rating", 3)
    other.evaluate("faults.done(indexedDB.deleteDatabase('feedback'))")
    assert len(add(page, "rating", 2)["stored"]) == 2
    assert counts(page) == real_counts(page)
    assert counts(page)["ratings"]["pending"] == 2


def test_connection_closed_by_the_browser_is_reopened(page: Page, site: Site) -> None:
    session = page.context.new_cdp_session(page)
    open_store(page)
    for _ in range(3):
        add(page, "rating", 5)
        session.send("Storage.clearDataForOrigin", {"origin": site.url, "storageTypes": "indexeddb"})
        assert len(add(page, "implicit", 2)["stored"]) == 2
        assert counts(page) == real_counts(page)


def test_write_survives_two_dead_connections_in_a_row(page: Page) -> None:
    open_store(page)
    page.evaluate(
        """() => {
             let dead = 2;
             const transaction = IDBDatabase.prototype.transaction;
             IDBDatabase.prototype.transaction = function (...given) {
               if (dead-- > 0) throw new DOMException("The connection is closing.", "InvalidStateError");
               return transaction.apply(this, given);
             };
           }"""
    )
    assert len(add(page, "rating", 2)["stored"]) == 2
    assert counts(page) == real_counts(page)


def test_pending_writes_succeed_or_fail_when_the_connection_closes(page: Page, site: Site) -> None:
    session = page.context.new_cdp_session(page)
    open_store(page)
    page.evaluate(
        """() => {
             window.reports = [];
             window.pouring = true;
             window.poured = (async () => {
               while (pouring) reports.push(await faults.outcome(store.add(faults.events("rating", 25))));
             })();
           }"""
    )
    for cut in range(5):
        page.wait_for_function("count => reports.filter(how => how === 'done').length > count", arg=2 * cut)
        session.send("Storage.clearDataForOrigin", {"origin": site.url, "storageTypes": "indexeddb"})
    page.evaluate("() => { pouring = false; return poured; }")
    reports = Counter(page.evaluate("reports"))
    assert set(reports) <= {"done", "AbortError", "InvalidStateError", "UnknownError"}
    assert reports["done"] > 5
    assert counts(page) == real_counts(page)


class Disk:
    """The storage quota of this site."""

    def __init__(self, session: CDPSession, site: Site) -> None:
        self._session = session
        self._origin = site.url

    def limit(self, size: int) -> None:
        self._send(quotaSize=size)
        assert self._state()["overrideActive"]

    def lift(self) -> None:
        self._send()

    @property
    def usage(self) -> int:
        return int(self._state()["usage"])

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = self._session.send("Storage.getUsageAndQuota", {"origin": self._origin})
        return state

    def _send(self, **limit: int) -> None:
        self._session.send("Storage.overrideQuotaForOrigin", {"origin": self._origin, **limit})


@pytest.fixture
def disk(page: Page, site: Site) -> Disk:
    """A small quota. Must be set before the first write: the browser allocates space in advance."""
    disk = Disk(page.context.new_cdp_session(page), site)
    disk.limit(1_000_000)
    return disk


def fill(page: Page, disk: Disk, action: str = "play") -> None:
    """Fill the disk with plays or likes, then open the store again as a new engine would."""
    add_until_full(page, action)
    disk.limit(disk.usage)
    open_store(page)


def add_until_full(page: Page, action: str = "play") -> None:
    page.evaluate(
        """async (action) => {
             const more = { action, pad: "x".repeat(400) };
             const write = (size) => faults.outcome(store.add(faults.events("implicit", size, more)));
             for (const size of [100, 10, 1])
               for (let i = 0; i < 200; i++) if ((await write(size)) === "QuotaExceededError") break;
           }""",
        action,
    )


def pass_two_minutes(page: Page) -> None:
    page.evaluate(
        "() => { const now = performance.now.bind(performance); performance.now = () => now() + 120_000; }"
    )


def test_full_disk_prunes_old_plays_but_no_ratings(page: Page, disk: Disk) -> None:
    open_store(page)
    add(page, "rating", 30)
    add(page, "implicit", 1, action="like", timestamp=1)
    page.evaluate(
        """async (version) => {
             const rows = JSON.parse(await store.claim(99, "me", Date.now(), 30000, version, true));
             const outcomes = rows.map(({ uuid }) => ({ uuid, status: "synced", error: null, nextTry: 0 }));
             await store.settle(JSON.stringify(outcomes), "me", Date.now());
           }""",
        EVENT_VERSION,
    )
    add(page, "implicit", 1, action="dislike", timestamp=1)
    fill(page, disk)
    before, pruned = counts(page), books(page)["pruned"]
    report = add(page, "implicit", 20)
    found = counts(page)
    assert found == real_counts(page)
    assert (len(report["stored"]), report["pruned"]) == (20, 500)
    assert found["ratings"]["synced"] == before["ratings"]["synced"] == 30
    assert found["implicit"]["synced"] == 1  # The like stays: training needs it.
    assert sum(found["implicit"].values()) == sum(before["implicit"].values()) - 500 + 20
    assert books(page)["pruned"] == pruned + 500
    content = page.evaluate("faults.content('feedback')")
    assert [row["action"] for row in content["implicit-events"] if row["action"] != "play"] == [
        "like",
        "dislike",
    ]


def test_disk_that_stays_full_prunes_only_once_and_no_likes(page: Page, disk: Disk) -> None:
    open_store(page)
    add(page, "rating", 30)
    add(page, "implicit", 5, action="like")
    fill(page, disk)
    disk.limit(1000)
    before = sum(counts(page)["implicit"].values())
    tries = [outcome(page, "store.add(faults.events('rating', 4))") for _ in range(5)]
    pass_two_minutes(page)
    tries += [outcome(page, "store.add(faults.events('rating', 4))") for _ in range(5)]
    assert tries == ["QuotaExceededError"] * 10
    found = counts(page)
    assert found == real_counts(page)
    assert found["ratings"]["pending"] == 30
    assert before - sum(found["implicit"].values()) == 500
    disk.lift()
    report = add(page, "rating", 2)
    assert (len(report["stored"]), report["pruned"]) == (2, 500)


def test_full_disk_costs_no_likes(page: Page, disk: Disk) -> None:
    open_store(page)
    add(page, "implicit", 10)
    fill(page, disk, action="like")
    likes = counts(page)["implicit"]["pending"]
    disk.limit(1000)
    assert outcome(page, "store.add(faults.events('rating', 4))") == "QuotaExceededError"
    found = counts(page)
    assert found == real_counts(page)
    assert (found["implicit"]["pending"], found["implicit"]["local"]) == (likes, 0)


def test_disk_that_is_full_again_is_pruned_again_if_that_helped(page: Page, disk: Disk) -> None:
    open_store(page)
    fill(page, disk)
    assert add(page, "implicit", 20)["pruned"] == 500
    pass_two_minutes(page)
    before = books(page)["pruned"]
    add_until_full(page)
    assert books(page)["pruned"] == before + 500


def test_full_disk_can_be_wiped(page: Page, disk: Disk) -> None:
    open_store(page)
    add(page, "rating", 30)
    fill(page, disk)
    disk.limit(1)
    assert outcome(page, "store.add(faults.events('rating', 4))") == "QuotaExceededError"
    assert outcome(page, "store.wipe()") == "done"
    assert counts(page) == real_counts(page)
    assert sum(counts(page)["ratings"].values()) == 0


def test_event_can_be_forgotten_on_a_full_disk(page: Page, disk: Disk) -> None:
    open_store(page)
    report = add(page, "rating", 30)
    fill(page, disk)
    disk.limit(1)
    assert outcome(page, "store.add(faults.events('rating', 4))") == "QuotaExceededError"
    gone = json.loads(page.evaluate("uuids => store.forget(uuids, 1000)", json.dumps(report["stored"][:3])))
    assert [row["uuid"] for row in gone["removed"]] == report["stored"][:3]
    assert counts(page) == real_counts(page)
    assert counts(page)["ratings"]["pending"] == 27
    disk.lift()
    assert len(add(page, "rating", 1)["stored"]) == 1
    assert counts(page) == real_counts(page)
    page.evaluate("store.recover(Date.now(), 30000)")
    assert counts(page) == real_counts(page)


def test_event_that_a_full_disk_cannot_remember_is_forgotten_later(page: Page, disk: Disk) -> None:
    """It was taken back before it was stored, and may arrive yet."""
    open_store(page)
    report = add(page, "rating", 30)
    fill(page, disk)
    disk.limit(1)
    there = report["stored"][0]
    for _ in range(100):  # The browser allocates space in advance: how much it still has isn't known.
        unseen = [str(uuid.uuid4()) for _ in range(900)]
        gone = forget(page, there, *unseen)
        if gone["postponed"]:
            break
    assert set(gone["postponed"]) - {there} == set(unseen)
    disk.lift()
    page.evaluate("store.recover(Date.now(), 30000)")
    before = books(page)
    assert forget(page, *unseen) == {"removed": [], "postponed": []}
    more = len(unseen)
    assert books(page) == {**before, "recorded": before["recorded"] + more, "undone": before["undone"] + more}


def forget(page: Page, *uuids: str) -> dict[str, Any]:
    found: str = page.evaluate("uuids => store.forget(uuids, 1000)", json.dumps(uuids))
    report: dict[str, Any] = json.loads(found)
    return report


def test_counters_are_rebuilt_when_space_is_free_again(page: Page, disk: Disk) -> None:
    open_store(page)
    add(page, "rating")
    fill(page, disk)
    pruned = books(page)["pruned"]
    add(page, "implicit")
    assert page.evaluate("faults.counters('feedback')") == ["ratings"]
    assert counts(page) == real_counts(page)
    disk.lift()
    page.evaluate("store.recover(Date.now(), 30000)")
    assert page.evaluate("faults.counters('feedback')") == ["implicit-events", "ratings"]
    add(page, "implicit", 3)
    assert counts(page) == real_counts(page)
    # Browsers free the space of removed rows late: what `fill` has removed may have been enough.
    assert books(page)["pruned"] - pruned in (0, 500)
    assert books(page)["undone"] == 0


def test_blocked_open_raises_its_own_error_with_advice(killable: KillableBrowser, site: Site) -> None:
    engine_page = killable.open_page()
    blocker = with_faults(killable.open_page())
    engine = Pyodide(engine_page, site)
    blocker.evaluate("async () => { window.old = await faults.makeVersion1('feedback', 8); }")
    message = engine.call("store", "error_of_opening", "feedback")
    assert message.startswith("StoreBlockedError: The browser's database can't be opened:")
    assert message.endswith("Close the other tabs of this page.")
    blocker.evaluate("old.close()")
    assert engine.call("store", "error_of_opening", "feedback") == "opened"


def test_full_disk_raises_its_own_error_with_advice(killable: KillableBrowser, site: Site) -> None:
    page = killable.open_page()
    engine = Pyodide(page, site)
    Disk(page.context.new_cdp_session(page), site).limit(300_000)
    message = engine.call("store", "error_on_a_full_disk", "feedback")
    assert message.startswith("The browser has no more space")
    assert "Free some disk space" in message


def test_engine_without_a_database_says_so(without_storage: BrowserContext, site: Site) -> None:
    with pytest.raises(pytest.fail.Exception, match="nothing is stored"):
        Pyodide(open_harness(without_storage, site), site).call("engine", "run")


def test_database_that_was_taken_over_takes_writes_of_the_latest_only(page: Page, other: Page) -> None:
    for tab in (page, other):
        open_store(tab)
        tab.evaluate("store.takeOver()")
    assert outcome(page, "store.add(faults.events('rating', 4))") == "FencedError"
    assert len(add(other, "rating", 4)["stored"]) == 4
    page.evaluate("store.takeOver()")
    assert len(add(page, "rating", 2)["stored"]) == 2
    assert outcome(other, "store.wipe()") == "FencedError"
    assert counts(page) == real_counts(page)
    assert counts(page)["ratings"]["pending"] == 6


def test_term_goes_on_in_a_database_that_was_deleted(page: Page, other: Page) -> None:
    for tab in (page, other):
        open_store(tab)
        tab.evaluate("store.takeOver()")
    page.evaluate("faults.done(indexedDB.deleteDatabase('feedback'))")
    assert len(add(other, "rating", 2)["stored"]) == 2
    assert outcome(page, "store.add(faults.events('rating', 4))") == "FencedError"
    assert counts(other)["ratings"]["pending"] == 2


def test_full_disk_can_be_taken_over_and_wiped(page: Page, disk: Disk) -> None:
    open_store(page)
    page.evaluate("store.takeOver()")
    add(page, "rating", 30)
    fill(page, disk)
    disk.limit(1)
    assert outcome(page, "store.takeOver()") == "done"
    assert outcome(page, "store.add(faults.events('rating', 4))") == "QuotaExceededError"
    assert outcome(page, "store.wipe()") == "done"
    assert sum(counts(page)["ratings"].values()) == 0
