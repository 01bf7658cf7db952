"""Excerpts of songs in the browser: a worker of their own renders them, so that Python can work meanwhile."""

from __future__ import annotations

import json
from typing import Any

import js
import numpy as np

from sidflow_feedback.analysis.analyzer import Progress, analyze_at_once
from sidflow_feedback.analysis.features import Samples
from sidflow_feedback.analysis.trace import CLOCKS, TRACE_SECONDS
from sidflow_feedback.errors import PlayerError
from sidflow_feedback.types import Milliseconds

SAMPLE_RATE = 44100


class RenderedExcerpts:
    """Implements `Excerpts`.

    Parameters
    ----------
    module
        The JavaScript module ``static/js/sid/excerpt.js``.
    """

    def __init__(self, module: Any) -> None:
        self._renderer = module.createExcerptRenderer()

    async def begin(self, tune: object, song: int, seconds: float) -> Progress:
        """See `Excerpts`."""
        options = _object(seconds=seconds, traceSeconds=TRACE_SECONDS, song=song, sampleRate=SAMPLE_RATE)
        return _progress(await _rendered(self._renderer.begin(tune, options)))

    async def advance(self, milliseconds: Milliseconds) -> Progress:
        """See `Excerpts`."""
        return _progress(await _rendered(self._renderer.advance(milliseconds)))

    async def take(self) -> tuple[Samples, int, bytes, int]:
        """See `Excerpts`."""
        content = await _rendered(self._renderer.take())
        samples = np.asarray(content.pcm.to_py(), dtype=np.float32)
        return samples, SAMPLE_RATE, content.trace.to_bytes(), CLOCKS[content.clock]

    async def analyze(self, tune: object, song: int, duration: float) -> str:
        """Return what `analyze_at_once` finds out about a song, in JSON."""
        return json.dumps(await analyze_at_once(self, tune, song, duration))


async def _rendered(answer: Any) -> Any:
    try:
        return await answer
    except Exception as exc:
        raise PlayerError(str(exc)) from exc


def _progress(answer: Any) -> Progress:
    fields = json.loads(js.JSON.stringify(answer))  # Turns null into None, which `to_py` doesn't.
    return Progress(has_sound=fields.pop("hasSound", False), **fields)


def _object(**values: object) -> Any:
    return js.Object.fromEntries([list(pair) for pair in values.items()])
