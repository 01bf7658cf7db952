"""The cost of ranking 60,000 tunes in the engine. The last line is JSON."""

from __future__ import annotations

import json

from playwright.sync_api import Browser

from tests.bench.harness import HERE, WORKER, browsing, figures, new_profile, open_page

ENGINE = (HERE / "rank_engine.py").read_text()


def main() -> None:
    """Measure, and print one JSON object."""
    with browsing(high_priority=True) as (browser, url):
        print(json.dumps(rank_figures(browser, url)))


def rank_figures(browser: Browser, url: str) -> dict[str, float]:
    """Return medians in milliseconds, above all `rank60k_ms`, and the temporary memory in megabytes."""
    with new_profile(browser) as context:
        page = context.new_page()
        open_page(page, url)
        found = figures(page, "py", WORKER, ENGINE)
    if "error" in found:
        raise SystemExit(f"The engine's worker failed: {found['error']}")
    return {name: round(value, 2) for name, value in found.items()}


if __name__ == "__main__":
    main()
