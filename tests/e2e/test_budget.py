"""What a first visit transfers, until the page is usable and until the engine is ready."""

from __future__ import annotations

import os
import re

import pytest
from playwright.sync_api import BrowserContext, Request

from tests.e2e.listener import wait_for_engine
from tests.served import Served

ROOM = 1.03
"""How much more than the bytes below may be transferred."""

PAGE = {
    "/": 10_800,
    "api/collection": 800,
    "static/css/page.css": 8_800,
    "static/icon.svg": 1_200,
    "static/js/page.js": 91_800,
    "static/js/site.js": 1_300,
    "static/js/trusted-types.js": 1_600,
    "static/js/tunes/collection-worker.js": 27_200,
    "static/vendor/icons.svg": 2_200,
    "static/vendor/micropython/micropython.wasm": 181_800,
    "static/vendor/page/modules.bin": 96_700,
    "static/vendor/tunes/catalog.json": 11_500,
}
"""Bytes of each request before the page is usable, with headers, as measured."""

ENGINE = {
    "sidflow_feedback/engine/boot/interpreter.js": 8_700,
    "sidflow_feedback/engine/worker.js": 1_700,
    "sidflow_feedback/store/indexeddb.js": 5_600,
    "static/js/sid/excerpt.js": 3_700,
    "static/vendor/engine/numpy.whl": 2_371_700,
    "static/vendor/engine/pyodide-lock.json": 1_500,
    "static/vendor/engine/python_stdlib.zip": 2_398_100,
    "static/vendor/engine/sidflow_feedback.whl": 382_000,
    "static/vendor/engine/start.json": 1_100,
    "static/vendor/pyodide/pyodide.asm.mjs": 232_300,
    "static/vendor/pyodide/pyodide.asm.wasm": 3_134_500,
}
"""The same for what follows until the engine is ready."""

MODEL = "api/model/latest"
"""Is asked for when the engine is ready, just before or after the mark is set."""

MARKS = """() => Object.fromEntries(performance.getEntriesByType("mark").map(
    ({ name, startTime }) => [name, performance.timeOrigin + startTime]))"""


@pytest.fixture
def visit(context: BrowserContext, served: Served) -> tuple[dict[str, float], list[Request]]:
    """The times of the marks on the page, and the requests whose answers came over the network."""
    requests: list[Request] = []
    context.on("requestfinished", lambda request: requests.append(request))
    page = context.new_page()
    page.goto(served.url)
    wait_for_engine(page)
    marks: dict[str, float] = page.evaluate(MARKS)
    return marks, [request for request in requests if transferred(request)]


def transferred(request: Request) -> int:
    """Return the bytes of the answer with its headers; 0 if it came from the browser's cache."""
    sizes = request.sizes()
    answer = request.response()
    if answer is None or sizes["responseBodySize"] + sizes["responseHeadersSize"] <= 0:
        return 0
    # CDP tells no body size of a worker's script.
    return int(sizes["responseHeadersSize"]) + int(answer.headers.get("content-length", 0))


def address(request: Request) -> str:
    """Return a file's address in its release, without the version of a wheel."""
    path = re.sub(r"^\w+://[^/]+/(?:r/\w+/)?", "", request.url)
    return re.sub(r"-\d[^/]*\.whl$", ".whl", path) or "/"


@pytest.mark.skipif("SIDFLOW_TEST_LINES" in os.environ, reason="sources that report their lines are larger")
def test_first_visit_stays_within_its_budgets(visit: tuple[dict[str, float], list[Request]]) -> None:
    marks, requests = visit
    for mark, budget in (("ui-ready", PAGE), ("engine-ready", PAGE | ENGINE)):
        found = [request for request in requests if request.timing["startTime"] < marks[mark]]
        found = [request for request in found if address(request) != MODEL]
        sizes = {address(request): transferred(request) for request in found}
        growth = {name: size - budget.get(name, 0) for name, size in sizes.items()}
        grown = sorted((name for name in growth if growth[name] > 0), key=lambda name: -growth[name])
        said = f"before {mark}; grown or new: " + ", ".join(f"{name} +{growth[name]}" for name in grown[:8])
        assert len(found) <= len(budget), f"{len(found)} requests {said}"
        assert sum(sizes.values()) <= ROOM * sum(budget.values()), f"{sum(sizes.values())} bytes {said}"
