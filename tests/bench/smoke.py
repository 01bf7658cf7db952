"""`make bench-smoke`: the first figures, measured in one run in a real browser. The last line is JSON."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from tests.bench.harness import Figures, medians, new_profile, open_page, python_figures, run

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
    const catalog = new URL("/static/vendor/tunes/catalog.json", location.href);
    const { tunes } = await (await fetch(catalog)).json();
    const bytes = await (await fetch(new URL(tunes[0].url, catalog))).arrayBuffer();
    const renderer = createExcerptRenderer({ wasmUrl: "/static/vendor/sid/sid.wasm" });
    await renderer.render(bytes, { seconds: 1 });
    const begun = performance.now();
    await renderer.render(bytes, { seconds: 20 });
    renderer.close();
    return 20000 / (performance.now() - begun);
}"""


def measure(browser: Browser, url: str, *, rounds: int = 3) -> Figures:
    """Return medians of the rounds, each on a new profile whose caches the first loads have filled."""
    return medians([_round(browser, url) for _ in range(rounds)])


def _round(browser: Browser, url: str) -> dict[str, float]:
    with new_profile(browser) as context:
        page = context.new_page()
        _open(page, url)
        page.goto(f"{url}/static/icon.svg")
        bare = page.evaluate(BARE, url)
        found = {**_open(page, url), "bare_pyodide_numpy_ms": bare}
        found["sid_realtime_factor"] = page.evaluate(EXCERPT)
        found |= python_figures(page, "page", "page_figures.py")
        found |= python_figures(page, "worker", "engine_figures.py")
        return found


def _open(page: Page, url: str) -> dict[str, float]:
    open_page(page, url)
    marks: dict[str, float] = page.evaluate(
        "Object.fromEntries(performance.getEntriesByType('mark').map(mark => [mark.name, mark.startTime]))"
    )
    return {"ui_ready_ms": marks["ui-ready"], "engine_ready_ms": marks["engine-ready"]}


if __name__ == "__main__":
    run(measure, browser=True)
