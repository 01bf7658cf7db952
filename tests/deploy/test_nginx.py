"""The nginx configuration of ``deploy/nginx``, in front of the real server."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, sync_playwright

from app.server.headers import PAGE_HEADERS, SECURITY_HEADERS
from app.setup.chromium import chromium
from tests.browser.conftest import CHROMIUM_ARGS
from tests.deploy.nginx import BELOW_PATH, FILES, LOCATIONS, Proxy, nginx
from tests.e2e.listener import play, wait_for_engine
from tests.patience import PATIENCE, patient
from tests.served import Served, serve
from tests.server.deltas import batch, rating

BURST = 10
"""Requests that the server accepts from one client in these tests."""

MODEL, SYNC, HEALTH = "/api/model/latest", "/api/feedback/sync", "/api/health"
OWN_HEADERS = ("date", "server", "connection", "transfer-encoding", "strict-transport-security")
"""What nginx sets itself."""

Client = Callable[[str], httpx.Client]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    proxy, burst = "127.0.0.1", str(BURST)
    with serve(
        folder, SIDFLOW_TRUSTED_PROXIES=proxy, SIDFLOW_RATE_LIMIT="0.001", SIDFLOW_RATE_BURST=burst
    ) as served:
        yield served


@pytest.fixture(scope="module")
def proxy(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with nginx(tmp_path_factory.mktemp("nginx"), served.url.removeprefix("http://")) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def proxy_below_path(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder, server = tmp_path_factory.mktemp("below"), served.url.removeprefix("http://")
    with nginx(folder, server, locations=BELOW_PATH) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: Proxy) -> Iterator[Client]:
    """Make clients of the proxy with loopback addresses of their own."""
    with ExitStack() as stack:

        def make(address: str) -> httpx.Client:
            transport = httpx.HTTPTransport(verify=False, local_address=address)
            made = httpx.Client(transport=transport, base_url=proxy.https, timeout=PATIENCE)
            return stack.enter_context(made)

        yield make


def test_both_variants_have_the_same_rules() -> None:
    root, below = ((FILES / name).read_text().partition("location ") for name in (LOCATIONS, BELOW_PATH))
    at_root, below_path = "".join(root[1:]), "".join(below[1:])
    assert below_path == re.sub(r"^(location (?:~ \^|= )?)/", r"\1/sidflow/", at_root, flags=re.MULTILINE)


@pytest.mark.parametrize("coding", ["br", "gzip", "identity"])
def test_files_pass_unchanged_with_their_coding_and_headers(
    served: Served, client: Client, coding: str
) -> None:
    through = client("127.0.0.10")
    accepting = {"Accept-Encoding": coding}
    for address in ("/", "/static/css/page.css", "/static/vendor/sid/sid.wasm", HEALTH):
        direct = httpx.get(served.url + address, headers=accepting, timeout=PATIENCE)
        proxied = through.get(address, headers=accepting)
        assert (proxied.status_code, proxied.content) == (200, direct.content)
        assert _own(proxied) == _own(direct)
        expected = PAGE_HEADERS if address == "/" else SECURITY_HEADERS
        assert all(proxied.headers[name] == value for name, value in expected.items())
    wasm = through.get("/static/vendor/sid/sid.wasm", headers=accepting)
    assert wasm.headers.get("content-encoding", "identity") == coding
    known = {"If-None-Match": wasm.headers["etag"], **accepting}
    assert through.get("/static/vendor/sid/sid.wasm", headers=known).status_code == 304


def _own(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in OWN_HEADERS}


def test_server_knows_clients_by_their_addresses_and_believes_no_forged_one(client: Client) -> None:
    busy, other = client("127.0.0.20"), client("127.0.0.21")
    forged = [{"X-Forwarded-For": f"10.0.0.{i}", "Forwarded": f"for=10.0.1.{i}"} for i in range(BURST + 1)]
    statuses = [busy.get(MODEL, headers=headers).status_code for headers in forged]
    assert statuses == [200] * BURST + [429]
    assert other.get(MODEL).status_code == 200


def test_floods_end_at_the_proxy(client: Client) -> None:
    flood, other = client("127.0.0.30"), client("127.0.0.31")
    statuses = [flood.get(HEALTH).status_code for _ in range(501)]
    assert set(statuses) == {200}
    refused = flood.get(HEALTH)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert refused.json()["error"]["code"] == "too_many_requests"
    assert flood.get("/static/css/page.css").status_code == 200
    assert other.get(HEALTH).status_code == 200


def test_server_gives_the_reason_for_a_large_body_and_the_proxy_stops_a_huge_one(client: Client) -> None:
    sender = client("127.0.0.40")
    large = sender.post(SYNC, json=batch(*[rating(padding="x" * 2000) for _ in range(35)]))
    assert (large.status_code, large.json()["error"]["code"]) == (413, "body_too_large")
    huge = sender.post(SYNC, content=bytes(1024 * 1024), headers={"Content-Type": "application/json"})
    assert (huge.status_code, huge.headers["content-type"]) == (413, "text/html")
    assert sender.post(SYNC, json=batch(rating())).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "sidflow.example"])
@pytest.mark.parametrize("path", ["/api/player/u64", "/api/player/cli/stop", "/metrics"])
def test_local_players_and_metrics_are_out_of_reach(client: Client, path: str, host: str) -> None:
    outside = client("127.0.0.50")
    for method in ("GET", "POST", "PUT"):
        assert outside.request(method, path, headers={"Host": host}).status_code in (403, 404)
    available = outside.get("/api/player", headers={"Host": host, "X-Forwarded-For": "127.0.0.1"}).json()
    assert available["stream"] is None
    assert "only on the machine that runs the server" in available["cli"]


def test_plain_http_leads_to_https_except_for_the_proof_of_the_name(proxy: Proxy) -> None:
    (proxy.folder / "acme" / ".well-known" / "acme-challenge").mkdir(parents=True)
    (proxy.folder / "acme" / ".well-known" / "acme-challenge" / "token").write_text("proof")
    with httpx.Client(base_url=proxy.http, timeout=PATIENCE) as plain:
        moved = plain.get("/page?x=1", headers={"Host": "sidflow.example"})
        assert (moved.status_code, moved.headers["location"]) == (301, "https://sidflow.example/page?x=1")
        assert plain.get("/.well-known/acme-challenge/token").text == "proof"


def test_browsers_are_to_use_https_only(client: Client) -> None:
    assert "max-age" in client("127.0.0.60").get("/").headers["strict-transport-security"]


def test_no_address_is_logged_even_if_the_server_is_down(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    transport = httpx.HTTPTransport(verify=False, local_address="127.0.0.70")
    with nginx(tmp_path, f"127.0.0.1:{port}") as proxy, httpx.Client(transport=transport) as client:
        statuses = [client.get(proxy.https + path).status_code for path in ("/", HEALTH, "/api/player/cli")]
        assert statuses == [502, 502, 403]
        client.get(proxy.http)
        logged = proxy.logged()
    assert "127.0.0.70" not in logged


@pytest.mark.parametrize(("variant", "path"), [("proxy", "/"), ("proxy_below_path", "/sidflow/")])
def test_page_plays_and_learns_over_http2(variant: str, path: str, request: pytest.FixtureRequest) -> None:
    proxy: Proxy = request.getfixturevalue(variant)
    with sync_playwright() as playwright:
        arguments = [*CHROMIUM_ARGS, "--ignore-certificate-errors"]
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        page = patient(browser.new_context()).new_page()
        outside: list[str] = []
        page.on("request", lambda asked: _note_outside(outside, asked.url, proxy.https + path))
        page.goto(proxy.https + path.removesuffix("/"))
        _listen(page)
        assert page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
        assert page.evaluate("crossOriginIsolated")
        assert page.url.partition("#")[0] == proxy.https + path
        browser.close()
    assert outside == []


def _note_outside(outside: list[str], url: str, inside: str) -> None:
    if url.startswith("http") and not url.startswith(inside.removesuffix("/")):
        outside.append(url)


def _listen(page: Page) -> None:
    page.wait_for_selector("html[data-ui=ready]")
    play(page, 1)
    wait_for_engine(page)
