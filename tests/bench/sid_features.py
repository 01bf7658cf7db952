"""Runs in a Pyodide worker like the engine's: the cost of a tune's feature analysis."""

import asyncio
import json
import time
from statistics import median
from typing import Any

import js
import numpy as np
from pyscript.js_modules import sid_excerpt

from sidflow_feedback.analysis.features import EXCERPT_SECONDS, extract

RATE, TUNES = 44100, 8


def options(**values: object) -> Any:
    """Return a JavaScript object."""
    return js.Object.fromEntries([list(pair) for pair in values.items()])


async def fetched(path: str) -> Any:
    """Fetch a path from the server; the worker has no page address to resolve it against."""
    return await js.fetch(js.location.origin + path)


async def costs() -> dict[str, float]:
    """Return the median milliseconds of rendering a tune's excerpt and of computing its features."""
    catalog = (await (await fetched("/static/vendor/tunes/catalog.json")).json()).to_py()
    renderer = sid_excerpt.createExcerptRenderer(options(wasmUrl="/static/vendor/sid/sid.wasm"))
    rendering, extracting = [], []
    for tune in catalog["tunes"][:TUNES]:
        data = await (await fetched(tune["url"])).arrayBuffer()
        begun = time.perf_counter()
        excerpt = await renderer.render(data, options(seconds=EXCERPT_SECONDS))
        rendered = time.perf_counter()
        extract(np.asarray(excerpt.to_py(), dtype=np.float32), RATE, 120.0)
        rendering.append(rendered - begun)
        extracting.append(time.perf_counter() - rendered)
    renderer.close()
    both = [sum(pair) for pair in zip(rendering, extracting, strict=True)]
    found = {"render": rendering, "extract": extracting, "features_per_tune": both}
    return {f"{name}_ms": 1000 * median(values) for name, values in found.items()}


async def measure() -> None:
    """Post the figures to the page."""
    js.BroadcastChannel.new("bench").postMessage(json.dumps(await costs()))


task = asyncio.create_task(measure())
