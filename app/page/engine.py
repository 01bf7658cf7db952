"""The engine's entry: runs in a Pyodide worker."""

import asyncio

from pyscript.js_modules import feedback_store, sid_excerpt, site

from sidflow_feedback.engine.start import start

starting = asyncio.create_task(start(feedback_store, sid_excerpt, site=site))
