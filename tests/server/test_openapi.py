"""Our OpenAPI description, and Schemathesis' search for answers that don't match it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import assume
from schemathesis.openapi import from_dict

from app.server.application import create_app
from app.server.settings import Settings
from sidflow_feedback.vocabulary import MAX_UPLOAD_EVENTS

from .conftest import METRICS, METRICS_TOKEN, module_settings, running

ENVIRONMENT = {"SIDFLOW_DATABASE_URL": "sqlite:///x", "SIDFLOW_METRICS_TOKEN": METRICS_TOKEN}
SCHEMA = from_dict(create_app(Settings.from_environment(ENVIRONMENT)).openapi())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with running(create_app(module_settings(tmp_path_factory.mktemp("openapi")))) as client:
        yield client


def test_routes() -> None:
    paths = SCHEMA.raw_schema["paths"]
    assert {f"{method} {path}" for path, methods in paths.items() for method in methods} == {
        "get /api/collection",
        "get /api/health",
        "get /api/model/latest",
        "get /api/tunes/similar",
        "post /api/feedback/sync",
        "get /metrics",
    }


def test_schema_is_served(server: httpx.Client) -> None:
    assert server.get("/api/openapi.json").json() == SCHEMA.raw_schema


def _has_too_many_events(body: Any) -> bool:
    """Return whether both lists together are too long, which JSON Schema can't express."""
    if not isinstance(body, dict):
        return False
    lists = [body.get(name) for name in ("ratings", "implicit")]
    return sum(len(found) for found in lists if isinstance(found, list)) > MAX_UPLOAD_EVENTS


def _names_one_file(query: Any) -> bool:
    """Return whether a request for similar songs names a file once, which OpenAPI can't express either."""
    return ("md5" in query) != ("path" in query)


@SCHEMA.parametrize()
def test_every_response_matches_the_schema(case: schemathesis.Case[Any], server: httpx.Client) -> None:
    assume(not _has_too_many_events(case.body))
    assume(case.path != "/api/tunes/similar" or _names_one_file(case.query or {}))
    case.call_and_validate(base_url=str(server.base_url), headers=METRICS)
