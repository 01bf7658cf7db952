import json
from collections.abc import Iterator

import httpx
import pytest

from app.server.application import create_app
from tests.server.conftest import METRICS, module_settings, running


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = module_settings(tmp_path_factory.mktemp("files"))
    (settings.static / "js").mkdir()
    (settings.static / "js" / "service-worker.js").write_text("// worker")
    with running(create_app(settings, "/sidflow/")) as client:
        yield client


ADDRESSES = ["/", "/service-worker.js", "/static/js/service-worker.js", "/api/health", "/api/openapi.json"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_everything_is_below_the_path_and_at_the_server_itself(client: httpx.Client, address: str) -> None:
    below, direct = client.get(f"/sidflow{address}"), client.get(address)
    assert (below.status_code, direct.status_code) == (200, 200)
    assert below.content == direct.content


def test_page_without_its_slash_is_redirected(client: httpx.Client) -> None:
    answer = client.get("/sidflow")
    assert (answer.status_code, answer.headers["location"]) == (308, "/sidflow/")
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize("address", ["/sidflowers/api/health", "/sidflow/sidflow/api/health", "/other/"])
def test_other_paths_are_not_found(client: httpx.Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_routes_are_told_without_the_path(client: httpx.Client) -> None:
    client.get("/sidflow/api/health")
    assert 'route="/api/health"' in client.get("/sidflow/metrics", headers=METRICS).text


def test_schema_names_the_path(client: httpx.Client) -> None:
    assert json.loads(client.get("/sidflow/api/openapi.json").text)["servers"] == [{"url": "/sidflow"}]
