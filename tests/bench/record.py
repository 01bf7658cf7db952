"""`make bench-record`: the cost of recording an event on the page. The last line is JSON."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.bench.harness import (
    HERE,
    Figures,
    medians,
    new_profile,
    open_page,
    percentile,
    python_figures,
    run,
    spread,
)

SETTLE = 3000
"""Milliseconds until a page with an engine has settled."""

PEER = (HERE / "record_peer.js").read_text()


def measure(browser: Browser, url: str, *, rounds: int = 3, bursts: int = 200) -> Figures:
    """Return medians of the rounds, each on a new profile."""
    found = [_round(browser, url, bursts) for _ in range(rounds)]
    return medians(found) | {"record_p99_spread_ms": spread(found, "record_p99_ms")}


def _round(browser: Browser, url: str, bursts: int) -> dict[str, float]:
    with new_profile(browser) as context:
        page = context.new_page()
        open_page(page, url)
        page.wait_for_selector("html[data-model]")
        page.wait_for_timeout(SETTLE)
        page.evaluate(f"() => {{ {PEER} }}")
        costs = python_figures(page, "page", "record_page.py", bursts=bursts)
    names = {"record": costs["ours"], "record_js": costs["peer"]}
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {
        f"{name}_{share}_ms": percentile(values, shares[share])
        for name, values in names.items()
        for share in shares
    }


if __name__ == "__main__":
    run(measure, browser=True, high_priority=True)
