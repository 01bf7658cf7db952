import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from app.server.application import create_app
from app.server.settings import Settings

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
    """Serve in a process that can be killed, with the settings that come from the environment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        environment = os.environ | {
            "SIDFLOW_DATABASE_URL": settings.database_url,
            "SIDFLOW_MODEL_PATH": str(settings.model_path),
        }
        command = [sys.executable, "-m", "uvicorn", "--factory", "app.server.application:create_app"]
        command += ["--fd", str(listener.fileno()), "--log-level", "critical"]
        process = subprocess.Popen(command, env=environment, pass_fds=[listener.fileno()])
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        with httpx.Client(base_url=address, timeout=30) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()


def test_what_was_answered_survives_kill_9_under_load(settings: Settings, rows: Rows) -> None:
    acknowledged: set[str] = set()

    def send_until_the_end(client: httpx.Client) -> None:
        try:
            while True:
                answer = client.post(SYNC, json=batch(rating(), rating()))
                acknowledged.update(result["uuid"] for result in answer.json()["results"])
        except httpx.TransportError:
            pass

    with own_process(settings) as (process, client):
        senders = [threading.Thread(target=send_until_the_end, args=[client]) for _ in range(4)]
        assert client.get("/api/health").status_code == 200
        for sender in senders:
            sender.start()
        while len(acknowledged) < 40 and all(sender.is_alive() for sender in senders):
            time.sleep(0.01)
        process.kill()
        for sender in senders:
            sender.join()
    assert len(acknowledged) >= 40
    assert acknowledged <= {row["uuid"] for row in rows()}


def test_environment_names_database_and_model(settings: Settings, rows: Rows) -> None:
    with own_process(settings) as (_process, client):
        assert client.get("/api/model/latest").json()["version"] == "global-1"
        assert rows() == []
