"""`make bench-store`: flushes, counts, and memory of the engine's store. The last line is JSON."""

from __future__ import annotations

from statistics import median, quantiles

from playwright.sync_api import Browser

from tests.bench.harness import HERE, Figures, new_profile, open_page, python_figures, run
from tests.bench.memory import memory_figures

PEER = (HERE / "store_peer.js").read_text()


def measure(
    browser: Browser, url: str, *, flushes: int = 100, rows: int = 100_000, tabs: int = 10
) -> Figures:
    """Return the costs of flushes and counts, the latter two also with many rows, and the memory of tabs."""
    return _store_figures(browser, url, flushes, rows) | memory_figures(browser, url, tabs)


def _store_figures(browser: Browser, url: str, flushes: int, rows: int) -> Figures:
    peer = PEER.replace("$origin", url)
    with new_profile(browser) as context:
        page = context.new_page()
        open_page(page, url)
        costs = python_figures(page, "worker", "store_engine.py", flushes=flushes, rows=rows, peer=peer)
    medians = {name: median(values) for name, values in costs.items()}
    return {
        "flush25_py_ms": medians["py"],
        "flush25_idb_ms": medians["idb"],
        "flush25_ratio": medians["py"] / medians["idb"],
        "flush25_py_quartiles_ms": _quartiles(costs["py"]),
        "flush25_idb_quartiles_ms": _quartiles(costs["idb"]),
        "flush_100k_ratio": medians["flush_many"] / medians["flush_few"],
        "counts_100k_ratio": medians["counts_many"] / medians["counts_few"],
        "flush_100k_ms": medians["flush_many"],
        "counts_100k_ms": medians["counts_many"],
    }


def _quartiles(costs: list[float]) -> list[float]:
    lower, _, upper = quantiles(costs, n=4, method="inclusive")
    return [lower, upper]


if __name__ == "__main__":
    run(measure, browser=True, high_priority=True)
