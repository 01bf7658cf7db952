import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx

from app.server.application import create_app
from app.server.settings import Settings
from tests.patience import PATIENCE

from .conftest import Rows, both_databases, running
from .deltas import batch, rating

pytestmark = both_databases

SYNC = "/api/feedback/sync"


def test_restart_keeps_rows(settings: Settings, rows: Rows) -> None:
    body = batch(rating(), rating())
    with running(create_app(settings)) as client:
        assert client.post(SYNC, json=body).status_code == 200
    with running(create_app(settings)) as client:
        results = client.post(SYNC, json=body).json()["results"]
    assert [result["status"] for result in results] == ["duplicate"] * 2
    assert len(rows()) == 2


def test_application_can_be_started_again(settings: Settings, rows: Rows) -> None:
    app = create_app(settings)
    for _ in range(2):
        with running(app) as client:
            assert client.post(SYNC, json=batch(rating())).status_code == 200
    assert len(rows()) == 2


@contextmanager
def own_process(settings: Settings) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """Serve in a process that can be killed, with settings from the environment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        environment = os.environ | {
            "SIDFLOW_DATABASE_URL": settings.database_url,
            "SIDFLOW_MODEL_PATH": str(settings.model_path),
            "SIDFLOW_RATE_LIMIT": "0",
        }
        command = [sys.executable, "-m", "uvicorn", "--factory", "app.server.application:create_app"]
        command += ["--fd", str(listener.fileno()), "--log-level", "critical"]
        process = subprocess.Popen(command, env=environment, pass_fds=[listener.fileno()])
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        with httpx.Client(base_url=address, timeout=PATIENCE) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()


class Senders:
    """Clients that send batches until the server stops, and record the acknowledged events."""

    def __init__(self, client: httpx.Client, count: int = 4) -> None:
        self.acknowledged: list[str] = []
        self._client = client
        self._threads = [threading.Thread(target=self._send) for _ in range(count)]

    def __enter__(self) -> "Senders":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join()

    def wait_for(self, count: int) -> None:
        while len(self.acknowledged) < count and any(thread.is_alive() for thread in self._threads):
            time.sleep(0.01)

    def _send(self) -> None:
        body = batch(rating(), rating())
        with suppress(httpx.TransportError):
            while True:
                results = self._client.post(SYNC, json=body).json()["results"]
                self.acknowledged += [result["uuid"] for result in results]
                body = batch(rating(), rating())


def check_all_are_stored_once(acknowledged: list[str], rows: Rows) -> None:
    stored = [row["uuid"] for row in rows()]
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))


def test_acknowledged_events_survive_kill_9_under_load(settings: Settings, rows: Rows) -> None:
    with own_process(settings) as (process, client):
        assert client.get("/api/health").status_code == 200
        with Senders(client) as senders:
            senders.wait_for(40)
            process.kill()
    assert len(senders.acknowledged) >= 40
    check_all_are_stored_once(senders.acknowledged, rows)


def test_graceful_stop_under_load_answers_pending_requests(settings: Settings, rows: Rows) -> None:
    """All stored events were acknowledged, too: no client has to resend an event that the server stored."""
    with own_process(settings) as (process, client):
        assert client.get("/api/health").status_code == 200
        with Senders(client) as senders:
            senders.wait_for(40)
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=PATIENCE)
    check_all_are_stored_once(senders.acknowledged, rows)
    assert len(rows()) == len(senders.acknowledged) >= 40


def test_environment_sets_database_and_model(settings: Settings, rows: Rows) -> None:
    with own_process(settings) as (_process, client):
        assert client.get("/api/model/latest").json()["version"] == "global-1"
        assert rows() == []
