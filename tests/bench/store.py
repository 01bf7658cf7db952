"""`make bench-store`: flushes, counts, and memory of the engine's store. The last line is JSON."""

from __future__ import annotations

import json
from statistics import median, quantiles

from playwright.sync_api import Browser

from tests.bench.harness import HERE, WORKER, browsing, figures, new_profile, open_page
from tests.bench.memory import memory_figures

ENGINE = (HERE / "store_engine.py").read_text()
PEER = (HERE / "store_peer.js").read_text()


def main() -> None:
    """Measure, and print one JSON object."""
    with browsing(high_priority=True) as (browser, url):
        result = _store_figures(browser, url)
    with browsing() as (browser, url):
        result |= memory_figures(browser, url)
    print(json.dumps(result))


def _store_figures(browser: Browser, url: str) -> dict[str, float | list[float]]:
    script = f"PEER_SOURCE = {PEER.replace('$origin', url)!r}\n{ENGINE}"
    with new_profile(browser) as context:
        page = context.new_page()
        open_page(page, url)
        costs = figures(page, "py", WORKER, script)
    if "error" in costs:
        raise SystemExit(f"The engine's worker failed: {costs['error']}")
    medians = {name: median(values) for name, values in costs.items()}
    return {
        "flush25_py_ms": round(medians["py"], 2),
        "flush25_idb_ms": round(medians["idb"], 2),
        "flush25_ratio": round(medians["py"] / medians["idb"], 2),
        "flush25_py_quartiles_ms": _quartiles(costs["py"]),
        "flush25_idb_quartiles_ms": _quartiles(costs["idb"]),
        "flush_100k_ratio": round(medians["flush_many"] / medians["flush_few"], 2),
        "counts_100k_ratio": round(medians["counts_many"] / medians["counts_few"], 2),
        "flush_100k_ms": round(medians["flush_many"], 2),
        "counts_100k_ms": round(medians["counts_many"], 2),
    }


def _quartiles(costs: list[float]) -> list[float]:
    lower, _, upper = quantiles(costs, n=4)
    return [round(lower, 2), round(upper, 2)]


if __name__ == "__main__":
    main()
