"""The IndexedDB store fulfills the contract of all stores and survives the page."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import BrowserContext, Error

from sidflow_feedback.events import event_to_record
from tests.browser.conftest import KillableBrowser, Pyodide, open_harness
from tests.browser.site import Site
from tests.contracts.samples import rating
from tests.contracts.store_contract import CHECKS

NEWEST_RATINGS = """async (name) => {
  const { open } = await import("/sidflow_feedback/store/indexeddb.js");
  return (await open(name)).newest("rating", 10);
}"""


@pytest.mark.parametrize("name", CHECKS)
def test_contract(pyodide: Pyodide, name: str) -> None:
    pyodide.call("store", "check", name)


def test_store_that_was_taken_over_writes_nothing_more(pyodide: Pyodide) -> None:
    pyodide.call("store", "store_that_was_taken_over_writes_nothing_more")


def test_damaged_row_does_not_hide_the_others(pyodide: Pyodide) -> None:
    pyodide.call("store", "damaged_row_does_not_hide_the_others")


def test_row_of_a_newer_version_stays(pyodide: Pyodide) -> None:
    pyodide.call("store", "row_of_a_newer_version_stays")


def test_schema_is_as_documented(pyodide: Pyodide) -> None:
    indexes = ["sidPath", "syncStatus", "timestamp", "uuid"]
    assert pyodide.call("store", "schema") == {
        "counters": [],
        "implicit-events": indexes,
        "model-snapshots": [],
        "notes": [],
        "ratings": indexes,
    }


def test_database_of_a_newer_version_is_reported(pyodide: Pyodide) -> None:
    message = pyodide.call("store", "error_of_opening_a_newer_database")
    assert message.startswith("StoreError: The browser's database belongs to a newer version of this page:")
    assert message.endswith("Reload the page.")


def test_row_survives_a_crash_right_after_its_add(killable: KillableBrowser, site: Site) -> None:
    record = event_to_record(rating())
    engine = Pyodide(killable.open_page(), site)
    killable.arm()
    with pytest.raises(Error, match="crashed"):
        engine.call("store", "add_and_die", "survivor", record)
    rows = killable.open_page().evaluate(NEWEST_RATINGS, "survivor")
    assert [row["uuid"] for row in json.loads(rows)] == [record["uuid"]]


def test_forbidden_storage_is_reported(without_storage: BrowserContext, site: Site) -> None:
    message = Pyodide(open_harness(without_storage, site), site).call("store", "error_of_opening", "any")
    assert message.startswith("StoreError: The browser can't open its database:")
    assert message.endswith("nothing is stored. Leave private mode or free some disk space.")
