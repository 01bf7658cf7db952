"""`make bench-train`: the cost of training, ours and in TensorFlow.js. The last line is JSON."""

from __future__ import annotations

from playwright.sync_api import Browser

from app.paths import paths
from tests.bench import rank
from tests.bench.harness import HERE, Figures, medians, new_profile, open_page, python_figures, run
from tests.bench.train_budget import budget_figures

TENSORFLOW = paths().manifests / "node_modules" / "@tensorflow" / "tfjs" / "dist" / "tf.min.js"
PEER = (HERE / "train_peer.js").read_text()


def measure(
    browser: Browser,
    url: str,
    *,
    rounds: int = 3,
    runs: int = 15,
    tunes: int = 60_000,
    ratings: int = 512,
    iterations: int = 200,
    seconds: int = 75,
) -> Figures:
    """Return medians of the rounds and their ratios, the cost of ranking, and the use of the processor."""
    found: Figures = dict(medians([_learning(browser, url, runs) for _ in range(rounds)]))
    found["ratio_warm"] = found["tfjs_ms"] / found["ours_ms"]
    found["ratio_first"] = found["tfjs_first_ms"] / found["ours_first_ms"]
    found["rank60k_ms"] = rank.measure(browser, url, tunes=tunes)["rank60k_ms"]
    return found | budget_figures(browser, url, ratings=ratings, iterations=iterations, seconds=seconds)


def _learning(browser: Browser, url: str, runs: int) -> dict[str, float]:
    """Measure once, on a new profile, so that the first run includes all warm-up."""
    with new_profile(browser) as context:
        page = context.new_page()
        open_page(page, url)
        library = page.evaluate(
            "text => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))",
            TENSORFLOW.read_text("utf-8"),
        )
        peer = PEER.replace("$tensorflow", library)
        found: dict[str, float] = python_figures(
            page, "worker", "train_engine.py", runs=runs, peer_source=peer
        )
        return found


if __name__ == "__main__":
    run(measure, browser=True, high_priority=True)
