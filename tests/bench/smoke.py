"""`make bench-smoke`: the first figures, measured in one run in a real browser. The last line is JSON."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from app.setup.chromium import chromium
from tests.browser.conftest import CHROMIUM_ARGS
from tests.served import serve

ROUNDS = 3
HERE = Path(__file__).parent
ENGINE = (HERE / "engine_figures.py").read_text()
PAGE = (HERE / "page_figures.py").read_text()

BARE = """async origin => {
    const source = `
        const { loadPyodide } = await import("${origin}/static/vendor/pyodide/pyodide.mjs");
        const pyodide = await loadPyodide();
        await pyodide.loadPackage("numpy");
        pyodide.runPython("import numpy");
        postMessage("ready");`;
    const begun = performance.now();
    const script = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const worker = new Worker(script, { type: "module" });
    await new Promise((resolve, reject) => { worker.onmessage = resolve; worker.onerror = reject; });
    worker.terminate();
    return performance.now() - begun;
}"""

EXCERPT = """async () => {
    const { createExcerptRenderer } = await import("/static/js/sid/excerpt.js");
    const { tunes } = await (await fetch("/static/vendor/tunes/catalogue.json")).json();
    const bytes = await (await fetch(tunes[0].url)).arrayBuffer();
    const renderer = createExcerptRenderer({ wasmUrl: "/static/vendor/sid/sid.wasm" });
    await renderer.render(bytes, { seconds: 1 });
    const begun = performance.now();
    await renderer.render(bytes, { seconds: 20 });
    renderer.close();
    return 20000 / (performance.now() - begun);
}"""

RUN_SCRIPT = """([type, attributes, text]) => {
    const script = document.createElement("script");
    script.type = type;
    for (const [name, value] of Object.entries(attributes)) script.setAttribute(name, value);
    script.textContent = text;
    document.body.append(script);
}"""


def main() -> None:
    """Measure, and print one JSON object."""
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as served, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        rounds = [_round(browser, served.url) for _ in range(ROUNDS)]
        browser.close()
    print(json.dumps({name: round(median(figures[name] for figures in rounds), 2) for name in rounds[0]}))


def _round(browser: Browser, url: str) -> dict[str, float]:
    """Measure once, on a new profile whose caches the first loads have filled."""
    with browser.new_context() as context:
        page = context.new_page()
        _open(page, url)
        page.goto(f"{url}/static/icon.svg")
        bare = page.evaluate(BARE, url)
        figures = {**_open(page, url), "bare_pyodide_numpy_ms": bare}
        figures["sid_realtime_factor"] = page.evaluate(EXCERPT)
        figures |= _figures(page, "mpy", {}, PAGE)
        attributes = {"worker": "", "name": "bench", "config": "/page/engine.json"}
        return figures | _figures(page, "py", attributes, ENGINE)


def _open(page: Page, url: str) -> dict[str, float]:
    page.goto(url)
    page.wait_for_selector("html[data-engine=ready]", timeout=120_000)
    marks: dict[str, float] = page.evaluate(
        "Object.fromEntries(performance.getEntriesByType('mark').map(mark => [mark.name, mark.startTime]))"
    )
    return {"ui_ready_ms": marks["ui-ready"], "engine_ready_ms": marks["engine-ready"]}


def _figures(page: Page, kind: str, attributes: dict[str, str], script: str) -> dict[str, float]:
    """Run a script in the page's Python, or in a worker's; it posts its figures on a channel."""
    page.evaluate(
        "() => { globalThis.figures = null;"
        " new BroadcastChannel('bench').onmessage = event => { globalThis.figures = event.data; }; }"
    )
    page.evaluate(RUN_SCRIPT, [kind, attributes, script])
    page.wait_for_function("globalThis.figures", timeout=120_000)
    figures: dict[str, Any] = json.loads(page.evaluate("globalThis.figures"))
    return figures


if __name__ == "__main__":
    main()
