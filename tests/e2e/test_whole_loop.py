"""The whole loop: the ratings of 30 listeners make a global model from which the 31st starts."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page

from app.paths import paths
from sidflow_feedback.analysis.features import vector
from sidflow_feedback.engine.runtime import FeedbackRuntime
from sidflow_feedback.idle.manual import ManualIdleClock
from sidflow_feedback.learning.manifest import model_from_manifest
from sidflow_feedback.learning.model import Model
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.sync.deltas import AnonymizedBatch
from sidflow_feedback.sync.transport import Response
from sidflow_feedback.types import FloatArray
from sidflow_feedback.vocabulary import DIMENSIONS
from tests.e2e.listener import play, rate, wait_for_engine, wait_until_playing
from tests.served import Served, serve

LISTENERS = 30
RATED_EACH = 40
RATED_IN_THE_BROWSER = 12
"""So few that the second model is far better than the first, whichever tunes are held out."""

LEANING, NOISE = 0.3, 0.4
"""Standard deviations, in ratings, between listeners, and between one listener's ratings."""


class Crowd:
    """Listeners who mostly agree on the demo tunes, but not with the first model."""

    def __init__(self) -> None:
        catalog = json.loads((paths().vendor / "tunes" / "catalog.json").read_text())
        self.tunes: list[dict[str, Any]] = catalog["tunes"]
        self.features = np.array([vector(tune["features"][0]) for tune in self.tunes])
        scaled = FeatureScaler.fit(self.features).scale(self.features)
        directions = np.random.default_rng(30).normal(size=(8, len(DIMENSIONS)))
        self.truth = np.clip(3 + 1.2 * scaled @ (directions / np.linalg.norm(directions, axis=0)), 1, 5)

    def ratings(self, listener: int) -> FloatArray:
        """Return a listener's ratings of all tunes, shape (tunes, 4)."""
        rng = np.random.default_rng((31, listener))
        own = rng.normal(0, LEANING, len(DIMENSIONS)) + rng.normal(0, NOISE, self.truth.shape)
        rated: FloatArray = np.clip(np.round(self.truth + own), 1, 5)
        return rated

    def error(self, model: Model, listener: int) -> float:
        """Return a model's root mean square error for a listener."""
        return float(np.sqrt(((model.predict_many(self.features) - self.ratings(listener)) ** 2).mean()))


class HttpTransport:
    """A transport for a client on CPython."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def send(self, batch: AnonymizedBatch, *, timeout: float) -> Response:
        answer = await self._client.post(
            "/api/feedback/sync",
            content=batch.to_json(),
            headers={"Content-Type": "application/json"},
            timeout=timeout,
        )
        return Response(answer.status_code, dict(answer.headers), answer.json())

    async def fetch_model(self, *, etag: str | None, timeout: float) -> Response:
        headers = {"If-None-Match": etag} if etag else {}
        answer = await self._client.get("/api/model/latest", headers=headers, timeout=timeout)
        return Response(answer.status_code, dict(answer.headers), answer.json() if answer.content else None)


@pytest.fixture
def crowd() -> Crowd:
    return Crowd()


@pytest.fixture
def model_path(tmp_path: Path) -> Path:
    path = tmp_path / "model" / "latest.json"
    path.parent.mkdir()
    shutil.copy(paths().first_model, path)
    return path


@pytest.fixture
def served(tmp_path: Path, model_path: Path) -> Iterator[Served]:
    with serve(tmp_path, SIDFLOW_MODEL_PATH=str(model_path), SIDFLOW_RATE_LIMIT="0") as served:
        yield served


async def listen_and_share(crowd: Crowd, url: str) -> list[int]:
    """Let each listener rate and share tunes; return how many events of each the server accepted."""
    async with httpx.AsyncClient(base_url=url) as client:
        return [await _listener(crowd, number, HttpTransport(client)) for number in range(LISTENERS)]


async def _listener(crowd: Crowd, number: int, transport: HttpTransport) -> int:
    runtime = FeedbackRuntime(MemoryStore(), ManualIdleClock(), transport)
    await runtime.start()
    tunes = np.random.default_rng((32, number)).permutation(len(crowd.tunes))[:RATED_EACH]
    runtime.receive(_record(crowd.tunes[tune], crowd.ratings(number)[tune]) for tune in tunes)
    await runtime.writer.flush()
    runtime.configure({"sync": True})
    sent = await runtime.sync.sync_now()
    await runtime.aclose()
    return sent


def _record(tune: dict[str, Any], ratings: FloatArray) -> dict[str, Any]:
    return {
        "kind": "rating",
        "uuid": str(uuid.uuid4()),
        "timestamp": int(time.time() * 1000),
        "sidPath": tune["sidPath"],
        "features": tune["features"][0],
        "ratings": {name: int(value) for name, value in zip(DIMENSIONS, ratings, strict=True)},
    }


def in_a_thread(work: Any) -> Any:
    """Run a coroutine in another thread, since sync Playwright has an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def train_global(served: Served, model_path: Path) -> dict[str, Any]:
    """Run the operator's command; return its output."""
    command = [sys.executable, "-m", "app", "train-global"]
    environment = {
        "SIDFLOW_DATABASE_URL": f"sqlite:///{served.database}",
        "SIDFLOW_MODEL_PATH": str(model_path),
    }
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rate_in_the_browser(page: Page, crowd: Crowd) -> None:
    """Rate one tune after another as the 31st listener."""
    ratings = crowd.ratings(LISTENERS)
    for number in range(RATED_IN_THE_BROWSER):
        play(page, number + 1)
        path = page.locator(f"#tunes tbody tr:nth-child({number + 1})").get_attribute("data-path")
        tune = next(i for i, tune in enumerate(crowd.tunes) if tune["sidPath"] == path)
        rate(page, **{name: int(value) for name, value in zip(DIMENSIONS, ratings[tune], strict=True)})
        wait_until_playing(page)


def own_model(page: Page) -> str:
    """Return the Preferences tab's text about the listener's model."""
    return page.locator("#training-status dt:text-is('Your model') + dd").text_content() or ""


def test_shared_ratings_return_as_a_better_global_model(
    context: BrowserContext, served: Served, model_path: Path, crowd: Crowd
) -> None:
    first = model_from_manifest(json.loads(model_path.read_text()))
    page = context.new_page()
    page.goto(served.url)
    wait_for_engine(page)
    rate_in_the_browser(page, crowd)
    page.click("#tab-preferences")
    page.check("[name=training]")
    page.wait_for_selector("html[data-model^=local]")
    page.wait_for_function("document.querySelector('#training-status').textContent.includes('based on')")
    assert first.version in own_model(page)

    assert in_a_thread(listen_and_share(crowd, served.url)) == [RATED_EACH] * LISTENERS
    result = train_global(served, model_path)
    assert result["published"] is True
    second = model_from_manifest(json.loads(model_path.read_text()))
    assert second.version == result["version"] != first.version
    assert crowd.error(second, LISTENERS) < 0.7 * crowd.error(first, LISTENERS)

    page.reload()
    wait_for_engine(page)
    page.click("#tab-preferences")
    page.wait_for_function(
        """version => [...document.querySelectorAll("#training-status dd")].some(
            ({ textContent }) => textContent.endsWith(`based on ${version}`))""",
        arg=second.version,
    )
    assert own_model(page).startswith("local-")
