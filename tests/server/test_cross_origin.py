"""Pages of other sites: they share feedback with this server if it lists them, and reach nothing else."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from app.server.application import create_app
from app.server.errors import ConfigurationError
from app.server.settings import Settings
from tests.server.conftest import Serve
from tests.server.deltas import batch, rating

RADIO = "https://radio.example"
PREFLIGHT = {
    "Origin": RADIO,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type",
}


@pytest.fixture
def allowing(serve: Serve, settings: Settings) -> httpx.Client:
    return serve(create_app(replace(settings, allowed_origins=(RADIO,))))


def test_listed_origin_may_ask_for_the_model_and_share(allowing: httpx.Client) -> None:
    model = allowing.get("/api/model/latest", headers={"Origin": RADIO})
    assert model.headers["access-control-allow-origin"] == RADIO
    assert "ETag" in model.headers["access-control-expose-headers"]
    answer = allowing.options("/api/feedback/sync", headers=PREFLIGHT)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == RADIO
    assert "credentials" not in " ".join(answer.headers)


def test_listed_origin_may_share_below_a_path(serve: Serve, settings: Settings) -> None:
    client = serve(create_app(replace(settings, allowed_origins=(RADIO,)), "/sidflow/"))
    for path in ("/sidflow/api/feedback/sync", "/api/feedback/sync"):
        answer = client.options(path, headers=PREFLIGHT)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, RADIO)
        sent = client.post(path, json=batch(rating()), headers={"Origin": RADIO})
        assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (200, RADIO)
    answer = client.get("/sidflow/api/health", headers={"Origin": RADIO})
    assert "access-control-allow-origin" not in answer.headers


def test_other_origins_and_other_paths_stay_closed(allowing: httpx.Client) -> None:
    other = {**PREFLIGHT, "Origin": "https://other.example"}
    assert allowing.options("/api/feedback/sync", headers=other).status_code == 400
    for path in ("/", "/api/health", "/api/player/cli/play"):
        answer = allowing.get(path, headers={"Origin": RADIO})
        assert "access-control-allow-origin" not in answer.headers, path


def test_no_origin_is_allowed_unless_listed(client: httpx.Client) -> None:
    answer = client.get("/api/model/latest", headers={"Origin": RADIO})
    assert "access-control-allow-origin" not in answer.headers


def test_origins_come_from_the_environment() -> None:
    environment = {"SIDFLOW_ALLOWED_ORIGINS": f"{RADIO}, http://127.0.0.1:8000"}
    assert Settings.from_environment(environment).allowed_origins == (RADIO, "http://127.0.0.1:8000")


@pytest.mark.parametrize("text", ["radio.example", f"{RADIO}/music", "null"])
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="without a path"):
        Settings.from_environment({"SIDFLOW_ALLOWED_ORIGINS": text})
