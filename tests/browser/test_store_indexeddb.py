"""The IndexedDB store keeps the contract of all stores, and outlives the page."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error

from sidflow_feedback.events import event_to_record
from tests.browser.conftest import CHROMIUM_ARGS, Pyodide, open_harness
from tests.browser.site import Site
from tests.contracts.samples import rating
from tests.contracts.store_contract import CHECKS


@pytest.mark.parametrize("name", CHECKS)
def test_contract(pyodide: Pyodide, name: str) -> None:
    pyodide.call("store", "check", name)


def test_two_tabs_share_one_database(pyodide: Pyodide) -> None:
    pyodide.call("store", "two_tabs_share_one_database")


def test_row_that_makes_no_sense_does_not_hide_the_others(pyodide: Pyodide) -> None:
    pyodide.call("store", "damaged_row_does_not_hide_the_others")


def test_schema_is_the_published_one(pyodide: Pyodide) -> None:
    indexes = ["sidPath", "syncStatus", "timestamp", "uuid"]
    assert pyodide.call("store", "schema") == {
        "implicit-events": indexes,
        "model-snapshots": [],
        "ratings": indexes,
    }


def test_database_of_a_newer_version_is_a_clear_error(pyodide: Pyodide) -> None:
    told = pyodide.call("store", "opening_a_newer_database_tells")
    assert told.startswith("StoreError: The browser can't open its database:")
