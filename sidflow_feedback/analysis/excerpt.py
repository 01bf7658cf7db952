"""The beginning of a song, rendered for analysis, and what is found out from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sidflow_feedback.analysis.embedding import embedding, quantize
from sidflow_feedback.analysis.features import EXCERPT_SECONDS, MIN_SECONDS, Samples, extraction
from sidflow_feedback.analysis.trace import Trace
from sidflow_feedback.errors import InvalidRecordError, TrainingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidflow_feedback.idle import Steps
    from sidflow_feedback.types import Features


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The beginning of a song.

    Attributes
    ----------
    samples
        Mono sound in [-1, 1], shape (n,), of `EXCERPT_SECONDS` or until the song ended.
    rate
        Samples per second.
    trace
        The register writes of the first `TRACE_SECONDS`, or until the song ended, for `Trace.from_bytes`.
    clock
        Cycles per second.
    has_sound
        Whether the song has been audible.
    end
        Seconds until the song fell silent for good; None if it may go on.
    """

    samples: Samples
    rate: int
    trace: bytes
    clock: int
    has_sound: bool = True
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known about a song from its excerpt.

    Attributes
    ----------
    features, problem
        One of them is None: the features, or the reason why the song has none.
    length
        Seconds until the song falls silent; None if it doesn't within the excerpt.
    embedding
        The trace embedding in bytes; None without features, or if the song writes too little to have one.
    """

    features: Features | None
    problem: str | None
    length: float | None
    embedding: bytes | None = None


def study(excerpt: Excerpt, duration: float, rfft: Callable[..., Any] = np.fft.rfft) -> Steps[Findings]:
    """Find out what an excerpt says about its song, in steps of a few milliseconds.

    Parameters
    ----------
    duration
        Length of the whole song in seconds, as far as it is known; that of the excerpt counts first.
    rfft
        As `numpy.fft.rfft`.
    """
    if not excerpt.has_sound:
        return Findings(None, f"The first {EXCERPT_SECONDS} s are silent.", None)
    samples, end = excerpt.samples, excerpt.end
    if end is not None:
        samples, duration = samples[: round(max(end, MIN_SECONDS) * excerpt.rate)], end
    try:
        features = yield from extraction(samples, excerpt.rate, duration, rfft)
    except TrainingError as exc:
        return Findings(None, str(exc), end)
    yield "trace"
    return Findings(features, None, end, (yield from _embedding(excerpt)))


def _embedding(excerpt: Excerpt) -> Steps[bytes | None]:
    try:
        found = yield from embedding(Trace.from_bytes(excerpt.trace, excerpt.clock))
    except InvalidRecordError:
        return None
    return quantize(found).tobytes()
