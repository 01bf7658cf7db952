"""`make bench-smoke`: the first figures, measured in one run in a real browser. The last line is JSON."""

from __future__ import annotations

import json

from playwright.sync_api import Browser, Page

from tests.bench.harness import HERE, WORKER, browsing, figures, medians, new_profile, open_page

ROUNDS = 3
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
    const { tunes } = await (await fetch("/static/vendor/tunes/catalog.json")).json();
    const bytes = await (await fetch(tunes[0].url)).arrayBuffer();
    const renderer = createExcerptRenderer({ wasmUrl: "/static/vendor/sid/sid.wasm" });
    await renderer.render(bytes, { seconds: 1 });
    const begun = performance.now();
    await renderer.render(bytes, { seconds: 20 });
    renderer.close();
    return 20000 / (performance.now() - begun);
}"""


def main() -> None:
    """Measure, and print one JSON object."""
    with browsing() as (browser, url):
        rounds = [_round(browser, url) for _ in range(ROUNDS)]
    print(json.dumps({name: round(value, 2) for name, value in medians(rounds).items()}))


def _round(browser: Browser, url: str) -> dict[str, float]:
    """Measure once, on a new profile whose caches the first loads have filled."""
    with new_profile(browser) as context:
        page = context.new_page()
        _open(page, url)
        page.goto(f"{url}/static/icon.svg")
        bare = page.evaluate(BARE, url)
        found = {**_open(page, url), "bare_pyodide_numpy_ms": bare}
        found["sid_realtime_factor"] = page.evaluate(EXCERPT)
        found |= figures(page, "mpy", {}, PAGE)
        return found | figures(page, "py", WORKER, ENGINE)


def _open(page: Page, url: str) -> dict[str, float]:
    open_page(page, url)
    marks: dict[str, float] = page.evaluate(
        "Object.fromEntries(performance.getEntriesByType('mark').map(mark => [mark.name, mark.startTime]))"
    )
    return {"ui_ready_ms": marks["ui-ready"], "engine_ready_ms": marks["engine-ready"]}


if __name__ == "__main__":
    main()
