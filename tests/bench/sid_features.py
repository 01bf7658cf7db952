"""Runs in a Pyodide worker like the engine's: the cost of a tune's feature analysis."""

import time
from statistics import median
from typing import Any

import js
import numpy as np
from pyscript.js_modules import sid_excerpt

from sidflow_feedback.analysis.features import EXCERPT_SECONDS, extract

RATE = 44100
CATALOG = "/static/vendor/tunes/catalog.json"


def options(**values: object) -> Any:
    """Return a JavaScript object."""
    return js.Object.fromEntries([list(pair) for pair in values.items()])


async def fetched(url: object) -> Any:
    """Fetch a file; raise an error if the server doesn't have it."""
    response = await js.fetch(url)
    if not response.ok:
        raise OSError(f"{response.url} answered {response.status}: {await response.text()}")
    return response


async def measure(tunes: int) -> dict[str, float]:
    """Return the median milliseconds of rendering a tune's excerpt and of computing its features."""
    # The worker has no page address to resolve addresses against.
    address = js.URL.new(CATALOG, js.location.origin)
    catalog = (await (await fetched(address)).json()).to_py()
    renderer = sid_excerpt.createExcerptRenderer(options(wasmUrl="/static/vendor/sid/sid.wasm"))
    rendering, extracting = [], []
    for tune in catalog["tunes"][:tunes]:
        data = await (await fetched(js.URL.new(tune["url"], address))).arrayBuffer()
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
