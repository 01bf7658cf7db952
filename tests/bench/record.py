"""`make bench-record`: the cost of recording an event on the page. The last line is JSON."""

from __future__ import annotations

import json

from playwright.sync_api import Browser

from tests.bench.harness import (
    HERE,
    PATIENCE,
    browsing,
    figures,
    medians,
    new_profile,
    open_page,
    percentile,
    spread,
)

ROUNDS = 3
SETTLE = 3000
"""Milliseconds until a page with an engine has settled."""

PAGE = (HERE / "record_page.py").read_text()
PEER = (HERE / "record_peer.js").read_text()


def main() -> None:
    """Measure, and print one JSON object."""
    with browsing(high_priority=True) as (browser, url):
        rounds = [_round(browser, url) for _ in range(ROUNDS)]
    result = {name: round(value, 3) for name, value in medians(rounds).items()}
    print(json.dumps(result | {"record_p99_spread_ms": spread(rounds, "record_p99_ms")}))


def _round(browser: Browser, url: str) -> dict[str, float]:
    """Measure once, on a new profile."""
    with new_profile(browser) as context:
        page = context.new_page()
        open_page(page, url)
        page.wait_for_selector("html[data-model]", timeout=PATIENCE)
        page.wait_for_timeout(SETTLE)
        page.evaluate(f"() => {{ {PEER} }}")
        costs = figures(page, "mpy", {}, PAGE)
    names = {"record": costs["ours"], "record_js": costs["peer"]}
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {
        f"{name}_{share}_ms": percentile(values, shares[share])
        for name, values in names.items()
        for share in shares
    }


if __name__ == "__main__":
    main()
