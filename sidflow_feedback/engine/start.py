"""Builds the engine from the browser's parts, in a Pyodide worker."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import js
import pyodide_js
from pyodide.ffi import JsException, create_proxy

from sidflow_feedback.engine.page_channel import PageChannel
from sidflow_feedback.engine.rendered_excerpts import RenderedExcerpts
from sidflow_feedback.engine.runtime import FeedbackRuntime
from sidflow_feedback.engine.service import FeedbackService
from sidflow_feedback.errors import TrainingError
from sidflow_feedback.idle.page import PageIdleClock
from sidflow_feedback.learning import scikit_fitters
from sidflow_feedback.store.indexeddb import DatabaseModule, IndexedDbStore
from sidflow_feedback.sync.transport.fetch import FetchTransport
from sidflow_feedback.vocabulary import name_space

MISSING_SCIKIT = (
    "This site doesn't offer scikit-learn. Choose the built-in method, or ask whoever runs the site to "
    "install sidflow-app-scikit."
)


async def start(
    name: str, database: DatabaseModule, *, model: str, sync: str | None = None, excerpts: Any = None
) -> FeedbackRuntime:
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
    FeedbackRuntime
        It ends, with this worker, when a newer engine has taken over the store.

    Raises
    ------
    StoreError
        The store can't be opened.
    """
    store = await IndexedDbStore.open(database, name_space(name), on_fenced=lambda: _retire(channel))
    channel = PageChannel(name)
    clock = PageIdleClock(channel)
    transport = FetchTransport(model, sync)
    runtime = FeedbackRuntime(store, clock, transport, publish=channel.publish, load_scikit=load_scikit)
    clock.on_change = runtime.announce
    service = FeedbackService(runtime, channel, RenderedExcerpts(excerpts) if excerpts else None)
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


def _retire(channel: PageChannel) -> None:
    """End this worker: the pages have another engine."""
    channel.close()
    js.console.warn("This engine has ended, because a newer one has taken over its database.")
    js.close()
