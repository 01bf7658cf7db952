"""Part of `make bench-analysis`: the cost of an analysis file in the page, and of neighbors in the engine."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

from sidflow_feedback.analysis.analysis_file import AnalysisFile, Problem
from sidflow_feedback.vocabulary import (
    ANALYSIS_VERSION,
    EMBEDDING_VERSION,
    EMBEDDING_WIDTH,
    FEATURE_NAMES,
)
from tests.bench.harness import HERE, Figures, new_profile, open_page, python_figures

SCRIPT = (HERE / "analysis_file_page.js").read_text()


def measure(
    browser: Browser, url: str, *, songs: int = 80_000, tunes: int = 60_000, rounds: int = 15
) -> Figures:
    """Return `load_80k_ms`, `bytes_per_song`, `neighbors_60k_ms`, and the page's longest task meanwhile."""
    data = synthetic_file(tunes, songs).to_bytes()
    with tempfile.TemporaryDirectory() as folder, new_profile(browser) as context:
        path = Path(folder) / "bench.sidan"
        path.write_bytes(data)
        page = context.new_page()
        open_page(page, url)
        page.evaluate(SCRIPT)
        loaded = _load(page, path, tunes, songs)
        found: Figures = python_figures(page, "worker", "analysis_file_engine.py", tunes=tunes, rounds=rounds)
    return {
        "load_80k_ms": loaded["ms"],
        "load_longest_task_ms": loaded["longest"],
        "bytes_per_song": len(data) / songs,
        **found,
    }


def synthetic_file(files: int, songs: int) -> AnalysisFile:
    """Return a file of random values; the MD5 of file n is n."""
    chance = np.random.default_rng(7)
    counts = np.ones(files, np.int64)
    counts[: songs - files] += 1
    levels = chance.integers(0, 65_535, (len(FEATURE_NAMES), songs), np.uint16)
    endings = np.where(chance.random(songs) < 0.01, 0xFF00 + Problem.SILENT, 0).astype(np.uint16)
    levels[:, endings > 0] = 65_535
    md5 = np.zeros((files, 16), np.uint8)
    md5[:, :4] = np.arange(files, dtype=">u4")[:, None].view(np.uint8)
    return AnalysisFile(
        analysis_version=ANALYSIS_VERSION,
        embedding_version=EMBEDDING_VERSION,
        hvsc_release="bench",
        md5=md5,
        songs=counts,
        low=np.zeros(8),
        step=np.full(8, 1 / 65_534),
        levels=levels,
        endings=endings,
        embeddings=chance.integers(0, 256, (songs, EMBEDDING_WIDTH), np.uint8),
    )


def _load(page: Page, path: Path, tunes: int, songs: int) -> Any:
    """Fill the list with tunes, add the file, and return the time until the list has predictions."""
    page.evaluate("([tunes, songs]) => bench.fill(tunes, songs)", [tunes, songs])
    page.reload()
    page.wait_for_selector("html[data-engine=ready]")
    page.wait_for_function(f"document.querySelector('#tunes').getAttribute('aria-rowcount') > {tunes}")
    page.wait_for_function("document.documentElement.dataset.model")
    page.evaluate(SCRIPT)
    return page.evaluate("text => bench.load(text)", base64.b64encode(path.read_bytes()).decode())
