import json
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from app.server.application import create_app
from app.server.settings import Settings

Serve = Callable[[FastAPI], httpx.Client]
Rows = Callable[[], list[dict[str, Any]]]

MANIFEST = {
    "version": "global-1",
    "metadata": {"samples": 60},
    "featureStats": {"featureNames": ["energy", "rms"], "means": [0.1, 0.2], "stds": [1.0, 2.0]},
    "modelTopology": {"class_name": "Sequential", "config": {"layers": []}},
    "weightSpecs": [{"name": "dense/kernel", "shape": [2], "dtype": "float32"}],
    "weightData": "AACAPwAAAEA=",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("page", "static", "vendor", "library"):
        (tmp_path / name).mkdir()
    (tmp_path / "page" / "index.html").write_text("<!doctype html><title>page</title>")
    (tmp_path / "latest.json").write_text(json.dumps(MANIFEST))
    (tmp_path / "secret.txt").write_text("top secret")
    return Settings(
        database_url=f"sqlite:///{tmp_path / 'data' / 'feedback.sqlite3'}",
        model_path=tmp_path / "latest.json",
        page=tmp_path / "page",
        static=tmp_path / "static",
        vendor=tmp_path / "vendor",
        library=tmp_path / "library",
    )


@contextmanager
def running(app: FastAPI) -> Iterator[httpx.Client]:
    """Serve `app` by uvicorn on a free loopback port, in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive(), "the server ended while it started"
            assert time.monotonic() < deadline, "the server did not start within 20 s"
            time.sleep(0.005)
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=20) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that are stopped at the end of the test."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(running(app))


@pytest.fixture
def client(serve: Serve, settings: Settings) -> httpx.Client:
    return serve(create_app(settings))


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    """Read all stored events by another connection than the server's."""

    def read() -> list[dict[str, Any]]:
        with closing(sqlite3.connect(tmp_path / "data" / "feedback.sqlite3")) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("SELECT * FROM events ORDER BY id")]

    return read
