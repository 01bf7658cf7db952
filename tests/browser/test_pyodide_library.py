"""The library as the engine uses it: from the wheel, in Pyodide, in a worker of a real browser."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.paths import paths
from app.setup.wheel import build_library_wheel
from sidflow_feedback.analysis.features import extract
from sidflow_feedback.events import event_to_record
from tests.browser.conftest import Pyodide
from tests.browser.in_pyodide.sound import tone
from tests.browser.site import Site
from tests.contracts import store_contract, transport_contract
from tests.contracts.samples import rating
from tests.patience import wait_until

HEAVY = ("sklearn", "scipy", "joblib")


def test_wheel_is_installed_like_any_package(pyodide: Pyodide, site: Site) -> None:
    about = pyodide.call("library", "about")
    assert about["platform"] == "emscripten"
    assert f"sidflow_feedback-{about['version']}-" in site.wheel
    [requirement] = about["requires"]
    assert requirement.startswith("numpy<")
    assert "site-packages" in about["file"]


def test_all_modules_load_without_heavy_packages(pyodide: Pyodide) -> None:
    modules = pyodide.call("library", "load_all")
    assert "sidflow_feedback.engine.event_writer" in modules
    assert "sidflow_feedback.engine.start" in modules
    assert pyodide.call("library", "loaded", *HEAVY) == []


def test_served_wheel_is_built_from_the_current_sources(tmp_path: Path) -> None:
    fresh = build_library_wheel(paths().library, tmp_path)
    served = paths().vendor / "wheels" / fresh.name
    if not served.exists() or served.read_bytes() != fresh.read_bytes():
        pytest.fail("The served wheel wasn't built from these sources. Run `make setup`.", pytrace=False)


@pytest.mark.parametrize("name", store_contract.CHECKS)
def test_memory_store_fulfills_the_contract(pyodide: Pyodide, name: str) -> None:
    pyodide.call("library", "check_memory_store", name)


@pytest.mark.parametrize("name", transport_contract.CHECKS)
def test_fetch_transport_fulfills_the_contract(pyodide: Pyodide, name: str) -> None:
    pyodide.call("library", "check_fetch_transport", name)


def test_request_to_a_silent_server_times_out(pyodide: Pyodide, site: Site) -> None:
    before = site.aborted
    assert "can't be reached" in pyodide.call("library", "error_of_a_silent_server")
    wait_until(lambda: site.aborted > before)
    assert site.aborted == before + 1


def test_features_are_the_same_as_on_the_server(pyodide: Pyodide) -> None:
    expected = extract(tone(440, 3, 22050), 22050, 60.0)
    found = pyodide.call("library", "features", 440, 3, 22050)
    assert found == pytest.approx(expected, rel=1e-4)  # Single precision, summed in a different order.


def test_event_reaches_the_server_and_counts_once(pyodide: Pyodide, site: Site) -> None:
    records = [event_to_record(rating()) for _ in range(30)]
    assert pyodide.call("library", "event_to_server", records) == {"first": 30, "second": 30, "synced": 30}
    with closing(sqlite3.connect(site.database)) as connection:
        stored = {row[0] for row in connection.execute("SELECT uuid FROM events")}
        count = connection.execute("SELECT count(*) FROM events WHERE e = 4").fetchone()[0]
    assert {record["uuid"] for record in records} <= stored
    assert count >= 30
