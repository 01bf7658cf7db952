"""Builds the engine from the browser's parts, in a Pyodide worker."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import js
import numpy as np
import pyodide_js
from pyodide.ffi import JsException, create_proxy

from sidflow_feedback.analysis.analyzer import Progress
from sidflow_feedback.analysis.features import Samples
from sidflow_feedback.analysis.trace import CLOCKS, TRACE_SECONDS
from sidflow_feedback.engine.page_channel import PageChannel
from sidflow_feedback.engine.runtime import FeedbackRuntime
from sidflow_feedback.engine.service import FeedbackService
from sidflow_feedback.errors import PlayerError, StoreError, TrainingError
from sidflow_feedback.idle.page import PageIdleClock
from sidflow_feedback.learning import scikit_fitters
from sidflow_feedback.store.indexeddb import DatabaseModule, IndexedDbStore
from sidflow_feedback.sync.transport.fetch import FetchTransport
from sidflow_feedback.types import Milliseconds
from sidflow_feedback.vocabulary import Post, Publication, name_space

SAMPLE_RATE = 44100
MISSING_SCIKIT = (
    "This site doesn't offer scikit-learn. Choose the built-in method, or ask whoever runs the site to "
    "install sidflow-app-scikit."
)


async def start(
    name: str, database: DatabaseModule, *, model: str, sync: str | None = None, excerpts: Any = None
) -> FeedbackRuntime | None:
    """Open the store, start the runtime, and serve the pages.

    Parameters
    ----------
    name
        The application's name, which sets it apart from others of the same origin.
    database
        The JavaScript module ``sidflow_feedback/store/indexeddb.js``.
    model, sync
        Addresses of the global model's manifest, and of the endpoint for shared feedback, if there is one.
    excerpts
        The JavaScript module ``static/js/sid/excerpt.js``, which renders tunes for their features. Without
        it, the pages pass the samples of their items instead.

    Returns
    -------
    FeedbackRuntime or None
        None if the browser has no database. The pages then receive `Publication.OFF`.
    """
    channel = PageChannel(name)
    try:
        store = await IndexedDbStore.open(database, name_space(name))
    except StoreError as exc:
        _publish_off(channel, str(exc))
        return None
    clock = PageIdleClock(channel)
    transport = FetchTransport(model, sync)
    runtime = FeedbackRuntime(store, clock, transport, publish=channel.publish, load_scikit=load_scikit)
    clock.on_change = runtime.announce
    service = FeedbackService(runtime, channel, _Excerpts(excerpts) if excerpts else None)
    await runtime.start()
    service.welcome()
    return runtime


async def load_scikit(notify: Callable[[str], None]) -> None:
    """Fetch scikit-learn from this site and import it, unless it is loaded.

    Parameters
    ----------
    notify
        Called with progress messages.

    Raises
    ------
    TrainingError
        scikit-learn can't be loaded.
    """
    if "sklearn" in sys.modules:
        return
    progress = create_proxy(notify)
    try:
        await pyodide_js.loadPackage("scikit-learn", messageCallback=progress)
    except JsException as exc:
        raise TrainingError(f"scikit-learn can't be loaded: {exc}.") from exc
    finally:
        progress.destroy()
    importlib.invalidate_caches()
    if find_spec("sklearn") is None:  # Pyodide only logs what it can't fetch.
        raise TrainingError(MISSING_SCIKIT)
    notify("Importing scikit-learn…")
    await asyncio.sleep(0)
    await scikit_fitters.load(notify)


class _Excerpts:
    """Renders songs in a worker of its own, so that the engine can work meanwhile."""

    def __init__(self, module: Any) -> None:
        self._renderer = module.createExcerptRenderer()

    async def begin(self, tune: object, song: int, seconds: float) -> Progress:
        options = _object(seconds=seconds, traceSeconds=TRACE_SECONDS, song=song, sampleRate=SAMPLE_RATE)
        return _progress(await _rendered(self._renderer.begin(tune, options)))

    async def advance(self, milliseconds: Milliseconds) -> Progress:
        return _progress(await _rendered(self._renderer.advance(milliseconds)))

    async def take(self) -> tuple[Samples, int, bytes, int]:
        content = await _rendered(self._renderer.take())
        samples = np.asarray(content.pcm.to_py(), dtype=np.float32)
        return samples, SAMPLE_RATE, content.trace.to_bytes(), CLOCKS[content.clock]


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


def _publish_off(channel: PageChannel, problem: str) -> None:
    channel.on(Post.HELLO, lambda _value: channel.publish(Publication.OFF, problem))
    channel.publish(Publication.OFF, problem)
