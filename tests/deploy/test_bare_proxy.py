"""Proxies with nginx's defaults, without our files: none opens what is for this machine only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.deploy.nginx import bare_nginx
from tests.patience import PATIENCE
from tests.served import Served, serve
from tests.server.ultimate_device import Device, ultimate

PLAIN = "proxy_pass http://SERVER;"
SET_UPS = {
    "plain": f"location / {{ {PLAIN} }}",
    "http 1.1": f"location / {{ {PLAIN} proxy_http_version 1.1; }}",
    "host": f"location / {{ {PLAIN} proxy_set_header Host $host; }}",
    "client's host": f"location / {{ {PLAIN} proxy_set_header Host $http_host; }}",
    "usual": f"location / {{ {PLAIN} proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr; "
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }",
    "below a path": f"location /sidflow/ {{ {PLAIN} }}",
}
FORGED: tuple[dict[str, str], ...] = (
    {},
    {"Host": "localhost"},
    {"Host": "127.0.0.1"},
    {"Host": "localhost", "X-Forwarded-For": "127.0.0.1"},
    {
        "X-Forwarded-For": "127.0.0.1, 127.0.0.1",
        "X-Real-IP": "::1",
        "Forwarded": "for=127.0.0.1",
    },
    {"X-Forwarded-Host": "localhost", "Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"},
    {"Authorization": "Bearer x"},
    {"Authorization": "Bearer None"},
)
CALLS = (
    ("GET", "/api/player/cli"),
    ("POST", "/api/player/cli?song=1"),
    ("PUT", "/api/player/cli/stop"),
    ("GET", "/api/player/u64?address={address}"),
    ("POST", "/api/player/u64?song=1&address={address}"),
    ("PUT", "/api/player/u64/stop?address={address}"),
)
BURST = 30


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    with ultimate() as device:
        yield device


@pytest.fixture(scope="module", params=["off", "on", "on and proxy trusted"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, device: Device
) -> Iterator[Served]:
    """A server with its defaults, with local players, and with those and a configured proxy."""
    options = () if request.param == "off" else ("--local-players", "--ultimate", device.address)
    proxies = "127.0.0.1" if "trusted" in request.param else ""
    folder = tmp_path_factory.mktemp("served")
    below = ("--root-path", "/sidflow/")
    with serve(
        folder, *below, *options, SIDFLOW_TRUSTED_PROXIES=proxies, SIDFLOW_METRICS_TOKEN="a-token"
    ) as served:
        yield served


@pytest.mark.parametrize("set_up", SET_UPS)
def test_no_set_up_opens_the_local_players(
    served: Served, device: Device, set_up: str, tmp_path: Path
) -> None:
    path = "/sidflow" if set_up == "below a path" else ""
    locations = SET_UPS[set_up].replace("SERVER", served.url.removeprefix("http://"))
    with bare_nginx(tmp_path, locations) as url, httpx.Client(base_url=url, timeout=PATIENCE) as client:
        for headers in FORGED:
            for method, call in CALLS:
                address = path + call.format(address=device.address)
                answer = client.request(method, address, headers=headers | {"Content-Type": "audio/prs.sid"})
                assert answer.status_code == 403, (headers, call)
            players = client.get(f"{path}/api/player?address={device.address}", headers=headers).json()
            assert players["stream"] is None
            assert client.get(f"{path}/metrics", headers=headers).status_code == 403
            assert all("only on the machine that runs the server" in players[name] for name in ("cli", "u64"))
    assert device.calls == []


def test_forged_addresses_evade_no_rate_limit(tmp_path: Path) -> None:
    with serve(tmp_path, SIDFLOW_RATE_LIMIT="0.001", SIDFLOW_RATE_BURST=str(BURST)) as served:
        (tmp_path / "nginx").mkdir()
        locations = SET_UPS["plain"].replace("SERVER", served.url.removeprefix("http://"))
        with bare_nginx(tmp_path / "nginx", locations) as url, httpx.Client(timeout=PATIENCE) as client:
            forged = [{"X-Forwarded-For": f"10.0.0.{i}"} for i in range(BURST + 1)]
            found = [client.get(f"{url}/api/model/latest", headers=headers).status_code for headers in forged]
    assert found == [200] * BURST + [429]
