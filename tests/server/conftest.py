import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import create_engine, select

from app.server import database, db_limits, health, writer
from app.server.application import create_app
from app.server.db_connection import parse_url
from app.server.protocol import uvicorn_config
from app.server.settings import Settings
from app.server.tables import events
from sidflow_feedback.learning.manifest import model_to_manifest
from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.scaler import FeatureScaler
from tests.patience import PATIENCE, wait_until
from tests.postgres import PostgresMissingError, new_database, postgres

METRICS_TOKEN = "the-token-of-prometheus"
METRICS = {"Authorization": f"Bearer {METRICS_TOKEN}"}
"""Headers of a request to /metrics."""

Serve = Callable[[FastAPI], httpx.Client]
Rows = Callable[[], list[dict[str, Any]]]

MANIFEST = model_to_manifest(
    Model("global-1", "global-1", FeatureScaler((0.0,) * 8, (1.0,) * 8), Network.random(1)), {"loss": 0.5}
)


both_databases = pytest.mark.parametrize("backend", ["sqlite", "postgresql"], indirect=True)
"""Marks tests that run on each database; other tests run on SQLite only."""


@pytest.fixture(scope="session", autouse=True)
def _patient_server() -> Iterator[None]:
    """Let servers in this process wait as long for a database as tests do: a busy machine is no worst day."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (writer, "ANSWER_SECONDS"),
            (health, "CHECK_SECONDS"),
            (database, "STATEMENT_SECONDS"),
            (db_limits, "STATEMENT_SECONDS"),
        ):
            patch.setattr(module, name, round(PATIENCE))
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server that needn't survive a power failure."""
    try:
        with postgres("-c", "fsync=off", "-c", "full_page_writes=off") as url:
            yield url
    except PostgresMissingError as exc:
        pytest.skip(str(exc))


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def database_url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database for each test."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'data' / 'feedback.sqlite3'}"
    else:
        with new_database(request.getfixturevalue("postgres_url")) as url:
            yield url


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return replace(module_settings(tmp_path), database_url=database_url)


def module_settings(folder: Path) -> Settings:
    """Return settings of a server with all files in `folder` and no rate limit."""
    for name in ("page", "static", "vendor", "library"):
        (folder / name).mkdir()
    (folder / "page" / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "latest.json").write_text(json.dumps(MANIFEST))
    (folder / "first.json").write_text(json.dumps({**MANIFEST, "version": "first"}))
    (folder / "secret.txt").write_text("top secret")
    return Settings(
        database_url=f"sqlite:///{folder / 'data' / 'feedback.sqlite3'}",
        model_path=folder / "latest.json",
        first_model=folder / "first.json",
        page=folder / "page",
        static=folder / "static",
        vendor=folder / "vendor",
        library=folder / "library",
        collection_data=folder / "collection",
        metrics_token=METRICS_TOKEN,
        rate_limit=0,
    )


@contextmanager
def running(app: FastAPI) -> Iterator[httpx.Client]:
    """Serve `app` with uvicorn on a free loopback port, in a separate thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn_config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive(), pause=0.005)
        assert server.started, "the server ended while it started"
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=url, timeout=PATIENCE) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def connected(client: httpx.Client) -> socket.socket:
    """Open a raw connection to a client's server."""
    address = (client.base_url.host, client.base_url.port or 0)
    return socket.create_connection(address, timeout=PATIENCE)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers; stop them at the end of the test."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(running(app))


@pytest.fixture
def client(serve: Serve, settings: Settings) -> httpx.Client:
    return serve(create_app(settings))


@pytest.fixture
def rows(database_url: str) -> Rows:
    """Read all stored events through a separate connection."""

    def read() -> list[dict[str, Any]]:
        engine = create_engine(parse_url(database_url))
        with engine.connect() as connection:
            found = connection.execute(select(events).order_by(events.c.id)).mappings().all()
        engine.dispose()
        return [dict(row) for row in found]

    return read
