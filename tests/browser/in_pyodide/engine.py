"""The complete engine, started as in the page's worker."""

from __future__ import annotations

import feedback_store  # type: ignore[import-not-found]  # sidflow_feedback/store/indexeddb.js
import js
import sid_excerpt  # type: ignore[import-not-found]  # static/js/sid/excerpt.js

from sidflow_feedback.engine.runtime import FeedbackRuntime
from sidflow_feedback.engine.start import start

running: list[FeedbackRuntime] = []


async def run() -> bool:
    """Start the engine; return True."""
    origin = js.location.origin
    model, sync = f"{origin}/api/model/latest", f"{origin}/api/feedback/sync"
    running.append(await start("sidflow", feedback_store, model=model, sync=sync, excerpts=sid_excerpt))
    return True


async def stop() -> None:
    await running.pop().aclose()
