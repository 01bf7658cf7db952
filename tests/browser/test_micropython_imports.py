"""Modules shared by page and engine: they import on MicroPython and behave as on CPython."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from app.paths import BUNDLES, paths
from app.setup.bundle import bundle
from app.setup.page_python import compile_page, page_sources
from sidflow_feedback.events import event_from_record
from tests.browser import both_pythons
from tests.browser.site import Site
from tests.patience import patient
from tests.unguarded import let_python_in

SHARED = ("page/recorder", "page/signal", "page/wire_format", "player/telemetry", "preferences", "vocabulary")
SCRIPT = Path(both_pythons.__file__)
IMPORTS = SCRIPT.with_name("mpy_imports.py")
RUN_SCRIPT = """text => {
    const script = document.createElement("script");
    script.type = "mpy";
    script.textContent = text;
    document.body.append(script);
}"""


@pytest.fixture
def on_micropython(open_page: Callable[[], Page]) -> dict[str, Any]:
    """The results of the scripts on MicroPython."""
    files = {f"sidflow_feedback/{name}.py": (paths().library / f"{name}.py").read_text() for name in SHARED}
    files["both_pythons.py"] = SCRIPT.read_text()
    printed = open_page().evaluate(
        "files => runMicroPython(files, 'import both_pythons; print(both_pythons.run())')", files
    )
    outcome: dict[str, Any] = json.loads(printed)
    return outcome


def test_page_modules_can_be_imported(browser: Browser, site: Site) -> None:
    page = let_python_in(patient(browser.new_context(bypass_csp=True))).new_page()
    page.goto(site.url)
    page.evaluate(RUN_SCRIPT, IMPORTS.read_text())
    page.wait_for_function("globalThis.imported")
    interpreter, outcomes = json.loads(page.evaluate("imported"))
    assert interpreter == "micropython"
    assert set(outcomes) >= {f"sidflow_feedback.{name}".replace("/", ".") for name in SHARED}
    assert set(outcomes.values()) == {"imported"}, outcomes
    page.context.close()


def test_page_was_made_from_the_current_sources(tmp_path: Path) -> None:
    here = paths()
    fresh = compile_page(page_sources(here), replace(here, vendor=tmp_path)) + bundle(
        here, tmp_path / BUNDLES
    )
    old = [
        path for path in fresh if path.read_bytes() != (here.vendor / path.relative_to(tmp_path)).read_bytes()
    ]
    if old:
        pytest.fail(f"{old[0].name} wasn't made from these sources. Run `make setup`.", pytrace=False)


def test_both_interpreters_give_the_same_results(on_micropython: dict[str, Any]) -> None:
    on_cpython = json.loads(both_pythons.run())
    for name, expected in on_cpython.items():
        assert on_micropython[name] == expected, name


def test_records_written_by_micropython_are_valid_events(on_micropython: dict[str, Any]) -> None:
    records = on_micropython["recorder"][0]
    assert [record["timestamp"] for record in records[::2]] == list(both_pythons.TIMES)
    for record in records[1::2]:
        assert event_from_record(record)
