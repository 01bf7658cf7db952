"""The IndexedDB store keeps the contract of all stores, and outlives the page."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import BrowserContext, Error

from sidflow_feedback.events import event_to_record
from tests.browser.conftest import Mortal, Pyodide, open_harness
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


def test_two_tabs_share_one_database(pyodide: Pyodide) -> None:
    pyodide.call("store", "two_tabs_share_one_database")


def test_row_that_makes_no_sense_does_not_hide_the_others(pyodide: Pyodide) -> None:
    pyodide.call("store", "damaged_row_does_not_hide_the_others")


def test_row_of_a_newer_version_stays(pyodide: Pyodide) -> None:
    pyodide.call("store", "row_of_a_newer_version_stays")


def test_schema_is_the_published_one(pyodide: Pyodide) -> None:
    indexes = ["sidPath", "syncStatus", "timestamp", "uuid"]
    assert pyodide.call("store", "schema") == {
        "counters": [],
        "implicit-events": indexes,
        "model-snapshots": [],
        "notes": [],
        "ratings": indexes,
    }


def test_database_of_a_newer_version_is_a_clear_error(pyodide: Pyodide) -> None:
    message = pyodide.call("store", "newer_database_error")
    assert message.startswith("StoreError: The browser's database belongs to a newer version of this page:")
    assert message.endswith("Reload the page.")


def test_row_is_there_after_a_crash_right_behind_its_add(mortal: Mortal, site: Site) -> None:
    record = event_to_record(rating())
    engine = Pyodide(mortal.open_page(), site)
    mortal.arm()
    with pytest.raises(Error, match="crashed"):
        engine.call("store", "add_and_die", "survivor", record)
    rows = mortal.open_page().evaluate(NEWEST_RATINGS, "survivor")
    assert [row["uuid"] for row in json.loads(rows)] == [record["uuid"]]


def test_browser_that_forbids_storage_is_a_clear_error(without_storage: BrowserContext, site: Site) -> None:
    message = Pyodide(open_harness(without_storage, site), site).call("store", "opening_error", "any")
    assert message.startswith("StoreError: The browser can't open its database:")
    assert message.endswith("nothing is stored. Leave private mode or free some disk space.")
