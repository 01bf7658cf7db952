"""The cost of ranking 60,000 tunes in the engine. The last line is JSON."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.bench.harness import Figures, new_profile, open_page, python_figures, run


def measure(browser: Browser, url: str, *, tunes: int = 60_000, rounds: int = 15) -> Figures:
    """Return medians in milliseconds, above all `rank60k_ms`, and the temporary memory in megabytes."""
    with new_profile(browser) as context:
        page = context.new_page()
        open_page(page, url)
        found: Figures = python_figures(page, "worker", "rank_engine.py", tunes=tunes, rounds=rounds)
        return found


if __name__ == "__main__":
    run(measure, browser=True, high_priority=True)
