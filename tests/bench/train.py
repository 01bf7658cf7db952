"""`make bench-train`: the cost of training, ours and in TensorFlow.js. The last line is JSON."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from app.paths import paths
from tests.bench.harness import HERE, WORKER, browsing, figures, medians, new_profile, open_page
from tests.bench.rank import rank_figures
from tests.bench.train_budget import budget_figures

ROUNDS = 3
TENSORFLOW = paths().manifests / "node_modules" / "@tensorflow" / "tfjs" / "dist" / "tf.min.js"
ENGINE = (HERE / "train_engine.py").read_text()
PEER = (HERE / "train_peer.js").read_text()


def main() -> None:
    """Measure, and print one JSON object."""
    with browsing(high_priority=True) as (browser, url):
        found = medians([_learning(browser, url) for _ in range(ROUNDS)])
        found["rank60k_ms"] = rank_figures(browser, url)["rank60k_ms"]
        with tempfile.TemporaryDirectory() as folder:
            found |= budget_figures(browser, url, Path(folder) / "trace.json")
    found["ratio_warm"] = found["tfjs_ms"] / found["ours_ms"]
    found["ratio_first"] = found["tfjs_first_ms"] / found["ours_first_ms"]
    print(json.dumps({name: round(value, 4) for name, value in found.items()}))


def _learning(browser: Browser, url: str) -> dict[str, float]:
    """Measure once, on a new profile, so that the first run includes all warm-up."""
    with new_profile(browser) as context:
        page = context.new_page()
        open_page(page, url)
        library = page.evaluate(
            "text => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))",
            TENSORFLOW.read_text("utf-8"),
        )
        script = f"PEER_SOURCE = {PEER.replace('$tensorflow', library)!r}\n{ENGINE}"
        return figures(page, "py", WORKER, script)


if __name__ == "__main__":
    main()
