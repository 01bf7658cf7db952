"""Who may use the local players, and who can't: however a request is dressed up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.server.application import create_app
from app.server.settings import Settings
from tests.patience import PATIENCE
from tests.served import serve as serve_by_script
from tests.server.conftest import connected, module_settings, running
from tests.server.ultimate_device import Device, ultimate

TOKEN = "the-token-of-this-test"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
STATE = "/api/player/u64"


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    with ultimate() as device:
        yield device


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, device: Device) -> Settings:
    host, _, port = device.address.partition(":")
    settings = module_settings(tmp_path_factory.mktemp("local"))
    return replace(settings, local_token=TOKEN, ultimate=(host, int(port)))


@pytest.fixture(scope="module")
def app(local: Settings) -> FastAPI:
    return create_app(local)


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[httpx.Client]:
    with running(app) as client:
        yield client


def status(app: FastAPI, client: str, host: str = "127.0.0.1", **headers: str) -> int:
    """Return the status of a request for the device's state, from this address and to this host."""

    async def ask() -> int:
        transport = httpx.ASGITransport(app, client=(client, 1234))
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as asking:
            return (await asking.get(STATE, headers=HEADERS | {"Host": host} | headers)).status_code

    return asyncio.run(ask())


def test_page_of_this_machine_with_the_token_may(app: FastAPI) -> None:
    hosts = ("127.0.0.1", "127.0.0.1:8064", "localhost:8064", "LOCALHOST", "[::1]", "[::1]:8064", "127.9.9.9")
    assert {status(app, "127.0.0.1", host) for host in hosts} == {200}
    assert {status(app, client) for client in ("::1", "::ffff:127.0.0.1", "127.0.0.5")} == {200}
    assert {status(app, "::1", **{"Sec-Fetch-Site": site}) for site in ("same-origin", "none")} == {200}


def test_nobody_may_unless_local_players_are_on(local: Settings) -> None:
    app = create_app(replace(local, local_token=None))
    for authorization in (HEADERS["Authorization"], "Bearer None", "Bearer ", "Bearer", ""):
        assert status(app, "127.0.0.1", Authorization=authorization) == 403


def test_wrong_token_is_refused(app: FastAPI) -> None:
    for authorization in ("", "Bearer", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN):
        assert status(app, "127.0.0.1", Authorization=authorization) == 403, authorization


def test_other_machine_is_refused(app: FastAPI) -> None:
    for client in ("192.168.1.5", "8.8.8.8", "::ffff:8.8.8.8", "fe80::1", "unknown", ""):
        assert status(app, client) == 403, client


def test_name_of_another_site_is_refused(app: FastAPI) -> None:
    names = ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "8064", "localhost.")
    for host in (*names, "192.168.1.5", "[::2]", "0.0.0.0", "2130706433"):
        assert status(app, "127.0.0.1", host) == 403, host


def test_page_of_another_site_is_refused(app: FastAPI) -> None:
    for site in ("cross-site", "same-site", "anything"):
        assert status(app, "127.0.0.1", **{"Sec-Fetch-Site": site}) == 403, site


@pytest.mark.parametrize("proxies", ["", "127.0.0.1"])
def test_request_through_a_proxy_is_refused(local: Settings, proxies: str) -> None:
    app = create_app(replace(local, trusted_proxies=proxies))
    forged = {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1", "X-Forwarded-Host": "localhost",
              "X-Real-IP": "127.0.0.1", "Via": "1.1 proxy"}  # fmt: skip
    for name, value in forged.items():
        assert status(app, "127.0.0.1", **{name: value}) == 403, name
        assert status(app, "127.0.0.1", **{name: ""}) == 403, name


def test_missing_or_broken_host_is_refused(client: httpx.Client) -> None:
    broken = ("", " ", "a b", "localhost:port", "localhost, evil.example", "user@localhost", "localhost/x",
              "[::1", "localhost:123456", "\x80")  # fmt: skip
    for hosts in ([], ["localhost", "localhost"], *([host] for host in broken)):
        for version in ("1.0", "1.1"):
            for path in (STATE, "/api/health"):
                request = [f"GET {path} HTTP/{version}", *(f"Host: {host}" for host in hosts)]
                assert raw(client, request) == 400, request


def raw(client: httpx.Client, request: list[str]) -> int:
    """Return the status of a request with these lines and the token."""
    lines = [*request, f"Authorization: {HEADERS['Authorization']}", "Connection: close"]
    with connected(client) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
        return int(connection.makefile("rb").readline().split()[1])


def test_no_request_chooses_whom_the_server_calls(client: httpx.Client, device: Device) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        for path in ("/api/player", STATE):
            client.get(path, params={"address": address, "host": address}, headers=HEADERS)
        assert client.put(f"{STATE}/pause", params={"address": address}, headers=HEADERS).status_code == 200
        other.settimeout(0)
        with suppress(BlockingIOError):
            other.accept()
            pytest.fail("the server called an address of the request")
    assert device.calls == ["PUT /v1/machine:pause"]


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_server_at_all_addresses_tells_ipv4_clients_apart(tmp_path: Path) -> None:
    options = ("--local-players", "--host", "::")
    with serve_by_script(tmp_path, *options, SIDFLOW_RATE_LIMIT="0.001", SIDFLOW_RATE_BURST="2") as served:
        url = f"http://127.0.0.1:{served.url.rpartition(':')[2]}"
        own = {"Authorization": f"Bearer {served.token}"}
        assert httpx.get(f"{url}/api/player/cli", headers=own, timeout=PATIENCE).status_code == 200
        for address in ("127.0.0.8", "127.0.0.9"):
            transport = httpx.HTTPTransport(local_address=address)
            with httpx.Client(transport=transport, base_url=url, timeout=PATIENCE) as client:
                assert [client.get("/api/model/latest").status_code for _ in range(3)] == [200, 200, 429]


def test_token_is_printed_and_never_logged(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with serve_by_script(tmp_path, "--local-players", SIDFLOW_LOG_LEVEL="debug") as served:
        assert len(served.token) >= 40
        headers = {"Authorization": f"Bearer {served.token}"}
        for path in ("/", "/api/player", "/api/player/cli", "/nothing"):
            httpx.get(served.url + path, headers=headers, timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {served.token}x"}
        assert httpx.get(served.url + "/api/player/cli", headers=headers, timeout=PATIENCE).status_code == 403
    logged = capfd.readouterr().err
    assert '"route": "/api/player/{name}"' in logged
    assert served.token not in logged
