"""Every example of docs/embed.md, in the order of the page, in each of the ways to embed the library."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from app.export import LIBRARY_FILES, SOURCES, export_library
from app.export_folder import LIST
from app.paths import paths
from app.server.settings import Settings
from app.setup.wheel import build_library_wheel
from tests.browser.isolated_server import serve
from tests.e2e.listener import rows
from tests.patience import patient, wait_until
from tests.served import Served
from tests.served import serve as serve_application

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "embed.md").read_text("utf-8")
MAX_BYTES = 31_500_000
"""Of the exported library. Most is Pyodide, Python's standard library, and numpy, none of them compressed."""

JAVASCRIPT = """<!doctype html><title>test</title><link rel="icon" href="data:,">
<script type="module">
import * as loops from "./loops.js";
const [samples, rate, seconds, server] = [loops.samples(0), loops.rate, loops.seconds, "SERVER"];
const shown = (globalThis.shown = []);
const show = (text) => shown.push(text);
EXAMPLES
Object.assign(globalThis, { feedback, shared, archive, queue: queue.map(({ track }) => track.itemId) });
globalThis.state = feedback.status;
</script>"""

PYTHON = """<!doctype html><title>test</title><link rel="icon" href="data:,">
<script type="module" src="CORE"></script>
<script type="KIND" config='CONFIGURATION'>
import asyncio
import json
from pyscript import window
from pyscript.js_modules import loops

samples, rate, seconds, server = loops.samples(0), loops.rate, loops.seconds, "SERVER"
window.shown = shown = window.JSON.parse("[]")

def show(value):
    shown.push(window.JSON.parse(json.dumps(value)))

async def main():
    try:
EXAMPLES
        window.queue = window.JSON.parse(json.dumps([entry["track"]["item_id"] for entry in queue]))
        window.archive = archive
        window.state = window.JSON.parse(json.dumps(feedback.state))
    except Exception as exc:
        window.problem = repr(exc)
        raise

INSTALL
asyncio.create_task(main())
</script>"""

MICROPIP = """
import pyodide_js
await pyodide_js.loadPackage("micropip")
import micropip
await micropip.install("WHEEL")
"""


def examples(language: str) -> str:
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```", DOC, flags=re.MULTILINE | re.DOTALL))


def fill(template: str, **texts: str) -> str:
    for name, text in texts.items():
        template = template.replace(name, text)
    return template


def python_page(kind: str, core: str, configuration: dict[str, Any], install: str = "") -> str:
    configuration.setdefault("js_modules", {"main": {}})["main"]["./loops.js"] = "loops"
    code = textwrap.indent(examples("python"), " " * 8)
    return fill(
        PYTHON, KIND=kind, CORE=core, CONFIGURATION=json.dumps(configuration), INSTALL=install, EXAMPLES=code
    )


def in_javascript(folder: Path) -> str:
    export_library(folder / "sidflow", Settings.from_environment({}))
    return fill(JAVASCRIPT, EXAMPLES=examples("js"))


def in_micropython(folder: Path) -> str:
    export_library(folder / "sidflow", Settings.from_environment({}))
    [configuration] = re.findall(r"^```json\n(.*?)^```", DOC, flags=re.MULTILINE | re.DOTALL)
    return python_page("mpy", "/sidflow/static/vendor/pyscript/core.js", json.loads(configuration))


def in_pyodide(folder: Path) -> str:
    for name in ("pyscript", "pyodide"):
        shutil.copytree(paths().vendor / name, folder / name)
    wheel = build_library_wheel(paths().library, folder)
    install = MICROPIP.replace("WHEEL", f"HOST/{wheel.name}")
    return python_page("py", "pyscript/core.js", {"interpreter": "./pyodide/pyodide.mjs"}, install)


IN_JAVASCRIPT = pytest.mark.parametrize(
    "followed", [in_javascript], ids=[in_javascript.__name__], indirect=True
)
"""For what is the same in all ways."""

WAYS: tuple[Callable[[Path], str], ...] = (in_javascript, in_micropython, in_pyodide)


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: way.__name__)
def followed(
    request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Page, Served]]:
    """A page that has run all examples, and the server that it shares with, on another origin."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "docs" / "embed" / "loops.js", folder)
    with serve(folder, isolated=False) as url:
        server = serve_application(tmp_path_factory.mktemp("server"), SIDFLOW_ALLOWED_ORIGINS=url)
        with server as served, patient(browser.new_context()) as context:
            text = request.param(folder)
            (folder / "index.html").write_text(fill(text, SERVER=served.url, HOST=url), "utf-8")
            page = context.new_page()
            page.goto(url)
            page.wait_for_function("globalThis.state || globalThis.problem")
            assert page.evaluate("globalThis.problem") is None
            yield page, served


def test_examples_show_what_they_promise(followed: tuple[Page, Served]) -> None:
    page, _served = followed
    assert sorted(page.evaluate("queue")) == ["loop-7", "loop-8"]
    assert page.evaluate("state.engine") == "ready"
    page.wait_for_function("shown.some((text) => text[0]?.p >= 1)")
    archive = json.loads(page.evaluate("archive"))
    assert [event["ratings"] for event in archive["ratings"]] == [{"e": 4, "p": 5}]
    # The track ends at once, as if the listener had jumped to its end: that is no complete play.
    assert sorted(event["action"] for event in archive["implicit"]) == ["like", "play"]
    assert {row["uuid"] for row in rows(page, "implicit-events", "my-radio")} == {
        event["uuid"] for event in archive["implicit"]
    }


@IN_JAVASCRIPT
def test_second_server_sends_the_model_and_takes_what_is_shared(followed: tuple[Page, Served]) -> None:
    page, served = followed
    page.evaluate("shared.configure({ sync: true })")
    uuid = page.evaluate("shared.record('like', { itemId: 'loop-3' })")
    page.wait_for_function("shared.status.counts?.implicit.pending === 1")
    assert page.evaluate("shared.ask('sync')") == "The server has accepted 1 events."
    with closing(sqlite3.connect(served.database)) as database:
        assert database.execute("SELECT uuid FROM events").fetchall() == [(uuid,)]


@IN_JAVASCRIPT
def test_names_on_one_origin_share_nothing(followed: tuple[Page, Served]) -> None:
    page, _served = followed
    page.wait_for_function("shared.status.engine === 'ready'")
    before = len(rows(page, "implicit-events", "my-radio"))
    uuid = page.evaluate("shared.record('dislike', { itemId: 'loop-4' })")
    wait_until(lambda: uuid in {row["uuid"] for row in rows(page, "implicit-events", "shared-radio")})
    assert uuid not in {row["uuid"] for row in rows(page, "implicit-events", "my-radio")}
    counts = page.evaluate("feedback.status.counts.implicit")
    assert counts["pending"] + counts["local"] == before
    held = page.evaluate("navigator.locks.query().then(({ held }) => held.map(({ name }) => name).sort())")
    engines = ["my-radio-feedback-engine", "shared-radio-feedback-engine"]
    assert [name for name in held if name in engines] == engines
    # The worker of each engine holds one, too.
    assert {name.rpartition("-engine")[0] + "-engine" for name in held} == {*engines}
    page.evaluate("feedback.wipe()")
    assert rows(page, "implicit-events", "my-radio") == []
    assert uuid in {row["uuid"] for row in rows(page, "implicit-events", "shared-radio")}


@IN_JAVASCRIPT
def test_wrong_name_is_refused_in_plain_words(followed: tuple[Page, Served]) -> None:
    page, _served = followed
    message = """import("/sidflow/sidflow_feedback/page/feedback.js")
        .then(({ startFeedback }) => startFeedback({ name: "My Radio" }))
        .catch(({ message }) => message)"""
    assert page.evaluate(message).startswith("The name 'My Radio' can't be used. Choose 1 to 40")


def test_export_has_only_what_the_docs_list(tmp_path: Path) -> None:
    folder = tmp_path / "sidflow"
    export_library(folder, Settings.from_environment({}))
    files = [path for path in folder.rglob("*") if path.is_file()]
    listed = re.findall(
        r"^\| `((?:(?:sidflow_feedback|static)/|sidflow-export)[\w/.]+)` \|", DOC, flags=re.MULTILINE
    )
    names = {path.relative_to(folder).as_posix() for path in files}
    assert [name for name in names if not name.startswith(tuple(listed))] == []
    assert [entry for entry in listed if not any(name.startswith(entry) for name in names)] == []
    assert all(name in (SOURCES, LIST) or LIBRARY_FILES.fullmatch(name) for name in names)
    assert sum(path.stat().st_size for path in files) <= MAX_BYTES
