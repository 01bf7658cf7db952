from dataclasses import replace

import httpx
import pytest

from app.server.application import create_app
from app.server.settings import Settings

from .conftest import METRICS, Serve
from .deltas import batch, rating
from .test_sync import change

SYNC = "/api/feedback/sync"


def samples(client: httpx.Client) -> dict[str, float]:
    """Return all samples, keyed by their text without the value."""
    answer = client.get("/metrics", headers=METRICS)
    assert answer.headers["content-type"].startswith("text/plain")
    lines = (line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_events_are_counted_by_result(client: httpx.Client) -> None:
    body = batch(rating(), rating(), {})
    client.post(SYNC, json=body)
    client.post(SYNC, json=body)
    found = samples(client)
    assert found['sidflow_events_total{result="accepted"}'] == 2
    assert found['sidflow_events_total{result="duplicate"}'] == 2
    assert found['sidflow_events_total{result="rejected"}'] == 2


def test_commits_are_counted_by_result(client: httpx.Client, database_url: str) -> None:
    client.post(SYNC, json=batch(rating()))
    change(database_url, "ALTER TABLE events RENAME TO hidden")
    client.post(SYNC, json=batch(rating()))
    found = samples(client)
    assert found['sidflow_commits_total{result="stored"}'] == 1
    assert found['sidflow_commits_total{result="failed"}'] == 1


def test_requests_are_counted(client: httpx.Client) -> None:
    client.post(SYNC, json=batch(rating()))
    client.post(SYNC, content=b"{", headers={"Content-Type": "application/json"})
    client.get("/api/model/latest")
    client.get("/")
    found = samples(client)
    assert found['sidflow_requests_total{method="GET",route="/",status="200"}'] == 1
    assert found[f'sidflow_requests_total{{method="POST",route="{SYNC}",status="200"}}'] == 1
    assert found[f'sidflow_requests_total{{method="POST",route="{SYNC}",status="400"}}'] == 1
    assert found[f'sidflow_request_seconds_count{{route="{SYNC}"}}'] == 2
    assert found["process_open_fds"] > 0


def test_client_input_creates_no_time_series(client: httpx.Client) -> None:
    for i in range(20):
        client.get(f"/nothing/{i}")
        client.get(f"/static/{i}.js")
    for method in ("PURGE", "MKCOL", "REPORT"):
        assert client.request(method, SYNC).status_code == 405
    series = [name for name in samples(client) if name.startswith("sidflow_requests_total")]
    assert len(series) == 2
    assert samples(client)['sidflow_requests_total{method="GET",route="none",status="404"}'] == 40


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer x", "Basic the-token-of-prometheus", "Bearer None"])
def test_metrics_need_their_token(client: httpx.Client, value: str) -> None:
    answer = client.get("/metrics", headers={"Authorization": value})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "wrong_token")


def test_without_a_token_there_are_no_metrics(serve: Serve, settings: Settings) -> None:
    client = serve(create_app(replace(settings, metrics_token=None)))
    for headers in ({}, METRICS, {"Authorization": "Bearer None"}):
        assert client.get("/metrics", headers=headers).status_code == 404
