"""What an embedding costs beside the features of the same song, its peer: processor time, in turns."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from statistics import median
from time import process_time

from app.analysis import render_excerpt
from app.emulator import SidEmulator, SidError
from sidflow_feedback.analysis.embedding import embed
from sidflow_feedback.analysis.excerpt import Excerpt
from sidflow_feedback.analysis.features import extract
from sidflow_feedback.analysis.trace import Trace
from sidflow_feedback.errors import FeedbackError


def measure_cost(files: Iterable[Path]) -> dict[str, float]:
    """Return medians of milliseconds over the start songs of files, and of their ratios."""
    emulator, costs = SidEmulator(), []
    for file in files:
        try:
            costs.append(_costs(render_excerpt(emulator, file.read_bytes())))
        except (SidError, FeedbackError):
            continue
    embedding, features = zip(*costs, strict=True)
    return {
        "embedding_ms": 1000 * median(embedding),
        "extract_ms": 1000 * median(features),
        "embedding_extract_ratio": median(one / other for one, other in costs),
    }


def _costs(excerpt: Excerpt) -> tuple[float, float]:
    """Return the seconds of embedding and of extraction."""
    begun = process_time()
    embed(Trace.from_bytes(excerpt.trace, excerpt.clock))
    embedded = process_time()
    extract(excerpt.samples, excerpt.rate, 180)
    return embedded - begun, process_time() - embedded
